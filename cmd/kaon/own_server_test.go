package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Commands find this user's server in a folder of any name.
func TestOwnServerInAFolderOfAnyName(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, name := range []string{"50% off", "run#3?x", "[new]\nline%20"} {
		q := p
		q.dir = filepath.Join(p.dir, name)
		q.write("quick.yaml", quickSpec)
		x, ready := q.serving()
		if ready.Server != "unix://"+filepath.Join(q.dir, "kaon-results/.state/serve/api.sock") {
			t.Errorf("%q answers at %q", name, ready.Server)
		}
		q.kaon("run", "quick.yaml").ends(exitDone).says("the server at unix://")
		q.kaon("submit", "quick.yaml", "--wait").ends(exitDone)
		q.kaon("list", "--server", ready.Server).ends(exitDone).prints("quick-")
		q.kaon("doctor", "--only", "server").ends(exitDone)
		q.kaon("rm", "@latest").ends(exitDone).prints("is deleted")
		x.signal(os.Interrupt)
		x.wait().ends(exitDone)
	}
	p.alone()
}

// A server that was killed, and whose folder has gone, is not there, however long the path of its socket was.
func TestOwnServerGoneFromADeepFolder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.dir = filepath.Join(p.dir, strings.Repeat("deep", 30))
	p.write("quick.yaml", quickSpec)
	x, _ := p.serving()
	p.kaon("list").ends(exitDone)
	x.signal(syscall.SIGKILL)
	x.wait()
	if err := os.RemoveAll(filepath.Join(p.dir, "kaon-results")); err != nil {
		t.Fatal(err)
	}
	p.kaon("submit", "quick.yaml").ends(exitUsage).says("no server of yours runs on this machine")
	p.kaon("run", "quick.yaml").ends(exitDone).prints("winner: trial 1")
	p.alone()
}
