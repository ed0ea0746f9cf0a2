package containerizer

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// TestCheckpointTornAnywhere cuts a container's file at every byte, as a SIGKILL may: what counts is what the records
// come to that are whole.
func TestCheckpointTornAnywhere(t *testing.T) {
	status := func(uuid string, state mesos.TaskState) mesos.TaskStatus {
		return mesos.TaskStatus{UUID: []byte(uuid), State: state.Enum()}
	}
	one := func(id string, state mesos.TaskState, pending ...mesos.TaskStatus) protocol.TaskRecord {
		r := protocol.TaskRecord{Info: mesos.TaskInfo{Name: "t", TaskID: mesos.TaskID{Value: id}}, State: state, Queued: state == mesos.TASK_STAGING, Pending: pending}
		if len(pending) > 0 {
			r.Last = &pending[len(pending)-1]
		}
		return r
	}
	const staging, running, finished = mesos.TASK_STAGING, mesos.TASK_RUNNING, mesos.TASK_FINISHED
	first, second, third, end := status("1", running), status("\n2", running), status("3", running), status("4", finished)
	acked := one("a", finished, end)
	acked.Pending = nil
	records := []protocol.Record{
		{Container: "c", PID: 7, GPUs: []string{"0", "2"}, Tasks: []protocol.TaskRecord{one("a", staging)}},
		{Container: "c", PID: 7, Tasks: []protocol.TaskRecord{one("a", running, first), one("b", staging)}},
		{Container: "c", PID: 7, Tasks: []protocol.TaskRecord{one("a", running, first, second), one("b", staging)}},
		{Container: "c", PID: 7, Tasks: []protocol.TaskRecord{one("a", running, second, third, end), one("b", running)}},
		{Container: "c", PID: 7, Tasks: []protocol.TaskRecord{one("a", finished, end), one("b", running), one("c", staging)}},
		{Container: "c", PID: 8, Tasks: []protocol.TaskRecord{acked, one("b", running), one("c", staging)}},
		{Container: "c", PID: 8, Tasks: []protocol.TaskRecord{one("b", running), one("c", running, third)}},
		{Container: "c", PID: 8, Tasks: []protocol.TaskRecord{one("c", running, third), one("a", staging)}},
		{Container: "c", Command: true, Ended: true, Executor: mesos.ExecutorInfo{Data: []byte("x")}},
	}
	var file []byte
	var ends []int
	var w recorder
	var kept *saved
	for i := range records {
		var b []byte
		var err error
		if b, kept, err = w.encode(&records[i], kept); err != nil {
			t.Fatal(err)
		}
		file = append(file, b...)
		ends = append(ends, len(file))
	}
	whole := 0
	for cut := range len(file) + 1 {
		if whole < len(ends) && cut == ends[whole] {
			whole++
		}
		got, err := decodeRecords(file[:cut])
		if whole == 0 {
			if err == nil {
				t.Fatalf("%d bytes hold a record", cut)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", cut, err)
		}
		if want := records[whole-1]; !reflect.DeepEqual(got, want) {
			t.Fatalf("%d bytes: got %+v, want %+v", cut, got, want)
		}
	}
}

// What a container owes already is not written again for each further update, however long nobody acknowledges them.
func TestCheckpointsGrowByWhatIsNew(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.SaveID("a")
	const updates, size = 1000, 10 << 10
	r := protocol.Record{Container: "c", Tasks: []protocol.TaskRecord{{Info: mesos.TaskInfo{TaskID: mesos.TaskID{Value: "t"}}}}}
	files := map[uint64]bool{}
	task := &r.Tasks[0]
	for i := range updates {
		task.Pending = append(task.Pending, mesos.TaskStatus{UUID: []byte(fmt.Sprint(i)), State: mesos.TASK_RUNNING.Enum(), Data: make([]byte, size)})
		task.Last = &task.Pending[i]
		f.Save(&r)
		var st unix.Stat_t
		if err := unix.Stat(f.recordFile("c"), &st); err != nil {
			t.Fatal(err)
		}
		files[st.Ino] = true
	}
	if len(files) > 10 { // which doubles
		t.Errorf("for %d updates the file was begun anew at least %d times", updates, len(files)-1)
	}
	_, records, err := f.Load()
	if err != nil || len(records) != 1 || len(records[0].Tasks[0].Pending) != updates {
		t.Fatalf("%d records, %v", len(records), err)
	}
	task.Pending = nil
	f.Save(&r)
	if _, records, err = f.Load(); err != nil || len(records[0].Tasks[0].Pending) != 0 {
		t.Errorf("behind the acknowledgements: %+v %v", records, err)
	}
}

// What an agent remembers is found below a folder of any name, as one that would be a pattern.
func TestFolderOfAnyName(t *testing.T) {
	for _, name := range []string{"[a", "[a-z]", "*", `b\`, "?:"} {
		f, err := OpenFolder(filepath.Join(t.TempDir(), name, "agent"), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.SaveID("a")
		if err := f.Save(&protocol.Record{Container: "c"}); err != nil {
			t.Fatal(err)
		}
		start := protocol.StartExecutor{AgentID: "S0", Container: "c", Executor: mesos.ExecutorInfo{ExecutorID: mesos.ExecutorID{Value: "x"}},
			Framework: mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: "f"}}}
		if err := os.MkdirAll(f.sandbox(start), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, records, err := f.Load(); err != nil || len(records) != 1 {
			t.Errorf("below %s: %d records, %v", name, len(records), err)
		}
		if got := f.findSandbox("c"); got != f.sandbox(start) {
			t.Errorf("below %s the sandbox is %q", name, got)
		}
	}
}

// A container's file that a power failure emptied is dropped with a word; the agent and the other containers go on.
func TestUnreadableRecordIsDropped(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.SaveID("a")
	f.Save(&protocol.Record{Container: "whole", PID: 7})
	for _, name := range []string{"empty", "half"} {
		if err := os.WriteFile(f.recordFile(name), []byte("99\nx")[:len(name)-4], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		id, records, err := f.Load()
		if err != nil || id != "a" || len(records) != 1 || records[0].Container != "whole" {
			t.Fatalf("%q %+v %v", id, records, err)
		}
	}
}
