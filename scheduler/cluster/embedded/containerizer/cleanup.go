package containerizer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
)

// removeAbandoned removes the Docker containers that nobody will ask about again: those of our own agents
// without a record, those of agents whose folder is gone, and the ended ones of agents that do not run at the
// moment. Others may be taken over when their cluster is started again, and end by themselves if it never is.
func (e *Engine) removeAbandoned(engine *docker.Engine) error {
	ctx, cancel := context.WithTimeout(e.ctx, removePatience)
	defer cancel()
	list, err := engine.List(ctx, labelFolder)
	if err != nil {
		return err
	}
	for _, f := range list {
		folder := f.Labels[labelFolder]
		if knows := e.knower(folder); knows != nil {
			if knows(f.Name) {
				continue
			}
		} else if !abandoned(folder, f.Running) {
			continue
		}
		e.log.Info("clearing away a container of a former life", "container", f.Name, "folder", folder)
		err = errors.Join(err, engine.Remove(ctx, f.Name))
	}
	return err
}

// abandoned tells whether nobody will take a container of an agent's folder over.
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
