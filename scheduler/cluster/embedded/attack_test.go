package embedded_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker/dockertest"
)

// A container leads the host nowhere by what it leaves in its sandbox, and cannot change what the next one
// runs or talks to.
func TestAttackFromAContainer(t *testing.T) {
	dockertest.Engine(t)
	folder := filepath.Join(t.TempDir(), "attacker")
	if err := os.CopyFS(folder, os.DirFS("testdata/attacker")); err != nil {
		t.Fatal(err)
	}
	dockertest.Program(t, "./testdata/attacker", filepath.Join(folder, "attacker"))
	image := dockertest.Build(t, folder)
	victim, tool := filepath.Join(t.TempDir(), "victim"), filepath.Join(t.TempDir(), "tool")
	for _, file := range []string{victim, tool} {
		if err := os.WriteFile(file, []byte("untouched"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "a:b, of any name")
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	yes, no := true, false
	for range 2 {
		sched := subscribeTo(t, s.Addr(), "")
		offer := sched.next(scheduler.Event_OFFERS).Offers.Offers[0]
		sched.call(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
			Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: offer.AgentID,
			Resources: embedded.AgentConfig{CPUs: 0.1, MemoryMB: 64}.Resources(),
			Container: &mesos.ContainerInfo{Type: mesos.ContainerInfo_DOCKER.Enum(),
				Docker: &mesos.ContainerInfo_DockerInfo{Image: image,
					Network: mesos.ContainerInfo_DockerInfo_NONE.Enum()}},
			Command: &mesos.CommandInfo{Shell: &no, URIs: []mesos.CommandInfo_URI{{Value: tool, Cache: &yes,
				Executable: &yes}},
				Environment: &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "VICTIM",
					Value: &victim}}}},
		})}.WithOffers(offer.ID)))
		if st := sched.terminal(); st.GetState() != mesos.TASK_FINISHED && st.GetState() != mesos.TASK_FAILED {
			t.Fatalf("%v %q", st.GetState(), st.GetMessage())
		}
		out := filepath.Join(sandbox(t, dir), "stdout")
		info, err := os.Lstat(out)
		if err != nil || !info.Mode().IsRegular() {
			t.Fatalf("its output is %v, %v", info, err)
		}
		said, err := os.ReadFile(out)
		if err != nil || !strings.HasPrefix(string(said), "stolen\ncould plant a link\ncould plant a pipe\n") {
			t.Fatalf("it said %q, %v", said, err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(said)), "\n")[3:] {
			if !strings.HasPrefix(line, "could not") {
				t.Errorf("it %s", line)
			}
		}
		if info, err := os.Lstat(filepath.Join(sandbox(t, dir), "stderr")); err != nil || !info.Mode().IsRegular() {
			t.Errorf("its errors are %v, %v", info, err)
		}
		sched.call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
		if err := os.RemoveAll(filepath.Dir(sandbox(t, dir))); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := os.ReadFile(victim); err != nil || string(data) != "untouched" {
		t.Errorf("another's file is %q, %v", data, err)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*/fetch/*"))
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	if data, err := os.ReadFile(kept[0]); err != nil || string(data) != "untouched" {
		t.Errorf("the cache has %q, %v", data, err)
	}
}

// Whatever the umask, nobody else of the machine reads a sandbox or what agents remember.
func TestAttackUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := t.TempDir()
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: filepath.Join(dir, "work")})
	sched := subscribeTo(t, s.Addr(), "")
	if st := sched.launch(sh("echo said")); st.GetState() != mesos.TASK_FINISHED {
		t.Fatal(st.GetMessage())
	}
	closed := 0
	err := filepath.WalkDir(filepath.Join(dir, "work"), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // what agents remember of a container goes with it
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.Type()&(fs.ModeSymlink|fs.ModeSocket) != 0 { // what lies behind a closed folder
			return err
		}
		if info.Mode().Perm()&0o002 != 0 {
			t.Errorf("%s is open to be written by all: %v", path, info.Mode())
		}
		if d.IsDir() && info.Mode().Perm()&0o007 == 0 {
			closed++
		}
		return nil
	})
	if err != nil || closed == 0 {
		t.Errorf("%d folders are closed to others, %v", closed, err)
	}
	if info, err := os.Stat(sandbox(t, filepath.Join(dir, "work"))); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("the sandbox is %v, %v", info.Mode(), err)
	}
	for _, agent := range []string{"work"} {
		entries, err := os.ReadDir(filepath.Join(dir, agent))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err != nil || info.IsDir() && info.Mode().Perm() != 0o700 {
				t.Errorf("%s is %v, %v", e.Name(), info.Mode(), err)
			}
		}
	}
}

// An agent takes over no folder that another user made, whose key of tokens and list of processes would be
// that user's, nor follows a link there.
func TestAttackPlantedWorkFolder(t *testing.T) {
	for _, tt := range []struct {
		name, says string
		root       bool
		plant      func(t *testing.T, work string) error
	}{
		{"of another user", "belongs to user 65534", true, func(t *testing.T, work string) error {
			folder := filepath.Join(work, "a")
			return errors.Join(os.MkdirAll(filepath.Join(folder, "meta"), 0o777), os.Chown(folder, 65534, 65534))
		}},
		{"what it remembers of another user", "belongs to user 65534", true, func(t *testing.T, work string) error {
			folder := filepath.Join(work, "a", "meta")
			return errors.Join(os.MkdirAll(folder, 0o777), os.WriteFile(filepath.Join(folder, "key"), make([]byte, 32),
				0o644), os.Chown(folder, 65534, 65534))
		}},
		{"a link", "is no folder", false, func(t *testing.T, work string) error {
			return errors.Join(os.MkdirAll(work, 0o777), os.Symlink(t.TempDir(), filepath.Join(work, "a")))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.root && os.Getuid() != 0 {
				t.Skip("plants a folder of another user, which only root can")
			}
			work := filepath.Join(t.TempDir(), "work")
			if err := tt.plant(t, work); err != nil {
				t.Fatal(err)
			}
			s, err := embedded.Start(t.Context(), embedded.Config{Agents: twoAgents()[:1], WorkDir: work})
			if err == nil {
				s.Close()
				t.Fatal("taken over")
			}
			if !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "choose another folder") {
				t.Error(err)
			}
		})
	}
}

// What was fetched for all is not believed once somebody exchanged it, whose rights are enough for that: it
// is fetched again.
func TestAttackSwappedCache(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\necho honest\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	for round := range 2 {
		sched := subscribeTo(t, s.Addr(), "")
		task := sh("./tool")
		yes := true
		task.URIs = []mesos.CommandInfo_URI{{Value: tool, Cache: &yes, Executable: &yes}}
		if st := sched.launch(task); st.GetState() != mesos.TASK_FINISHED {
			t.Fatal(st.GetMessage())
		}
		said, err := os.ReadFile(filepath.Join(sandbox(t, dir), "stdout"))
		if err != nil || !strings.Contains(string(said), "honest") {
			t.Errorf("round %d ran %q, %v", round, said, err)
		}
		sched.call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
		if err := os.RemoveAll(filepath.Dir(sandbox(t, dir))); err != nil {
			t.Fatal(err)
		}
		kept, err := filepath.Glob(filepath.Join(dir, "*/fetch/*"))
		if err != nil || len(kept) != 1 {
			t.Fatal(kept, err)
		}
		was, err := os.Stat(kept[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Rename(kept[0], kept[0]+".honest"),
			os.WriteFile(kept[0], []byte("#!/bin/sh\necho h0stil\n"), 0o755),
			os.Chtimes(kept[0], was.ModTime(), was.ModTime()), os.Rename(kept[0]+".honest",
				filepath.Join(dir, "honest"))); err != nil {
			t.Fatal(err)
		}
	}
}
