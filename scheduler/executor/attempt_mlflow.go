package executor

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/executor/mlflow"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
)

// withMlflow adds to env what a program that logs to MLflow needs, unless the spec leaves it alone. Who prepares an
// attempt by hand has no server, and the program logs into a folder.
func (t *attempt) withMlflow(env []string) []string {
	if t.order.NoMlflow {
		return env
	}
	a := mlflow.Attempt{URI: mlflow.FileURI(t.dir, "mlruns"), Spec: t.specVariables()}
	if t.host.mlflow == nil {
		return mlflow.Environment(env, a)
	}
	tracking := &mlflow.Tracking{
		Folder: filepath.Join(t.dir, artifactsName, mlflow.ArtifactsFolder),
		Emit:   t.takeFromFile,
		Sent:   func() { t.host.send(t) },
		Passed: func(name string) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.mu.unread.Add(parse.ReasonNested, []byte(name), t.hide)
		},
	}
	uri, err := t.host.mlflow.Open(tracking)
	if err != nil {
		// A trial that does not log to MLflow is not to fail because of it, and of one that does its missing metrics
		// tell.
		t.host.conf.Log.Warn("metrics logged to MLflow will not be read", "error", err)
		return env
	}
	t.mlflow, a.URI = tracking, uri
	return mlflow.Environment(env, a)
}

// specVariables are the names of variables that the spec sets.
func (t *attempt) specVariables() (names []string) {
	for _, pair := range t.order.Env {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	for name := range t.private {
		names = append(names, name)
	}
	return names
}

// closeMlflow ends the attempt's tracking server: its processes are gone, or never were. What it was told besides
// metrics is written among the artifacts.
func (t *attempt) closeMlflow() {
	if t.mlflow == nil {
		return
	}
	t.host.mlflow.Close(t.mlflow)
	summary := t.mlflow.Summary()
	if summary == nil {
		return
	}
	if t.hide != nil {
		summary, _ = t.hide.Scan(nil, summary, true)
		summary = t.hide.MaskJSON(summary)
	}
	files, folder := t.files.Load(), path.Join(artifactsName, mlflow.ArtifactsFolder)
	err := files.Mkdir(folder, 0o755)
	if err == nil || errors.Is(err, fs.ErrExist) {
		err = files.WriteFile(path.Join(folder, mlflow.SummaryFile), summary, 0o644)
	}
	if err != nil {
		t.host.conf.Log.Warn("what was logged to MLflow besides metrics is lost", "task", t.id, "err", err)
	}
}
