package embedded_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// launch runs one command task with a tenth of a CPU on the first offer and returns its terminal status.
func (s *testScheduler) launch(command *mesos.CommandInfo) mesos.TaskStatus {
	s.t.Helper()
	offer := s.next(scheduler.Event_OFFERS).Offers.Offers[0]
	s.call(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
		Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: offer.AgentID, Command: command,
		Resources: embedded.AgentConfig{CPUs: 0.1}.Resources(),
	})}.WithOffers(offer.ID)))
	return s.terminal()
}

func (s *testScheduler) terminal() mesos.TaskStatus {
	s.t.Helper()
	for {
		st := s.next(scheduler.Event_UPDATE).Update.Status
		if st.UUID != nil {
			s.ack(st)
		}
		switch st.GetState() {
		case mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_KILLING, mesos.TASK_STAGING:
		default:
			return st
		}
	}
}

func sh(script string) *mesos.CommandInfo {
	shell := true
	return &mesos.CommandInfo{Shell: &shell, Value: &script}
}

func sandbox(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*/slaves/*/frameworks/*/executors/t/runs/latest"))
	if err != nil || len(found) != 1 {
		t.Fatalf("sandboxes %v, %v", found, err)
	}
	return found[0]
}

// What a command needs is fetched into its sandbox: from a file and from a web server, made executable,
// unpacked.
func TestFetch(t *testing.T) {
	var archive bytes.Buffer
	zw := gzip.NewWriter(&archive)
	tw := tar.NewWriter(zw)
	if err := tw.WriteHeader(&tar.Header{Name: "data/x", Mode: 0o644, Size: 3,
		Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(tw, "abc")
	tw.Close()
	zw.Close()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/data.tar.gz" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(archive.Bytes())
	}))
	defer web.Close()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho $1; cat data/x; pwd >&2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	yes, out := true, "bin/run"
	dir := t.TempDir()
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	for _, c := range []struct {
		uris []mesos.CommandInfo_URI
		want mesos.TaskState
		says string
	}{
		{[]mesos.CommandInfo_URI{{Value: "file://" + program, Executable: &yes, OutputFile: &out, Cache: &yes},
			{Value: web.URL + "/data.tar.gz"}},
			mesos.TASK_FINISHED, "Command exited with status 0"},
		{[]mesos.CommandInfo_URI{{Value: web.URL + "/missing"}}, mesos.TASK_FAILED, "404"},
		{[]mesos.CommandInfo_URI{{Value: "/etc/hostname", OutputFile: ptr("../../escaped")}}, mesos.TASK_FAILED,
			"not inside the sandbox"},
	} {
		sched := subscribeTo(t, s.Addr(), "")
		no := false
		st := sched.launch(&mesos.CommandInfo{URIs: c.uris, Shell: &no, Value: &out,
			Arguments: []string{"run", "hello"}})
		if st.GetState() != c.want || !strings.Contains(st.GetMessage(), c.says) {
			t.Errorf("%s: %v %q, want %v %q", c.uris[0].Value, st.GetState(), st.GetMessage(), c.want, c.says)
		}
		if c.want == mesos.TASK_FINISHED {
			if b, err := os.ReadFile(filepath.Join(sandbox(t, dir), "stdout")); err != nil ||
				string(b) != "hello\nabc" {
				t.Errorf("stdout %q, %v", b, err)
			}
		} else if st.GetReason() != mesos.REASON_CONTAINER_LAUNCH_FAILED {
			t.Errorf("%s: reason %v", c.uris[0].Value, st.GetReason())
		}
		sched.call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	}
}

func ptr[T any](v T) *T { return &v }

// busy makes a program that cannot be started for a moment, since it is still open for writing.
func busy(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "program")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "#!/bin/sh\nexit 0\n")
	time.AfterFunc(50*time.Millisecond, func() { f.Close() })
	return path
}

func TestBusyProgramIsAwaited(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: t.TempDir()})
	no := false
	st := subscribeTo(t, s.Addr(), "").launch(&mesos.CommandInfo{Shell: &no, Value: ptr(busy(t))})
	if st.GetState() != mesos.TASK_FINISHED {
		t.Errorf("%v %q", st.GetState(), st.GetMessage())
	}
}

// A command that ignores SIGTERM, and a child of it that left the process group, are gone after the grace
// period.
func TestKillReachesEverything(t *testing.T) {
	dir := t.TempDir()
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	sched := subscribeTo(t, s.Addr(), "")
	offer := sched.next(scheduler.Event_OFFERS).Offers.Offers[0]
	script := "set -m; trap '' TERM; sleep 300 & echo $! > child; touch ready; while :; do sleep 1; done"
	sched.call(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
		Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: offer.AgentID, Command: sh(script),
		Resources:  embedded.AgentConfig{CPUs: 0.1}.Resources(),
		KillPolicy: &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(50 * time.Millisecond)}},
	})}.WithOffers(offer.ID)))
	for range 2 {
		sched.ack(sched.next(scheduler.Event_UPDATE).Update.Status)
	}
	awaitFile(filepath.Join(sandbox(t, dir), "ready"))
	sched.call(calls.Kill("t", ""))
	st := sched.terminal()
	if st.GetState() != mesos.TASK_KILLED || st.GetMessage() != "Command terminated with signal Killed" {
		t.Fatalf("%v %q", st.GetState(), st.GetMessage())
	}
	b, err := os.ReadFile(filepath.Join(sandbox(t, dir), "child"))
	if err != nil {
		t.Fatal(err)
	}
	var child int
	fmt.Sscan(string(b), &child)
	for i := 0; syscall.Kill(child, 0) == nil; i++ {
		if stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child)); strings.Contains(string(stat), ") Z ") {
			break // dead, only nobody has collected it yet
		}
		if i > 200 {
			t.Fatalf("process %d outlived its container", child)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// An executor that never subscribes is given up, one that does not react to its shutdown is killed.
func TestExecutorTimeouts(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents()[:1],
		Timing: protocol.Timing{ExecutorRegistration: 200 * time.Millisecond}})
	sched := subscribeTo(t, s.Addr(), "")
	offer := sched.next(scheduler.Event_OFFERS).Offers.Offers[0]
	sched.call(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
		Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: offer.AgentID,
		Resources: embedded.AgentConfig{CPUs: 0.1}.Resources(),
		Executor: &mesos.ExecutorInfo{Type: mesos.ExecutorInfo_CUSTOM, ExecutorID: mesos.ExecutorID{Value: "mute"},
			Command: sh("sleep 300")},
	})}.WithOffers(offer.ID)))
	failure := sched.next(scheduler.Event_FAILURE).Failure
	if failure.GetStatus() != 9 || failure.ExecutorID.GetValue() != "mute" {
		t.Fatalf("failure %v", failure)
	}
	st := sched.terminal()
	if st.GetReason() != mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT ||
		st.GetMessage() != "Executor did not register within 200ms" {
		t.Fatalf("%v %v %q", st.GetState(), st.GetReason(), st.GetMessage())
	}
}

// Two clusters cannot use one folder.
func TestWorkFolderLocked(t *testing.T) {
	dir := t.TempDir()
	start(t, embedded.Config{Agents: twoAgents(), WorkDir: dir})
	if s, err := embedded.Start(context.Background(), embedded.Config{Agents: twoAgents(),
		WorkDir: dir}); err == nil {
		s.Close()
		t.Fatal("a second cluster started in the folder")
	} else if !strings.Contains(err.Error(), "another process") {
		t.Fatal(err)
	}
}

// BenchmarkTrue runs `true` as command tasks on a local agent of two CPUs whose freed resources are offered
// within a millisecond, and beside it the same by xargs -P2.
func BenchmarkTrue(b *testing.B) {
	const tasks = 300
	b.Run(fmt.Sprintf("cluster/tasks=%d", tasks), func(b *testing.B) {
		for b.Loop() {
			runTrue(b, tasks)
		}
	})
	b.Run(fmt.Sprintf("xargs/tasks=%d", tasks), func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("sh", "-c", fmt.Sprintf("seq %d | xargs -P2 -n1 sh -c true",
				tasks)).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func runTrue(b *testing.B, tasks int) {
	s, err := embedded.Start(context.Background(), embedded.Config{
		Agents: []embedded.AgentConfig{{CPUs: 2}}, WorkDir: b.TempDir(),
		Timing: protocol.Timing{AllocationInterval: time.Millisecond},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	sched := subscribeTo(b, s.Addr(), "")
	next, done := 0, 0
	for done < tasks {
		var e scheduler.Event
		if err := sched.resp.Decode(&e); err != nil {
			b.Fatal(err)
		}
		switch e.Type {
		case scheduler.Event_OFFERS:
			for _, o := range e.Offers.Offers {
				var launch []mesos.TaskInfo
				for free := o.Resources[0].GetScalar().GetValue(); free >= 1 && next < tasks; free-- {
					launch = append(launch, mesos.TaskInfo{Name: "t", TaskID: mesos.TaskID{Value: fmt.Sprint("t", next)},
						AgentID: o.AgentID,
						Command: sh("true"), Resources: embedded.AgentConfig{CPUs: 1}.Resources()})
					next++
				}
				sched.call(calls.Accept(calls.OfferOperations{calls.OpLaunch(launch...)}.WithOffers(o.ID)))
			}
		case scheduler.Event_UPDATE:
			if sched.ack(e.Update.Status); e.Update.Status.GetState() == mesos.TASK_FINISHED {
				done++
			}
		}
	}
}
