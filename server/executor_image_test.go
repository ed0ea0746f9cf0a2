package server

import (
	"reflect"
	"runtime"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// In an image nobody can ask: an agent gets the binary of what it says, else of this program's
// architecture, from the sandbox and without a shell.
func TestInImageStartsTheBuildOfTheAgent(t *testing.T) {
	build := func(sum string) scheduler.Build {
		return scheduler.Build{Argv: []string{"./kaon", "executor", "--sha256=" + sum}, URIs: []cluster.URI{fetch("http://kaon/"+sum, "kaon")}}
	}
	host := once(scheduler.ExecutorTemplate{
		Argv: []string{"/bin/sh", "-c", "choose", "kaon"}, URIs: []cluster.URI{fetch("http://kaon/1", "kaon-1"), fetch("http://kaon/2", "kaon-2")},
		Builds: map[string]scheduler.Build{runtime.GOARCH: build("1"), otherArchitecture(): build("2")},
	})
	in := inImage(host)
	unnamed := scheduler.Build{Argv: in.Argv, URIs: in.URIs}
	for sum, got := range map[string]scheduler.Build{"1": in.Builds[runtime.GOARCH], "2": in.Builds[otherArchitecture()]} {
		want := scheduler.Build{Argv: []string{"/mnt/mesos/sandbox/kaon", "executor", "--sha256=" + sum}, URIs: build(sum).URIs}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		if sum == "1" && !reflect.DeepEqual(unnamed, want) {
			t.Errorf("without an attribute: %+v, want %+v", unnamed, want)
		}
	}
	own := inImage(scheduler.ExecutorTemplate{Argv: []string{"/usr/bin/kaon", "executor"}})
	if own.Builds != nil || own.Argv[0] != "/mnt/mesos/sandbox/kaon" || len(own.URIs) != 1 || own.URIs[0].Value != "/usr/bin/kaon" {
		t.Errorf("the operator's own: %+v", own)
	}
}
