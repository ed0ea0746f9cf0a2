package containerizer

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
)

// Engine is this machine's Docker engine and the agents that share it. It is found when the first container needs it, and what
// a crash left behind is removed then.
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

// removeAbandoned removes the containers that nobody will ask about again: those of our own agents that no record
// speaks of, and those of agents whose folder is gone; of agents that nobody runs at the moment, those that have ended.
// The others may be taken over when their cluster is started again, and end by themselves if it never is.
func (e *Engine) removeAbandoned(engine *docker.Engine) error {
	list, err := engine.List(e.ctx, labelFolder)
	if err != nil {
		return err
	}
	for _, f := range list {
		folder := f.Labels[labelFolder]
		if a := e.mu.agents[folder]; a != nil {
			if a.knows(f.Name) {
				continue
			}
		} else if !abandoned(folder, f.Running) {
			continue
		}
		e.log.Info("clearing away a container of a former life", "container", f.Name, "folder", folder)
		err = errors.Join(err, engine.Remove(e.ctx, f.Name))
	}
	return err
}

// knows says whether a container of the engine is one that the agent runs or has taken over.
func (a *Agent) knows(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range a.mu.running {
		if dockerName(id) == name {
			return true
		}
	}
	return false
}

// abandoned says whether nobody will want a container of an agent's folder back.
func abandoned(folder string, running bool) bool {
	f, err := os.Open(filepath.Join(folder, "meta", "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil || running {
		return false
	}
	defer f.Close() // which unlocks it
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
}
