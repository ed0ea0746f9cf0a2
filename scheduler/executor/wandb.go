package executor

import (
	"path/filepath"
	"strings"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/executor/wandb"
)

// wandbHook is the folder with which Python programs find W&B's hook, one for all attempts.
type wandbHook struct {
	once   sync.Once
	folder string // empty: it could not be written
}

// install writes the hook for the first attempt that wants it. A trial that does not log to W&B is not to fail because
// of it, and of one that does its missing metrics tell.
func (w *wandbHook) install(h *host) string {
	w.once.Do(func() {
		if err := wandb.Install(h.sandbox); err != nil {
			h.conf.Log.Warn("metrics logged to W&B will not be read", "error", err)
			return
		}
		w.folder = filepath.Join(h.conf.Sandbox, wandb.Folder)
	})
	return w.folder
}

// withWandb adds to env what a program that logs to W&B needs, unless the spec leaves it alone.
func (t *attempt) withWandb(env []string) []string {
	o := &t.order
	if o.NoWandb {
		return env
	}
	a := wandb.Attempt{Sweep: o.Sweep, Trial: o.Trial, Attempt: o.Attempt, Folder: t.dir, Hook: t.host.wandb.install(t.host)}
	for _, pair := range o.Env {
		name, _, _ := strings.Cut(pair, "=")
		a.Spec = append(a.Spec, name)
	}
	for name := range t.private {
		a.Spec = append(a.Spec, name)
	}
	return wandb.Environment(env, a)
}
