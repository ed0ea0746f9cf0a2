package archive

import (
	"context"
	"io"
)

// Reader ends a copy when ctx does.
func Reader(ctx context.Context, src io.Reader) io.Reader { return reader{ctx, src} }

type reader struct {
	ctx context.Context
	src io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.src.Read(p)
}
