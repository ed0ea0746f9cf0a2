package main

import (
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// Pods that a quota refuses are no offers that are missing: who looks at a run, or at a server's, is told what they wait for, once.
func TestKubernetesRunTellsWhatPodsWaitFor(t *testing.T) {
	t.Parallel()
	e := inProcessKubernetes(t)
	const quota = "exceeded quota: small, limited: pods=0"
	remove := e.inject(&kubernetestest.Fault{
		Match: func(r kubernetestest.Request) bool {
			return r.Verb == "create" && r.Resource == "pods" && r.Subresource == ""
		},
		Status: &kubernetestest.Status{Code: http.StatusForbidden, Reason: "Forbidden", Message: "pods is forbidden: " + quota},
	})
	p := newPlace(t)
	p.write("sweep.yaml", podSpec("held", `echo "{\"loss\": $0}"`))
	x := p.start("run", "sweep.yaml", "--cluster", e.address)
	server, _ := p.serving("--cluster", e.address)
	p.write("remote.yaml", podSpec("remote", `echo "{\"loss\": $0}"`))
	p.kaon("submit", "remote.yaml").ends(exitDone)
	y := p.start("watch", "remote")
	for _, s := range []*process{x, y} {
		testkit.Await(t, "what its pods wait for", func() bool { return strings.Contains(s.stdout.String(), quota) })
	}
	remove()
	for _, s := range []*process{x, y} {
		r := s.wait().ends(exitDone)
		if n := strings.Count(r.stdout, quota); n != 1 || !strings.Contains(r.stdout, "waiting: ") {
			t.Errorf("what pods wait for is told %d times:\n%s", n, r.stdout)
		}
	}
	server.signal(syscall.SIGTERM)
	server.wait()
	p.alone()
}

func TestStartAlert(t *testing.T) {
	var a startAlert
	var said []string
	now := time.Unix(0, 0)
	tell := func(after time.Duration, why string) {
		now = now.Add(after)
		a.tell(now, why, func(line string) { said = append(said, line) })
	}
	two := "2 pods wait on Kubernetes, one of them on node n2: no such claim"
	one := "a pod waits on Kubernetes, on node n1: no such claim"
	tell(0, two)                                                         // it may be over in a moment
	tell(stuckAfter, two)                                                // told
	tell(time.Second, one)                                               // the same
	tell(time.Second, two+" (others wait for another reason)")           // the same
	tell(time.Second, "a pod waits on Kubernetes, on node n1: no image") // told
	tell(time.Second, "")
	tell(time.Second, two)
	tell(stuckAfter, two) // the same
	tell(startAgain, one) // told again
	if want := []string{"waiting: " + two, "waiting: a pod waits on Kubernetes, on node n1: no image", "waiting: " + one}; !slices.Equal(said, want) {
		t.Errorf("said %q", said)
	}
}
