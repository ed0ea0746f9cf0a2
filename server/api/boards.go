package api

import (
	"context"
	"log/slog"
	"sync"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
)

// keptBoards is how many boards of sweeps that have ended are kept, besides those that the server has.
const keptBoards = 8

// boards are the boards of all sweeps: of the server's those that it keeps up to date, of others those that their
// records make.
type boards struct {
	server  *server.Server
	catalog *catalog
	bucket  bucket.Bucket
	log     *slog.Logger

	mu   sync.Mutex
	read map[string]*readBoard
	used []string // ids of read, the one used last at the end
}

type readBoard struct {
	mu       sync.Mutex // a board is for one goroutine
	finished string     // sweep.json's when it was read
	board    *board.Board
}

func newBoards(s *server.Server, known *catalog, log *slog.Logger) *boards {
	return &boards{server: s, catalog: known, bucket: known.bucket, log: log, read: map[string]*readBoard{}}
}

// view lets f read the board of a sweep. While it does, a sweep of the server stands still.
func (b *boards) view(ctx context.Context, id string, f func(*board.Board)) error {
	if sw, here := b.server.Sweep(id); here {
		sw.View(f)
		return nil
	}
	s, err := b.catalog.get(ctx, id)
	if err != nil {
		return err
	}
	one := b.entry(id)
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.board == nil || one.finished == "" || one.finished != s.Finished {
		all, damage, err := store.LoadSweep(ctx, b.bucket, s.Sweep)
		if err != nil {
			return err
		}
		if len(damage) > 0 {
			b.log.Warn("records are damaged", "sweep", id, "object", damage[0].Object, "err", damage[0].Err)
		}
		if s.Finished == "" {
			all.Idle()
		}
		one.board, one.finished = all, s.Finished
	}
	f(one.board)
	return nil
}

// entry is the place of a board, made when there is none. The least used of too many is given up.
func (b *boards) entry(id string) *readBoard {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.read[id]
	if one == nil {
		one = new(readBoard)
		b.read[id] = one
	}
	b.drop(id)
	b.used = append(b.used, id)
	if len(b.used) > keptBoards {
		delete(b.read, b.used[0])
		b.used = b.used[1:]
	}
	return one
}

// drop takes an id out of those used; with mu held.
func (b *boards) drop(id string) {
	for i, one := range b.used {
		if one == id {
			b.used = append(b.used[:i:i], b.used[i+1:]...)
			return
		}
	}
}

func (b *boards) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.read, id)
	b.drop(id)
}
