package archive

import (
	"context"
	"io"
)

// ContextReader is src until ctx ends; then it fails with ctx's error.
func ContextReader(ctx context.Context, src io.Reader) io.Reader { return contextReader{ctx, src} }

type contextReader struct {
	ctx context.Context
	src io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.src.Read(p)
}
