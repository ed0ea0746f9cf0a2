package executor

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/tfevents"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// An attempt whose event files were not read to their end has not ended well.
func TestEventFilesBeyondTheRest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events.out.tfevents.1")
	event := tfevents.Append(nil, tfevents.Event{Step: 1, Scalars: []tfevents.Scalar{{Tag: "loss", Value: 1}}})
	one := tfevents.AppendRecord(nil, event)
	if err := os.WriteFile(file, bytes.Repeat(one, 2<<20/len(one)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rest int64
		want string
	}{{0, ""}, {1, "while the rest of its event files was read"}} {
		a := newFakeAgent(t)
		startExecutor(t, a, func(conf *Config) { conf.ReadRest = c.rest })
		order := task.Order{Shell: "mkdir runs; cp " + file + " runs"}
		a.launch("s.1.1", order)
		o := a.finished("s.1.1")
		for again := 2; c.want != "" && o.end.Lacks == "" && again < 10; again++ { // a busy machine had read them before the program was seen to end
			id := fmt.Sprintf("s.%d.1", again)
			a.launch(id, order)
			o = a.finished(id)
		}
		if got := o.end.Lacks; c.want == "" && got != "" || !strings.Contains(got, c.want) || len(o.points) == 0 {
			t.Errorf("of at most %d bytes %d points were read, lacks %q, want %q", c.rest, len(o.points), got, c.want)
		}
	}
}

// What waits at the end for whether validation has the tag, too, is reported then.
func TestEventsThatWaitAtTheEnd(t *testing.T) {
	folder := t.TempDir()
	for part, tag := range map[string]string{"train": "lr", "val": "acc"} {
		event := tfevents.Append(nil, tfevents.Event{Step: 1, Scalars: []tfevents.Scalar{{Tag: tag, Value: 1}}})
		file := filepath.Join(folder, part, "events.out.tfevents.1")
		if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, tfevents.AppendRecord(nil, event), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := newFakeAgent(t)
	startExecutor(t, a, func(*Config) {})
	a.launch("s.1.1", task.Order{Objective: "lr",
		Shell: "mkdir runs; cp -r " + folder + "/* runs"})
	o := a.finished("s.1.1")
	if !slices.ContainsFunc(o.points, func(p results.Point) bool { return p.Metrics["lr"] == 1 }) {
		t.Errorf("points %v, want one of lr", o.points)
	}
}
