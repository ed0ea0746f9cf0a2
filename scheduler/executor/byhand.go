package executor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// Prepared is an attempt that somebody runs by hand: all that an executor does before it starts the process
// has been done.
type Prepared struct {
	Argv    []string
	Dir     string            // where it starts
	Env     []string          // its whole environment
	Private map[string]string // the secrets in it
	Folder  string            // of the attempt: its files, inputs, artifacts
	User    string            // user[:group] in an image; empty: nothing is said
	Store   string            // folder that inputs are links into
}

// Prepare makes an attempt ready in a new folder below sandbox: code, inputs, files and environment as its
// executor would have given it. environ is what trials start from. It starts nothing.
func Prepare(ctx context.Context, order task.Order, sandbox string, environ []string) (Prepared, error) {
	dir, err := safefile.OpenDir(sandbox)
	if err != nil {
		return Prepared{}, fmt.Errorf("open the attempt's folder: %w", err)
	}
	defer dir.Close()
	const patience = time.Minute // somebody waits for it
	conf := &Config{Sandbox: sandbox, Environ: trialBase(environ), Answer: patience, Log: slog.New(slog.DiscardHandler)}
	files := newCache(dir, &transfer.Client{Patience: patience}, conf.Answer, conf.Log)
	const id = "attempt"
	t := &attempt{id: id, dir: filepath.Join(sandbox, id), order: order, ctx: ctx,
		host: &host{conf: conf, sandbox: dir, cache: files, spares: &spares{sandbox: dir}, wandb: &wandbHook{}}}
	if err := t.prepare(); err != nil {
		return Prepared{}, err
	}
	defer t.files.Load().Close()
	if err := t.stageIn(); err != nil {
		return Prepared{}, err
	}
	env, err := t.environment(nil)
	if err != nil {
		return Prepared{}, err
	}
	p := Prepared{Dir: t.folder(), Env: env, Private: t.private, Folder: t.dir, User: order.User,
		Store: filepath.Join(sandbox, task.Store)}
	for _, a := range order.Argv {
		p.Argv = append(p.Argv, expandFolder(a, t.dir))
	}
	if order.Shell != "" {
		p.Argv = []string{"/bin/sh", "-c", expandFolder(order.Shell, t.dir)}
	}
	if order.Inside {
		return p, nil // where it starts is the image's business; "." is where the image says
	}
	if _, err := os.Stat(p.Dir); err != nil {
		return Prepared{}, fmt.Errorf("find the folder that it starts in: %w", err)
	}
	return p, nil
}
