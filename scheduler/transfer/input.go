package transfer

import (
	"context"
	"sync"
	"time"
)

// Remote is an input of another server.
type Remote interface {
	// Sign gives an address at which anybody may GET it for the given time.
	Sign(ctx context.Context, valid time.Duration) (address string, err error)
	// Size is how many bytes it has; negative: it cannot be told from here, and whoever is sent there may
	// fare better.
	Size(ctx context.Context) (int64, error)
}

// input is a remote one, with its size as of a moment ago: a thousand agents ask at the same time.
type input struct {
	Remote
	mu struct {
		sync.Mutex
		size  int64
		err   error
		until time.Time
	}
}

const (
	// sizeKept is how long an answer is believed: an agent asks for the size, and then for the content.
	sizeKept = 10 * time.Second
	sizeWait = 20 * time.Second // for it
)

// size asks for all who want to know, whether or not the one that asked first still does.
func (i *input) size(ctx context.Context) (int64, error) {
	i.mu.Lock()
	defer i.mu.Unlock() // who asks meanwhile waits for the answer
	if time.Now().After(i.mu.until) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sizeWait)
		defer cancel()
		i.mu.size, i.mu.err = i.Size(ctx)
		i.mu.until = time.Now().Add(sizeKept)
	}
	return i.mu.size, i.mu.err
}
