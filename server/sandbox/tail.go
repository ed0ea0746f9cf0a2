package sandbox

import (
	"context"
	"errors"
	"io"
	"io/fs"
)

// Tail prints a stream that the executor keeps in pieces: the file itself up to its bound, then .tail, which becomes
// .tail.1 when it is full. It prints each byte once; what was rotated away between two looks is lost.
type Tail struct {
	From   Reader
	Stream string // stdout or stderr
	piece  string // "" or ".tail"
	offset int64  // in the piece
}

// Copy prints what is new.
func (t *Tail) Copy(ctx context.Context, w io.Writer) error {
	if t.piece == "" {
		if err := t.drain(ctx, w, ""); err != nil {
			return err
		}
		if _, err := t.From.Read(ctx, t.Stream+".tail", 0); errors.Is(err, fs.ErrNotExist) {
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
func (t *Tail) rotated(ctx context.Context) bool {
	if t.offset == 0 {
		return false
	}
	data, err := t.From.Read(ctx, t.Stream+".tail", t.offset-1)
	return err != nil || len(data) == 0
}

func (t *Tail) drain(ctx context.Context, w io.Writer, piece string) error {
	for {
		data, err := t.From.Read(ctx, t.Stream+piece, t.offset)
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
