package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// What is somebody else's stays, and all else that ended long ago goes.
func TestGcGoesOnBesideWhatStays(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	x, ready := p.serving("--listen", "127.0.0.1:0")
	as := func(name string) place {
		q := p
		secret := strings.TrimSpace(p.kaon("token", "create", name).ends(exitDone).stdout)
		q.aws = []string{"KAON_SERVER=" + ready.Listen[0], "KAON_TOKEN=" + secret}
		return q
	}
	ann, bob := as("ann"), as("bob")
	var swept []string
	for _, who := range []place{ann, bob, bob, ann} {
		var s api.Sweep
		who.kaon("submit", "quick.yaml", "--json").ends(exitDone).json(&s)
		who.kaon("watch", s.ID, "--quiet").ends(exitDone)
		swept = append(swept, s.ID)
	}
	dry := ann.kaon("gc", "--older-than", "0s", "--dry-run").ends(exitDone)
	out := ann.kaon("gc", "--older-than", "0s").ends(exitDone).prints(swept[0]+" is deleted", swept[3]+" is deleted")
	if out.says("stays: ", "the sweep is bob's"); strings.Count(out.stdout, "is deleted") != 2 || strings.Count(out.stderr, "stays: ") != 2 {
		t.Errorf("gc says\n%s%s", out.stdout, out.stderr)
	}
	if said := strings.ReplaceAll(dry.stdout, " would be deleted\n", " "); dry.stderr != out.stderr ||
		strings.Join(strings.Fields(said), " ") != deletedBy(out) {
		t.Errorf("gc --dry-run says\n%s%sand gc\n%s%s", dry.stdout, dry.stderr, out.stdout, out.stderr)
	}
	viewer := p
	secret := strings.TrimSpace(p.kaon("token", "create", "vera", "--role", "viewer").ends(exitDone).stdout)
	viewer.aws = []string{"KAON_SERVER=" + ready.Listen[0], "KAON_TOKEN=" + secret}
	dry = viewer.kaon("gc", "--older-than", "0s", "--dry-run").ends(exitDone).says("stays: ", "this needs submitter")
	if out := viewer.kaon("gc", "--older-than", "0s").ends(exitDone); dry.stdout != "" || dry.stderr != out.stderr {
		t.Errorf("a viewer's gc --dry-run says\n%s%sand gc\n%s%s", dry.stdout, dry.stderr, out.stdout, out.stderr)
	}
	bob.kaon("list").ends(exitDone).prints(swept[1], swept[2])
	p.kaon("gc", "--older-than", "0s").ends(exitDone).prints(swept[1]+" is deleted", swept[2]+" is deleted")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}

// deletedBy are the names that gc said were deleted, in its order.
func deletedBy(r ran) string {
	var names []string
	for line := range strings.Lines(r.stdout) {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// What concerns all that is asked ends gc: an account that is not known, or a server that asks for patience.
func TestGcEndsWhereNothingGoes(t *testing.T) {
	t.Parallel()
	for status, stays := range map[int]bool{400: false, 401: false, 403: true, 404: true, 409: true, 422: true, 429: false, 500: true, 503: true} {
		var left undeleted
		answer := &client.Error{}
		answer.Status = status
		err := left.keep(answered(answer))
		if stays != (err == nil) || stays != (len(left) == 1) {
			t.Errorf("%d stays: %v (%v)", status, err == nil, left)
		}
	}
}

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 30 * 24 * time.Hour, "0s": 0, "12h": 12 * time.Hour, "45m": 45 * time.Minute} {
		if got, err := parseAge(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "30", "-1d", "1.5d", "-1h", "200000d", "3d12h", "9999999999999999999d"} {
		if got, err := parseAge(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
