package mesos

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

// recordedExecutor is the executor that a recorded call launched on a real Mesos.
func recordedExecutor(t *testing.T, name string) *mesosapi.ExecutorInfo {
	t.Helper()
	for _, l := range recording(t, name) {
		var c api.Call
		if l.Dir == "call" && json.Unmarshal(l.Call, &c) == nil && c.Accept != nil {
			for _, task := range c.Accept.Operations[0].Launch.TaskInfos {
				if task.Executor != nil {
					return task.Executor
				}
			}
		}
	}
	t.Fatalf("%s launches no executor", name)
	return nil
}

// What started executors in images on a real Mesos is what ours is told, but for what is listed here.
func TestExecutorsInImagesAreAsRecorded(t *testing.T) {
	for name, containerizer := range map[string]string{"docker-executor": sweep.Docker,
		"mesos-image-executor": sweep.Mesos} {
		t.Run(name, func(t *testing.T) {
			want := recordedExecutor(t, name)
			got := executorInfo(cluster.ExecutorInfo{
				ID: "x", Argv: []string{"/mnt/mesos/sandbox/capexec", "started-in-image"},
				Container: &cluster.Container{Container: sweep.Container{Image: "hello:1", Containerizer: containerizer}},
			}, "framework", "*")
			if containerizer == sweep.Mesos {
				// Argv[0] may be any text
				got.Command.Arguments = append(want.Command.Arguments[:1:1], got.Command.Arguments[1:]...)
				// Its default is true
				got.Container.Mesos.Image.Cached = nil
			} else {
				d := got.Container.Docker
				if d.GetForcePullImage() {
					t.Error("a pull is forced")
				}
				d.ForcePullImage = nil // its default is false
				if d.Parameters[1] != (mesosapi.Parameter{Key: "user", Value: "0:0"}) {
					t.Errorf("the executor does not start as root: %v", d.Parameters)
				}
				d.Parameters = d.Parameters[:1]
			}
			if !reflect.DeepEqual(got.Container, want.Container) {
				t.Errorf("container\n%v, recorded\n%v", got.Container, want.Container)
			}
			if got.Command.GetValue() != want.Command.GetValue() || !slices.Equal(got.Command.Arguments,
				want.Command.Arguments) || got.Command.GetShell() {
				t.Errorf("command\n%v, recorded\n%v", got.Command, want.Command)
			}
		})
	}
}

func TestContainersCarryWhatSpecsSay(t *testing.T) {
	c := &cluster.Container{
		Container: sweep.Container{
			Image: "digits:1", Pull: sweep.PullAlways, Network: sweep.NetworkBridge, ShmMB: 64,
			Volumes: []sweep.Volume{{Host: "/a", Path: "/b", ReadOnly: true}},
			Ulimits: []sweep.Ulimit{{Name: "memlock", Soft: sweep.Unlimited, Hard: sweep.Unlimited},
				{Name: "nofile", Soft: 10, Hard: 20}},
		},
		ResizesWithTasks: true, Credentials: []byte(`{"auths":{}}`), Labels: []string{"kaon.trial=3"},
	}
	docker := dockerContainer(c)
	var options []string
	for _, p := range docker.Docker.Parameters {
		options = append(options, p.Key+" "+p.Value)
	}
	want := []string{"user 0:0", "memory-swap -1", "ulimit memlock=-1:-1", "ulimit nofile=10:20", "shm-size 64m",
		"label kaon.trial=3"}
	if !slices.Equal(options, want) {
		t.Errorf("options %q, want %q", options, want)
	}
	if !docker.Docker.GetForcePullImage() ||
		docker.Docker.GetNetwork() != mesosapi.ContainerInfo_DockerInfo_BRIDGE {
		t.Errorf("%v", docker.Docker)
	}
	own := mesosContainer(c)
	if own.Mesos.Image.GetCached() || string(own.Mesos.Image.Docker.Config.Value.Data) != `{"auths":{}}` ||
		own.LinuxInfo.GetSHMSize() != 64 {
		t.Errorf("%v %v", own.Mesos, own.LinuxInfo)
	}
	limits := own.RlimitInfo.Rlimits
	if len(limits) != 2 || limits[0].Type != mesosapi.RLimitInfo_RLimit_RLMT_MEMLOCK || limits[0].Hard != nil ||
		*limits[1].Soft != 10 || *limits[1].Hard != 20 {
		t.Errorf("%v", limits)
	}
	for _, info := range []*mesosapi.ContainerInfo{docker, own} {
		if v := info.Volumes; len(v) != 1 || v[0].GetHostPath() != "/a" || v[0].ContainerPath != "/b" ||
			v[0].GetMode() != mesosapi.RO {
			t.Errorf("volumes %v", v)
		}
	}
}
