package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

func TestQueuesFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), QueuesFile)
	for text, want := range map[string]string{
		`{"queues": [`: ":1: ",
		"{\"queues\": [\n {\"queue\": \"a\", \"weight\": 1},\n {\"queue\": \"b\", \"weight\": -1}\n]}": ":3: queue b: weight -1",
		"{\"queues\": [\n {\"queue\": \"a\"},\n {\"queue\": \"a/\"}\n]}":                               ":3: \"a/\" is no name",
		"{\"queues\": [\n {\"queue\": \"a\"},\n\n {\"queue\": \"a\"}\n]}":                              ":4: queue a is there twice",
		"{\"queues\": [\n {\"queue\": \"a\", \"wieght\": 2}\n]}":                                       ":2: json: unknown field \"wieght\"",
		"{\"queues\": [\n {\"queue\": \"a\", \"limit\": {\"cpus\": \"4\"}}\n]}":                        ":2: ",
		"[]": `:1: want {"queues": [ … ]}`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readQueues(file)
		if err == nil || !strings.Contains(err.Error(), file+want) || !strings.Contains(err.Error(), "correct the line, or move the file away") {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
	all := []fairness.Queue{{Name: "a", Weight: 2, Limit: fairness.Amounts{"cpus": 4}}, {Name: "a/b", Weight: 1, UserLimit: fairness.Amounts{fairness.Trials: 0}}}
	if err := writeQueues(file, all); err != nil {
		t.Fatal(err)
	}
	again, err := readQueues(file)
	if err != nil || len(again) != 2 || again[0].Limit["cpus"] != 4 || len(again[1].UserLimit) != 1 {
		t.Errorf("%+v, %v", again, err)
	}
}

// Queues limit what runs in them, say so, and are there again after a restart; sweeps of queues that there are not are refused, and a
// queue in use stays.
func TestQueuesOfAServer(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	held := strings.Replace(three, "command: echo", "command: while [ ! -e "+filepath.Join(w.dir, "go")+" ]; do sleep 0.05; done; echo", 1)
	spec := w.spec("held.yaml", held+"queue: eng/ml\n")
	if _, err := s.Submit(t.Context(), Submission{Spec: spec}); err == nil || !strings.Contains(err.Error(), `no queue "eng/ml"; there are: default`) {
		t.Fatalf("a queue that there is not: %v", err)
	}
	for name, want := range map[string]string{
		"gpu": "did you mean `gpus`?", "trails": "did you mean `trials`?", "mem": "did you mean `memory`?",
		"CPUs": "did you mean `cpus`?", "licences": "known here: `cpus`, `memory`, `disk`, `gpus`, `ports` or `trials`",
		"a/b/c": "known here", "": "no agent has a resource \"\"", strings.Repeat("x", 1<<20): "known here",
	} {
		amounts := fairness.Amounts{name: 2}
		for what, c := range map[string]QueueChange{
			"limit": {Limit: &amounts}, "user_limit": {UserLimit: &amounts}, "guarantee": {Guarantee: &amounts},
		} {
			err := s.SetQueue(t.Context(), "eng/ml", c)
			if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 ||
				!strings.HasPrefix(err.Error(), "queue eng/ml: "+what+": ") {
				t.Errorf("%s %.20q: %.300v, want %s", what, name, err, want)
			}
		}
	}
	device := fairness.Amounts{"example.com/fpga": 1}
	if err := s.SetQueue(t.Context(), "eng/ml", QueueChange{Limit: &device}); err != nil {
		t.Error(err)
	}
	one, two := fairness.Amounts{fairness.Trials: 1}, 2.0
	if err := s.SetQueue(t.Context(), "eng/ml", QueueChange{Limit: &one}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetQueue(t.Context(), "eng/ml", QueueChange{Weight: &two}); err != nil { // what is not given stays
		t.Fatal(err)
	}
	sw := w.submit(s, "first", spec)
	waiting := func(s *Server) string { return s.Waiting("first") }
	testkit.Await(t, "the limit of the queue", func() bool {
		return waiting(s) == "2 trials wait: queue eng/ml is at its limit of 1 trial"
	})
	if err := s.RemoveQueue(t.Context(), "eng/ml"); err == nil || !strings.Contains(err.Error(), "kaon extend first --set queue=default") {
		t.Errorf("a queue in use is taken away: %v", err)
	}
	if err := s.RemoveQueue(t.Context(), "eng"); err == nil {
		t.Error("a queue that was never set is taken away")
	}
	w.closed(s)

	s = w.open(w.config())
	all, err := s.Shares(t.Context())
	if err != nil || len(all.Queues) != 3 || all.Queues[2].Weight != 2 || all.Queues[2].Limit[fairness.Trials] != 1 || !all.Queues[2].Set {
		t.Fatalf("after a restart: %+v, %v", all.Queues, err)
	}
	testkit.Await(t, "the limit after a restart", func() bool { return strings.Contains(waiting(s), "queue eng/ml is at its limit of 1 trial") })
	sw, _ = s.Sweep("first")
	if _, err := s.Extend(t.Context(), "first", []string{"queue=nowhere"}); err == nil {
		t.Error("moved into a queue that there is not")
	}
	if _, err := s.Extend(t.Context(), "first", []string{"queue=default"}); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "all to run in the other queue", func() bool {
		st, err := sw.Status(t.Context())
		return err == nil && st.Counts.Running == 3
	})
	if err := os.WriteFile(filepath.Join(w.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ends(sw, sweep.PhaseSucceeded)
	if err := s.RemoveQueue(t.Context(), "eng/ml"); err != nil {
		t.Error(err)
	}
}

// A queue that comes when others have the whole machine gets what it is guaranteed: a trial of theirs is ended, and runs again when
// there is room.
func TestGuaranteeOfAServer(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	w.ends(w.submit(s, "first", w.spec("first.yaml", three)), sweep.PhaseSucceeded) // then the machine is known
	all, err := s.Shares(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	each := float64(all.Total.CPUs) / 1000 / 3.5 // three fit
	spec := func(name string) *sweep.Spec {
		text := fmt.Sprintf("method: grid\nparameters: {x: {values: [1, 2, 3]}}\ntask: {resources: {cpus: %.3f, memory: 16MB}, grace: 1s}\nqueue: %s\n"+
			"command: while [ ! -e %s ]; do sleep 0.05; done\n", each, name, filepath.Join(w.dir, name))
		return w.spec(name+".yaml", text)
	}
	for _, name := range []string{"hogs", "late"} {
		if err := s.SetQueue(t.Context(), name, QueueChange{}); err != nil {
			t.Fatal(err)
		}
	}
	running := func(sw *Sweep, n int) func() bool {
		return func() bool {
			st, err := sw.Status(t.Context())
			return err == nil && st.Counts.Running == n
		}
	}
	hogs := w.submit(s, "hogs", spec("hogs"))
	testkit.Await(t, "all to be used", running(hogs, 3))
	late := w.submit(s, "late", spec("late"))
	guarantee := fairness.Amounts{"cpus": each * 1.5}
	if err := s.SetQueue(t.Context(), "late", QueueChange{Guarantee: &guarantee}); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "one to make room for one", func() bool { return running(hogs, 2)() && running(late, 1)() })
	for _, name := range []string{"late", "hogs"} {
		if err := os.WriteFile(filepath.Join(w.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.ends(late, sweep.PhaseSucceeded)
	w.ends(hogs, sweep.PhaseSucceeded)
	preempted := 0
	hogs.View(func(b *board.Board) {
		for trial := range b.Trials(board.Query{}) {
			for _, a := range trial.Attempts {
				if a.End != nil && a.End.State == sweep.AttemptPreempted && strings.Contains(a.End.Reason, "room for late: queue late is below its guarantee") {
					preempted++
				}
			}
		}
	})
	if preempted != 1 {
		t.Errorf("%d trials were ended for others, want one", preempted)
	}
}

// What is in the files is what the scheduler goes by, also of a caller who did not wait.
func TestSettingsOfACallerWhoIsGone(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 5 { // a select with two ways open takes either
		name := fmt.Sprintf("eng%d", i)
		if err := s.SetQueue(gone, name, QueueChange{}); err != nil {
			t.Errorf("queue: %v", err)
		}
		if _, err := s.AddCordon(gone, Cordon{Agent: name}); err != nil {
			t.Errorf("cordon: %v", err)
		}
	}
	all, err := s.Shares(t.Context())
	if err != nil || len(all.Queues) != 6 {
		t.Errorf("the scheduler has the queues %+v, %v", all.Queues, err)
	}
}

// A process for one sweep has no queues to change, and writes nothing where it was started.
func TestQueuesOfOneSweep(t *testing.T) {
	w := newWorld(t)
	t.Chdir(t.TempDir())
	cfg := w.config()
	cfg.Only = "one"
	s := w.open(cfg)
	err := s.SetQueue(t.Context(), "eng", QueueChange{})
	if fault.KindOf(err) != fault.KindUsage || !strings.Contains(err.Error(), "kaon serve has queues") {
		t.Errorf("set: %v", err)
	}
	if err = s.RemoveQueue(t.Context(), "eng"); fault.KindOf(err) != fault.KindUsage {
		t.Errorf("remove: %v", err)
	}
	if left, _ := os.ReadDir("."); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
