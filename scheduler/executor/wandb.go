package executor

import (
	"path/filepath"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/executor/wandb"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// wandbHook is the folder with which Python programs find W&B's hook, one for all attempts.
type wandbHook struct {
	once   sync.Once
	folder string // empty: it could not be written
}

// install writes the hook for the first attempt that wants it. A trial that does not log to W&B is not to fail because
// of it, and of one that does its missing metrics tell.
func (w *wandbHook) install(conf *Config, sandbox *safefile.Dir) string {
	w.once.Do(func() {
		if err := wandb.Install(sandbox); err != nil {
			conf.Log.Warn("metrics logged to W&B will not be read", "error", err)
			return
		}
		w.folder = filepath.Join(conf.Sandbox, wandb.Folder)
	})
	return w.folder
}
