package executor

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	file := filepath.Join(t.TempDir(), "events.out.tfevents.1")
	event := tfevents.Append(nil, tfevents.Event{Step: 1, Scalars: []tfevents.Scalar{{Tag: "lr", Value: 1}}})
	if err := os.WriteFile(file, tfevents.AppendRecord(nil, event), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newFakeAgent(t)
	startExecutor(t, a, func(*Config) {})
	a.launch("s.1.1", task.Order{Objective: "lr",
		Shell: "mkdir -p runs/train runs/val; : > runs/val/tfevents; cp " + file + " runs/train"})
	if o := a.finished("s.1.1"); len(o.points) != 1 || o.points[0].Metrics["lr"] != 1 {
		t.Errorf("points %v, want one of lr", o.points)
	}
}
