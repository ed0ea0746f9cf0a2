package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/singleflight"
)

// ErrNoEngine says that no Docker engine answers on this machine.
var ErrNoEngine = errors.New("no Docker engine answers")

// Engine is this machine's Docker engine.
type Engine struct {
	client *client.Client
	pulls  singleflight.Group // of images, by name: many containers that begin at once pull once
}

// patience is for how long an engine is waited for that is to answer at once: one may take connections and hang.
const patience = 10 * time.Second

// Open finds the engine at DOCKER_HOST or the usual socket and agrees with it on a version of the API, within ten
// seconds. Its error is ErrNoEngine with what was tried.
func Open(ctx context.Context) (*Engine, error) {
	c, err := client.New(client.FromEnv, client.WithUserAgent("kaon"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		_ = c.Close() // the ping's error says more
		return nil, fmt.Errorf("%w at %s: %w: start one (dockerd), or set DOCKER_HOST", ErrNoEngine, c.DaemonHost(),
			err)
	}
	return &Engine{client: c}, nil
}

// Close gives the connections back.
func (e *Engine) Close() error { return e.client.Close() }
