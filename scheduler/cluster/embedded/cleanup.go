package embedded

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
)

// docker is this machine's engine, found when the first container needs it. What a crash left behind is cleared
// away then.
func (s *Server) docker() (*docker.Engine, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	if s.engine.found != nil {
		return s.engine.found, nil
	}
	found, err := docker.Open(s.ctx)
	if err != nil {
		return nil, err
	}
	s.engine.found = found
	if err := s.clearLeftovers(found); err != nil {
		s.log.Warn("containers of former lives not cleared away", "err", err)
	}
	return found, nil
}

// clearLeftovers takes away the containers that nobody will ask about again: those of our own agents that no record
// speaks of, and those of agents whose folder is gone; of agents that nobody runs at the moment, those that have ended.
// The others may be taken over when their cluster is started again, and end by themselves if it never is.
func (s *Server) clearLeftovers(engine *docker.Engine) error {
	list, err := engine.List(s.ctx, labelFolder)
	if err != nil {
		return err
	}
	ours := map[string]*localAgent{}
	for _, a := range s.agents {
		ours[a.dir] = a
	}
	for _, f := range list {
		folder := f.Labels[labelFolder]
		if a := ours[folder]; a != nil {
			if a.knows(f.Name) {
				continue
			}
		} else if !abandoned(folder, f.Running) {
			continue
		}
		s.log.Info("clearing away a container of a former life", "container", f.Name, "folder", folder)
		err = errors.Join(err, engine.Remove(s.ctx, f.Name))
	}
	return err
}

// knows says whether a container of the engine is one that the agent runs or has taken over.
func (a *localAgent) knows(name string) bool {
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
