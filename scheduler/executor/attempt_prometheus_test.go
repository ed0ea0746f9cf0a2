package executor

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/executor/prometheus"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// What a trial writes for Prometheus is read where it starts in a folder of its own, and by its variable where it shares one, each
// value once; what is in a file of all trials is nobody's, and said to be.
func TestTextFile(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	theirs, told, first, second := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir() // what another case has just written would pass for this one's
	const write = `echo 'loss{phase="val"} 0.5' > "$FILE.temp"; echo step 7 >> "$FILE.temp"; mv "$FILE.temp" "$FILE"`
	for id, c := range map[string]struct {
		dir, file     string
		points        int
		why           string
		inside, alone bool   // in an image, in a container of its own
		name          string // empty: x.prom
	}{
		"own.0.1":      {"", "x.prom", 1, "", false, false, ""},
		"told.0.1":     {told, "$KAON_PROMETHEUS", 1, "", false, false, ""},
		"theirs.0.1":   {theirs, "x.prom", 0, prometheus.ReasonShared, false, false, ""},
		"together.0.1": {t.TempDir(), "x.prom", 0, prometheus.ReasonShared, true, false, ""},
		"absolute.0.1": {"", first + "/y.prom", 0, prometheus.ReasonShared, true, false, first + "/y.prom"},
		"alone.0.1":    {t.TempDir(), "x.prom", 1, "", true, true, ""},
		"place.0.1":    {"", second + "/z.prom", 1, "", true, true, second + "/z.prom"},
	} {
		a.launch(id, task.Order{Prometheus: cmp.Or(c.name, "x.prom"), Objective: "loss", Dir: c.dir, Inside: c.inside, Alone: c.alone, Shell: "FILE=" + c.file + "; " + write})
		o := a.finished(id)
		if o.state != mesosapi.TASK_FINISHED || len(o.points) != c.points {
			t.Errorf("%s: %+v", id, o)
			continue
		}
		if c.points > 0 && (o.points[0].Step != 7 || o.points[0].Metrics["loss"] != 0.5) {
			t.Errorf("%s: %+v", id, o.points)
		}
		if len(o.end.Unread) > 0 != (c.why != "") || c.why != "" && o.end.Unread[0].Why != c.why {
			t.Errorf("%s: %+v, want %q", id, o.end.Unread, c.why)
		}
	}
	if _, err := os.Stat(filepath.Join(theirs, "x.prom")); err != nil {
		t.Error(err)
	}
}

// A file that came with the trial's folder, is a pipe, or holds a secret, does no harm.
func TestAttackTextFile(t *testing.T) {
	f := newFiles(t)
	f.launch("s.1.1", task.Order{Prometheus: "x.prom", Objective: "loss", Secrets: f.server.Secrets(map[string]string{"PASSWORD": "password-of-mine"}),
		Shell: `mkfifo x.prom; sleep 0.1; rm x.prom; echo 'loss{p="password-of-mine"} 1' > x.prom`})
	o := f.finished("s.1.1")
	if o.state != mesosapi.TASK_FINISHED || len(o.points) != 1 {
		t.Fatalf("%+v", o)
	}
	for name := range o.points[0].Metrics {
		if strings.Contains(name, "password") {
			t.Errorf("a secret is told: %s", name)
		}
	}
}
