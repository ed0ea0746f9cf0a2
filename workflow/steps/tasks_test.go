package steps

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// tasks runs the commands of specs as an executor does, as processes of this machine.
type tasks struct {
	t       *testing.T
	folder  string
	env     []string
	metrics string // what the last one reported
	stderr  string
}

func newTasks(t *testing.T) *tasks {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("KAON_TEST_STRICT") != "" {
			t.Fatal("python3 is not here")
		}
		t.Skip("python3 is not here")
	}
	return &tasks{t: t, folder: t.TempDir()}
}

func (x *tasks) Knows(string) bool                                   { return false }
func (x *tasks) Ended(context.Context, string) (string, bool, error) { return "", false, nil }
func (x *tasks) Release(context.Context, string) error               { return nil }

func (x *tasks) Message(context.Context, string, int, Sent) error { return nil }

func (x *tasks) Run(ctx context.Context, job Job) (Done, error) {
	spec, err := sweep.Parse(job.File, job.Source)
	if err != nil {
		return Done{}, err
	}
	var text struct {
		Command    []string
		Parameters map[string]struct{ Value any }
	}
	if err := json.Unmarshal(job.Source, &text); err != nil || spec.Trials != 1 {
		return Done{}, errors.Join(err, errors.New("it is no step"))
	}
	params := map[string]any{}
	for name, p := range text.Parameters {
		params[name] = p.Value
	}
	given, err := json.Marshal(params)
	if err != nil {
		return Done{}, err
	}
	at := filepath.Join(x.folder, job.ID)
	if err := os.MkdirAll(at, 0o700); err != nil {
		return Done{}, err
	}
	for i := range text.Command {
		text.Command[i] = strings.ReplaceAll(text.Command[i], "$${", "${")
		if text.Command[i] == "${args_json_file}" {
			text.Command[i] = filepath.Join(at, "args.json")
		}
	}
	if err := os.WriteFile(filepath.Join(at, "args.json"), given, 0o600); err != nil {
		return Done{}, err
	}
	out, metrics := filepath.Join(at, "output.json"), filepath.Join(at, "metrics")
	cmd := exec.Command(text.Command[0], text.Command[1:]...)
	cmd.Dir = x.folder
	cmd.Env = os.Environ()
	if len(given) < sweep.MaxWord/2 { // beyond twice that none is set
		cmd.Env = append(cmd.Env, "KAON_PARAMS="+string(given))
	}
	cmd.Env = append(append(cmd.Env, "KAON_OUTPUT="+out, "KAON_METRICS="+metrics, "KAON_ARTIFACTS="+at), x.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		return Done{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) })
	err = cmd.Wait()
	stop()
	data, _ := os.ReadFile(metrics)
	x.metrics, x.stderr = string(data), errs.String()
	switch {
	case ctx.Err() != nil:
		return Done{}, ErrStop
	case err != nil:
		lines := strings.Split(strings.TrimSpace(x.stderr), "\n")
		return Done{Phase: sweep.PhaseFailed, Reason: lines[len(lines)-1]}, nil
	}
	output, _ := os.ReadFile(out)
	return Done{Phase: sweep.PhaseSucceeded, Output: output}, nil
}

// call is a step of a type that runs there.
func (x *tasks) call(keys map[string]any) *Call {
	return &Call{ID: "run-n1-a1", Key: "step", Run: "run", File: filepath.Join(x.folder, "flow.yaml"), Keys: keys, Inputs: map[string]any{},
		Cluster: x, Progress: func(Progress) {}}
}

// do runs one.
func (x *tasks) do(name string, keys map[string]any) (Result, error) {
	of, ok := Named(name)
	if !ok {
		x.t.Fatalf("there is no type %s", name)
	}
	return of.Run(x.t.Context(), x.call(keys))
}

// write makes a file, which can be run.
func (x *tasks) write(name, text string) string {
	x.t.Helper()
	path := filepath.Join(x.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		x.t.Fatal(err)
	}
	return path
}
