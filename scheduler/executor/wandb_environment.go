package executor

import "github.com/kaon-sweep/kaon/scheduler/executor/wandb"

// withWandb adds to env what a program that logs to W&B needs, unless the spec leaves it alone.
func (t *attempt) withWandb(env []string) []string {
	o := &t.order
	if o.NoWandb {
		return env
	}
	a := wandb.Attempt{Sweep: o.Sweep, Trial: o.Trial, Attempt: o.Attempt, Folder: t.dir,
		Hook: t.host.wandb.install(t.host.conf, t.host.sandbox),
		Spec: t.specVariables()}
	return wandb.Environment(env, a)
}
