package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

func TestSweepOnTheEmbeddedCluster(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	out := w.ends(w.submit(s, "three", w.spec("three.yaml", three)), sweep.PhaseSucceeded)
	if out.Counts.Succeeded != 3 || out.Winner == nil || out.Winner.Value != 1 || out.Winner.Trial != 1 {
		t.Errorf("%+v, winner %+v", out.SweepEnded, out.Winner)
	}
	won, err := store.ReadWinner(t.Context(), w.results, "three")
	if err != nil || won.Trial != 1 || won.SpecHash == "" {
		t.Errorf("winner.json %+v, %v", won, err)
	}
	known, err := store.ReadSweep(t.Context(), w.results, "three")
	if err != nil || known.State != "succeeded" || known.Finished == "" || known.Cluster != "local" || len(known.Runs) != 1 || known.Runs[0].Command != "kaon run" {
		t.Errorf("sweep.json %+v, %v", known, err)
	}
	if err := s.Teardown(t.Context()); err != nil {
		t.Error(err)
	}
	w.closed(s)

	again := w.open(w.config()) // what has ended is there still
	sw, there := again.Sweep("three")
	if !there {
		t.Fatal("the sweep is not in the journal")
	}
	if out := w.ends(sw, sweep.PhaseSucceeded); out.Winner == nil || out.Winner.Trial != 1 {
		t.Errorf("after a restart: %+v", out)
	}
	if again.driver.started() {
		t.Error("a server with nothing to do looks for a master")
	}
}

// Sweeps of one server have inputs, artifacts and names of their own.
func TestTwoSweepsInOneServer(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	var all []*Sweep
	for _, id := range []string{"a", "b"} {
		text := strings.Replace(three, "echo loss=", "echo "+id+" > $KAON_ARTIFACTS/out.txt; echo loss=", 1)
		all = append(all, w.submit(s, id, w.spec(id+".yaml", text+"artifacts: [out.txt]\nthen: echo after ${winner.trial}\n")))
	}
	if _, err := s.Submit(t.Context(), Submission{ID: "a", Spec: all[0].Spec()}); fault.KindOf(err) != fault.KindUsage {
		t.Errorf("a second sweep of the same name: %v", err)
	}
	for _, sw := range all {
		out := w.ends(sw, sweep.PhaseSucceeded)
		if out.Sweep != sw.ID() || out.Counts.Succeeded != 3 {
			t.Errorf("%s: %+v", sw.ID(), out.SweepEnded)
		}
		if r, err := w.results.Get(t.Context(), "sweeps/"+sw.ID()+"/artifacts/0/1/out.txt"); err != nil {
			t.Error(err)
		} else if text, _ := io.ReadAll(r); string(text) != sw.ID()+"\n" {
			t.Errorf("artifact of %s: %q", sw.ID(), text)
		}
		if !w.heard(sw.ID() + ": then: succeeded") {
			t.Errorf("nobody was told of %s's step", sw.ID())
		}
		if _, err := os.Stat(filepath.Join(w.dir, "state", "sweeps", sw.ID())); err != nil {
			t.Error(err)
		}
	}
	status, err := control.NewClient(filepath.Join(w.dir, "state", state.ControlFile)).Status(t.Context())
	if err != nil || len(status.Sweeps) != 2 {
		t.Errorf("over the socket: %+v, %v", status, err)
	}
}

// What runs when a server closes goes on with the next one.
func TestCloseWhileRunning(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	gate := filepath.Join(w.dir, "gate")
	sw := w.submit(s, "gated", w.spec("gated.yaml", strings.Replace(three, "echo loss", "while [ ! -e '"+gate+"' ]; do sleep 0.02; done; echo loss", 1)))
	testkit.Await(t, "a trial to run", func() bool {
		st, err := sw.Status(t.Context())
		return err == nil && st.Counts.Running > 0
	})
	attempts, err := s.Attempts(t.Context())
	if err != nil || len(attempts) == 0 || !strings.Contains(string(attempts[0].Params), `"x"`) {
		t.Errorf("attempts alive: %+v, %v", attempts, err)
	}
	w.closed(s)
	if _, err := s.Submit(t.Context(), Submission{ID: "late", Spec: sw.Spec()}); err == nil {
		t.Error("a closed server takes a sweep")
	}
	known, err := store.ReadSweep(t.Context(), w.results, "gated")
	if err != nil || known.Finished != "" || known.Runs[0].Ended == "" {
		t.Errorf("sweep.json after closing: %+v, %v", known, err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again := w.open(w.config())
	sw, _ = again.Sweep("gated")
	if out := w.ends(sw, sweep.PhaseSucceeded); out.Counts.Succeeded != 3 {
		t.Errorf("%+v", out.SweepEnded)
	}
}

// A sweep that has ended runs again in the server that ran it, and in a later one.
func TestRetry(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	mend := filepath.Join(w.dir, "mend")
	sw := w.submit(s, "fails", w.spec("fails.yaml",
		strings.Replace(three, "echo loss", "test ${param.x} != 3 -o -e '"+mend+"' && echo loss", 1)+"  retries: 0\n"))
	w.ends(sw, sweep.PhaseSucceeded)
	for _, there := range []bool{false, true} {
		if there {
			if err := os.WriteFile(mend, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			w.closed(s)
			s = w.open(w.config())
		}
		sw, err := s.Retry(t.Context(), "fails")
		if err != nil {
			t.Fatal(err)
		}
		out := w.ends(sw, sweep.PhaseSucceeded)
		if failed := out.Counts.Failed; (failed == 0) != there {
			t.Errorf("%d failed, with the cause mended: %v", failed, there)
		}
	}
	if _, err := s.Retry(t.Context(), "fails"); !errors.Is(err, ErrNothingFailed) {
		t.Errorf("when nothing has failed: %v", err)
	}
	if _, err := s.Retry(t.Context(), "nobody"); fault.KindOf(err) != fault.KindUsage {
		t.Errorf("of a sweep that nobody knows: %v", err)
	}
}

func TestErrorsHaveKinds(t *testing.T) {
	w := newWorld(t)
	cfg := w.config()
	cfg.Cluster.GPUs = "x"
	_, err := Open(t.Context(), cfg)
	var setting *SettingError
	if fault.KindOf(err) != fault.KindUsage || !errors.As(err, &setting) || setting.Setting != "GPUs" || !strings.HasPrefix(setting.Text("--gpus"), "--gpus x: ") {
		t.Errorf("GPUs that are none: %v", err)
	}
	cfg = w.config()
	cfg.Cluster.Advertise = "here:port"
	if _, err := Open(t.Context(), cfg); fault.KindOf(err) != fault.KindUsage || !strings.HasPrefix(err.Error(), `Advertise "here:port": want `) {
		t.Errorf("an address that is none: %v", err)
	}
	cfg = w.config()
	cfg.Folder = filepath.Join(w.dir, "file", "state")
	if err := os.WriteFile(filepath.Join(w.dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg); fault.KindOf(err) != fault.KindUnreachable {
		t.Errorf("a state folder that cannot be: %v", err)
	}
	s := w.open(w.config())
	var refused *SubmitError
	_, err = s.Submit(t.Context(), Submission{Spec: w.spec("missing.yaml", strings.Replace(three, "echo loss", "./nothing loss", 1))})
	if fault.KindOf(err) != fault.KindUsage || errors.As(err, &refused) || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("a program that is not there: %v", err)
	}
	if len(s.Sweeps()) != 0 {
		t.Error("a sweep that was refused is kept")
	}
	if _, err := Open(t.Context(), w.config()); fault.KindOf(err) != fault.KindUnreachable {
		t.Errorf("a folder that another server has: %v", err)
	}
}

// A master that is not there is told of, and nothing is left of what was to run there.
func TestNoMaster(t *testing.T) {
	w := newWorld(t)
	master := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
	cfg := w.config()
	cfg.Folder = filepath.Join(w.dir, "deep", "er", "state")
	cfg.Cluster = Cluster{Mesos: &mesos.Config{Masters: []string{master}}, Address: "mesos://" + master, Executor: "/kaon", ConnectTimeout: 1500 * time.Millisecond}
	s := w.open(cfg)
	_, err := s.Submit(t.Context(), Submission{ID: "three", Spec: w.spec("three.yaml", three)})
	var refused *SubmitError
	if fault.KindOf(err) != fault.KindUnreachable || !errors.As(err, &refused) || refused.Accepted || refused.Sweep != "three" {
		t.Errorf("%T %v", err, err)
	}
	if !w.heard("looking for a master: Mesos at " + master) {
		t.Errorf("nobody was told: %q", w.told)
	}
	select {
	case <-s.Done():
	default:
		t.Error("the server can go on")
	}
	w.closed(s)
	if _, err := os.Stat(filepath.Join(w.dir, "deep")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state folder is left: %v", err)
	}
	if had, err := HasRecords(t.Context(), w.results, "three"); had || err != nil {
		t.Errorf("records are left: %v", err)
	}
	if _, err := store.ReadSweep(t.Context(), w.results, "three"); err == nil {
		t.Error("sweep.json is left")
	}
}

// Who waits for a master may stop waiting.
func TestSubmitEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := w.config()
	cfg.Cluster = Cluster{Mesos: &mesos.Config{Masters: []string{l.Addr().String()}}, Executor: "/kaon"}
	s := w.open(cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.Submit(ctx, Submission{Spec: w.spec("three.yaml", three)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
