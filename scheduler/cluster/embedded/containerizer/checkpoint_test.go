package containerizer

import (
	"log/slog"
	"os"
	"reflect"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// TestCheckpointTornAnywhere cuts a container's file at every byte, as a SIGKILL may: the last record that is
// whole counts.
func TestCheckpointTornAnywhere(t *testing.T) {
	records := []protocol.Record{
		{Container: "c", PID: 7, GPUs: []string{"0", "2"},
			Tasks: []protocol.TaskRecord{{Info: mesos.TaskInfo{Name: "t"}, State: mesos.TASK_STAGING, Queued: true}}},
		{Container: "c", PID: 7, Tasks: []protocol.TaskRecord{{
			Info: mesos.TaskInfo{Name: "t"}, State: mesos.TASK_FINISHED,
			Last:    &mesos.TaskStatus{UUID: []byte{1, '\n', 3}, State: mesos.TASK_FINISHED.Enum()},
			Pending: []mesos.TaskStatus{{UUID: []byte{1, '\n', 3}, State: mesos.TASK_FINISHED.Enum()}},
		}}},
		{Container: "c", Command: true, Ended: true},
	}
	var file []byte
	var ends []int
	var w recorder
	for i := range records {
		b, err := w.encode(&records[i])
		if err != nil {
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
		last := lastRecord(file[:cut])
		if whole == 0 {
			if last != nil {
				t.Fatalf("%d bytes hold a record", cut)
			}
			continue
		}
		got, err := decodeRecord(last)
		if err != nil {
			t.Fatalf("%d bytes: %v", cut, err)
		}
		if want := records[whole-1]; !reflect.DeepEqual(got, want) {
			t.Fatalf("%d bytes: got %+v, want %+v", cut, got, want)
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
