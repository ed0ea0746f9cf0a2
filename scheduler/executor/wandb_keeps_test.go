package executor

import (
	"testing"

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
