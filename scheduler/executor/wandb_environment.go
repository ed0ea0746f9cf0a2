package executor

import (
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/executor/wandb"
)

// withWandb adds to env what a program that logs to W&B needs, unless the spec leaves it alone.
func (t *attempt) withWandb(env []string) []string {
	o := &t.order
	if o.NoWandb {
		return env
	}
	a := wandb.Attempt{Sweep: o.Sweep, Trial: o.Trial, Attempt: o.Attempt, Folder: t.dir, Hook: t.host.wandb.install(t.host.conf, t.host.sandbox)}
	for _, pair := range o.Env {
		name, _, _ := strings.Cut(pair, "=")
		a.Spec = append(a.Spec, name)
	}
	for name := range t.private {
		a.Spec = append(a.Spec, name)
	}
	return wandb.Environment(env, a)
}
