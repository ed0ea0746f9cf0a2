package executor

import (
	"slices"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// What a program gives to W&B is copied only where it is taken, and within what is taken.
func TestBytesForFilesOfWandb(t *testing.T) {
	for _, tt := range []struct {
		name    string
		deliver *task.Deliver
		want    int64
	}{
		{"all stays", nil, defaultArtifacts},
		{"all is taken", &task.Deliver{}, defaultArtifacts},
		{"up to a size", &task.Deliver{Bytes: 7}, 7},
		{"nothing is", &task.Deliver{NoArtifacts: true, Bytes: 7}, 0},
		{"other files", &task.Deliver{Artifacts: []string{"*.pt", "out/wandb"}, Bytes: 7}, 0},
		{"any", &task.Deliver{Artifacts: []string{"model.pt", "*"}, Bytes: 7}, 7},
		{"those of W&B", &task.Deliver{Artifacts: []string{"wandb/files/*.pt"}, Bytes: 7}, 7},
	} {
		if got := (&attempt{order: task.Order{Deliver: tt.deliver}}).keepsWandb(); got != tt.want {
			t.Errorf("%s: %d bytes, want %d", tt.name, got, tt.want)
		}
	}
}

// No trial fails by copies that nobody asked for: they are left out where its own files need the room.
func TestCopiesOfWandbMakeRoom(t *testing.T) {
	f := newFiles(t)
	const make = "cd $KAON_ARTIFACTS; mkdir -p wandb/files; head -c 400000 /dev/zero > wandb/files/m; "
	const dropped = "wandb/, 1 file that was given to W&B, for which the trial's own artifacts leave no room"
	for i, tt := range []struct {
		shell    string
		patterns []string
		state    mesosapi.TaskState
		want     int
		not      []string
	}{
		{"head -c 500000 /dev/zero > own", nil, mesosapi.TASK_FINISHED, 2, nil},
		{"head -c 800000 /dev/zero > own", nil, mesosapi.TASK_FINISHED, 1, []string{dropped}},
		{"seq 1000 | xargs touch", nil, mesosapi.TASK_FINISHED, 1000, []string{dropped}},
		{"seq 1001 | xargs touch", nil, mesosapi.TASK_FAILED, 0, nil},
		{"head -c 800000 /dev/zero > own", []string{"own", "wandb/files"}, mesosapi.TASK_FAILED, 0, nil},
	} {
		id := "s." + string(rune('0'+i)) + ".1"
		d := f.deliver(i, tt.patterns, "none")
		d.Bytes = 1 << 20
		f.launch(id, task.Order{Trial: i, Attempt: 1, Shell: make + tt.shell, Deliver: d})
		o := f.finished(id)
		if o.state != tt.state || len(o.end.Artifacts) != tt.want || !slices.Equal(o.end.Undelivered, tt.not) {
			t.Errorf("%s: %s %q with %d artifacts, not %q",
				tt.shell, o.state, o.message, len(o.end.Artifacts), o.end.Undelivered)
		}
	}
}
