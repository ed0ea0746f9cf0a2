package containerizer

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
)

// removePatience is for how long containers that nobody asks about are removed before the engine is used.
const removePatience = time.Minute

// Engine is this machine's Docker engine and the agents that share it. It is found when the first container
// needs it, and what a crash left behind is removed then.
type Engine struct {
	ctx context.Context
	log *slog.Logger

	opening singleflight.Group
	mu      struct {
		sync.Mutex
		found *docker.Engine                    // nil: not looked for, or not found
		known map[string]func(name string) bool // by an agent's folder: whether it knows a container
	}
}

// NewEngine returns an engine that is not looked for yet.
func NewEngine(ctx context.Context, log *slog.Logger) *Engine {
	e := &Engine{ctx: ctx, log: log}
	e.mu.known = map[string]func(string) bool{}
	return e
}

// Close ends the connection to the engine, if there is one. Containers run on.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.found != nil {
		_ = e.mu.found.Close()
	}
}

// add tells of an agent on this engine, and which containers it knows.
func (e *Engine) add(folder string, knows func(name string) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.known[folder] = knows
}

// open finds the engine. One that hangs is given up after some seconds, by all that want it at the time; it may be
// asked again.
func (e *Engine) open() (*docker.Engine, error) {
	if found := e.found(); found != nil {
		return found, nil
	}
	found, err, _ := e.opening.Do("", func() (any, error) {
		if found := e.found(); found != nil {
			return found, nil
		}
		found, err := docker.Open(e.ctx)
		if err != nil {
			return nil, err
		}
		if err := e.removeAbandoned(found); err != nil {
			e.log.Warn("containers of former lives not cleared away", "err", err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.mu.found = found
		return found, nil
	})
	if err != nil {
		return nil, err
	}
	return found.(*docker.Engine), nil
}

func (e *Engine) found() *docker.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mu.found
}

// knower is what tells which containers the agent of a folder knows; nil: it is none of ours.
func (e *Engine) knower(folder string) func(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mu.known[folder]
}
