package executor

import (
	"path"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/executor/wandb"
)

// withWandb adds to env what a program that logs to W&B needs, unless the spec leaves it alone.
func (t *attempt) withWandb(env []string) []string {
	o := &t.order
	if o.NoWandb {
		return env
	}
	a := wandb.Attempt{Sweep: o.Sweep, Trial: o.Trial, Attempt: o.Attempt, Folder: t.dir,
		Hook: t.host.wandb.install(t.host.conf, t.host.sandbox),
		Spec: t.specVariables(), Keeps: t.keepsWandb()}
	return wandb.Environment(env, a)
}

// keepsWandb is how many bytes of artifacts the attempt may leave, 0 where no file below wandb/ is one of them.
func (t *attempt) keepsWandb() int64 {
	d := t.order.Deliver
	if d == nil { // all stays where it is
		return defaultArtifacts
	}
	wanted := !d.NoArtifacts && len(d.Artifacts) == 0
	for _, p := range d.Artifacts {
		first, _, _ := strings.Cut(p, "/")
		ok, _ := path.Match(first, "wandb")
		wanted = wanted || ok && !d.NoArtifacts
	}
	switch {
	case !wanted:
		return 0
	case d.Bytes > 0:
		return d.Bytes
	}
	return defaultArtifacts
}
