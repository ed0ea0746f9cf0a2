package containerizer

import (
	"context"
	"log/slog"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
)

// Engine is this machine's Docker engine and the agents that share it. It is found when the first container
// needs it, and what a crash left behind is removed then.
type Engine struct {
	ctx context.Context
	log *slog.Logger

	mu struct {
		sync.Mutex
		found  *docker.Engine    // nil: not looked for, or not found
		agents map[string]*Agent // by folder
	}
}

// NewEngine returns an engine that is not looked for yet.
func NewEngine(ctx context.Context, log *slog.Logger) *Engine {
	e := &Engine{ctx: ctx, log: log}
	e.mu.agents = map[string]*Agent{}
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

func (e *Engine) add(a *Agent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.agents[a.folder.path] = a
}

func (e *Engine) open() (*docker.Engine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.found != nil {
		return e.mu.found, nil
	}
	found, err := docker.Open(e.ctx)
	if err != nil {
		return nil, err
	}
	e.mu.found = found
	if err := e.removeAbandoned(found); err != nil {
		e.log.Warn("containers of former lives not cleared away", "err", err)
	}
	return found, nil
}
