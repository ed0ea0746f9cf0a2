package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// cache fetches what attempts share, each thing once, into a folder of the sandbox, which goes with it.
type cache struct {
	sandbox *safefile.Dir // trials may write there: what is in it is opened, not named by a path
	folder  string        // of the cache, for messages and for trials
	client  *transfer.Client
	answer  time.Duration // that a file of this machine may take to answer
	log     *slog.Logger

	mu struct {
		sync.Mutex
		prefetched map[string]bool // by the agent, before this process began, and not looked at yet
		items      map[string]*cacheEntry
		secrets    map[string]map[string]string // by URL
	}
}

// cacheEntry is one fetched thing.
type cacheEntry struct {
	ready chan struct{} // closed when path and err are set
	path  string
	err   error
}

func newCache(sandbox *safefile.Dir, client *transfer.Client, answer time.Duration, log *slog.Logger) *cache {
	folder := filepath.Join(sandbox.Path(), task.Store)
	s := &cache{sandbox: sandbox, folder: folder, client: client, answer: answer, log: log}
	s.mu.prefetched = prefetched(folder)
	s.mu.items = map[string]*cacheEntry{}
	s.mu.secrets = map[string]map[string]string{}
	return s
}

// get is where a source's file, or the folder it was unpacked to, lies. It waits for whoever fetches it
// already.
func (s *cache) get(ctx context.Context, src task.Source, limits archive.Limits) (string, error) {
	id := src.ID()
	for {
		s.mu.Lock()
		it := s.mu.items[id]
		first := it == nil
		if first {
			it = &cacheEntry{ready: make(chan struct{})}
			s.mu.items[id] = it
		}
		s.mu.Unlock()
		if first {
			it.path, it.err = s.fetch(ctx, id, src, limits)
			if it.err != nil { // the next attempt may fare better
				s.mu.Lock()
				delete(s.mu.items, id)
				s.mu.Unlock()
			}
			close(it.ready)
			return it.path, it.err
		}
		select {
		case <-it.ready:
		case <-ctx.Done():
			return "", ctx.Err()
		}
		if !errors.Is(it.err, context.Canceled) { // else the attempt that fetched was killed
			return it.path, it.err
		}
	}
}

// fetch gets a source into a folder of its own.
func (s *cache) fetch(
	ctx context.Context, id string, src task.Source, limits archive.Limits,
) (string, error) {
	if path, ok := s.adoptPrefetched(ctx, id, src, limits); ok {
		return path, nil
	}
	name := filepath.Join(task.Store, id)
	err := s.sandbox.RemoveAll(name) // what an earlier try left
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = s.sandbox.MkdirAll(name, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", src.Name, err)
	}
	return s.within(id, func(folder string) (string, error) {
		file, err := s.download(ctx, folder, src)
		if err != nil {
			return "", fmt.Errorf("fetch %s: %w", src.Name, err)
		}
		return resolveArchive(ctx, file, folder, src, limits)
	})
}

// download gives the path of a source's file: where it lies already, or where it was downloaded to.
func (s *cache) download(ctx context.Context, folder string, src task.Source) (string, error) {
	u, err := url.Parse(src.URL)
	if err != nil {
		return "", errors.New("its address cannot be read")
	}
	if u.Scheme == "file" {
		return u.Path, checkAnswering(ctx, u.Path, src.SHA256, s.answer)
	}
	file := filepath.Join(folder, src.File())
	return file, s.client.Download(ctx, src.URL, file, src.SHA256)
}

// secrets are the variables behind a URL. They are held in memory and nowhere else.
func (s *cache) secrets(ctx context.Context, address string) (map[string]string, error) {
	s.mu.Lock()
	known := s.mu.secrets[address]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	values, err := s.client.FetchSecrets(ctx, address) // two at once do no harm
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.secrets[address] = values
	return values, nil
}

// within calls f with a path of a thing's folder that leads there whatever trials do meanwhile, and gives the
// path that it answers as trials know it.
func (s *cache) within(id string, f func(folder string) (string, error)) (out string, err error) {
	dir, err := s.sandbox.Dir(filepath.Join(task.Store, id))
	if err != nil {
		return "", err
	}
	defer dir.Close()
	err = dir.At(func(folder string) error {
		path, err := f(folder)
		if below, ok := strings.CutPrefix(path, folder+"/"); ok {
			path = filepath.Join(s.folder, id, below)
		}
		out = path
		return err
	})
	return out, err
}
