package executor

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/klauspost/compress/zstd"

	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// deliverLog uploads one stream, as far as it was kept, under zstd.
func (t *attempt) deliverLog(ctx context.Context, name string) error {
	packed := "." + name + ".zst"
	written, err := t.packLog(ctx, packed, name)
	if written {
		defer func() { _ = t.files.Load().Remove(packed) }()
	}
	if err != nil || !written {
		return err
	}
	_, err = t.upload(ctx, transfer.Logs, name+".zst", packed)
	return err
}

// packLog joins a stream's pieces; not written when the trial said nothing.
func (t *attempt) packLog(ctx context.Context, to, stream string) (written bool, err error) {
	files := t.files.Load()
	if _, err := files.Stat(stream); err != nil {
		return false, nil
	}
	f, err := files.Create(to, 0o600)
	if err != nil {
		return false, err
	}
	z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(1<<20))
	if err != nil {
		f.Close()
		return true, err
	}
	err = t.copyLog(ctx, z, stream)
	return true, errors.Join(err, z.Close(), f.Close())
}

// copyLog writes what headTail kept of a stream; if the trial put something else there, no more than that
// would have.
func (t *attempt) copyLog(ctx context.Context, w io.Writer, stream string) error {
	for _, piece := range []string{"", ".tail.1", ".tail"} {
		f, err := t.files.Load().Open(stream + piece)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if piece == ".tail.1" {
			_, err = io.WriteString(w, "\n[kaon: some of the output may be missing here]\n")
		}
		if err == nil {
			most := max(t.host.conf.HeadBytes, t.host.conf.TailBytes)
			_, err = io.Copy(w, io.LimitReader(archive.ContextReader(ctx, f), most))
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
