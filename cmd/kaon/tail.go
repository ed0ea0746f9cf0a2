package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// sandboxReader reads files of an attempt's folder; *mesos.Sandbox is one.
type sandboxReader interface {
	// Read gives what follows an offset, not necessarily all of it, and nothing at the end. The error wraps fs.ErrNotExist
	// when there is no such file.
	Read(ctx context.Context, name string, offset int64) ([]byte, error)
}

// localFiles reads a folder of this machine that a trial could write to. It is looked up for each file: what an attempt
// left empty is another's when it has ended.
type localFiles struct {
	above *safefile.Dir
	name  string
}

// openLocal opens an attempt's folder. What a trial may have changed of its path leads nowhere else: no link is followed below
// the state folder, or, when it lies elsewhere, below the folder that it lies in.
func openLocal(state, folder string) (localFiles, error) {
	base, name := filepath.Dir(folder), filepath.Base(folder)
	if abs, err := filepath.Abs(state); err == nil {
		if rel, err := filepath.Rel(abs, folder); err == nil && filepath.IsLocal(rel) {
			base, name = abs, rel
		}
	}
	above, err := safefile.OpenDir(base)
	if err != nil {
		return localFiles{}, err
	}
	dir, err := above.Dir(name)
	if err != nil {
		above.Close()
		return localFiles{}, err
	}
	return localFiles{above, name}, dir.Close()
}

const localChunk = 256 << 10

func (l localFiles) Read(_ context.Context, name string, offset int64) ([]byte, error) {
	f, err := l.above.Open(filepath.Join(l.name, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, localChunk)
	n, err := f.ReadAt(data, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n], err
}

// tail prints a stream that the executor keeps in pieces: the file itself up to its bound, then .tail, which becomes
// .tail.1 when it is full. It prints each byte once; what was rotated away between two looks is lost.
type tail struct {
	from   sandboxReader
	stream string
	piece  string // "" or ".tail"
	offset int64  // in the piece
}

// copy prints what is new.
func (t *tail) copy(ctx context.Context, w io.Writer) error {
	if t.piece == "" {
		if err := t.drain(ctx, w, ""); err != nil {
			return err
		}
		if _, err := t.from.Read(ctx, t.stream+".tail", 0); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err := t.drain(ctx, w, ""); err != nil { // what came before the turn
			return err
		}
		t.piece, t.offset = ".tail", 0
		if err := t.drain(ctx, w, ".tail.1"); err != nil {
			return err
		}
		t.offset = 0
	}
	if t.rotated(ctx) {
		if err := t.drain(ctx, w, ".tail.1"); err != nil {
			return err
		}
		t.offset = 0
	}
	return t.drain(ctx, w, ".tail")
}

// rotated reports whether the tail is a new one: it is shorter than what was printed of it.
func (t *tail) rotated(ctx context.Context) bool {
	if t.offset == 0 {
		return false
	}
	data, err := t.from.Read(ctx, t.stream+".tail", t.offset-1)
	return err != nil || len(data) == 0
}

func (t *tail) drain(ctx context.Context, w io.Writer, piece string) error {
	for {
		data, err := t.from.Read(ctx, t.stream+piece, t.offset)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a trial that wrote nothing has no file
		}
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return nil
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
		t.offset += int64(len(data))
	}
}
