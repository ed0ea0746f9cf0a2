package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
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

// Of two servers of one user, either is found when the other has ended or was killed, and a run joins the one that has its results.
func TestTwoOwnServers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	list := func() string { return p.kaon("whoami").ends(exitDone).stdout }
	first, one := p.serving("--results", "first")
	second, two := p.serving("--results", "second")
	if out := list(); !strings.Contains(out, two.Server) {
		t.Errorf("of two the last is asked: %s", out)
	}
	p.kaon("run", "quick.yaml", "--results", "first").ends(exitDone).says(one.Server + " runs it")
	second.signal(os.Interrupt)
	second.wait().ends(exitDone)
	if out := list(); !strings.Contains(out, one.Server) {
		t.Errorf("the last has ended: %s", out)
	}
	third, _ := p.serving("--results", "third")
	third.signal(syscall.SIGKILL)
	third.wait()
	if out := list(); !strings.Contains(out, one.Server) {
		t.Errorf("the last was killed: %s", out)
	}
	is(t, p.doctor(exitDone, "--only", "server"), "server answer", verdictOK, "you are")
	fourth, _ := p.serving("--results", "fourth")
	if files, err := filepath.Glob(p.dir + ".run/kaon/server-*.json"); err != nil || len(files) != 2 {
		t.Errorf("two servers are announced by %v, %v", files, err)
	}
	first.signal(os.Interrupt)
	first.wait().ends(exitDone)
	fourth.signal(os.Interrupt)
	fourth.wait().ends(exitDone)
	p.kaon("whoami").ends(exitUsage).says("no server of yours runs on this machine")
	p.alone()
}

// A server whose state lies elsewhere is found for its sweeps, too: what runs is not called interrupted.
func TestServerWithAnotherStateFolder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	x, _ := p.serving("--state", "elsewhere")
	p.kaon("submit", "slow.yaml", "--label", "one").ends(exitDone)
	testkit.Await(t, "the sweep to run", func() bool { return strings.Contains(p.kaon("list").ends(exitDone).stdout, "running") })
	if out := p.kaon("status").ends(exitDone).stdout; strings.Contains(out, "interrupted") {
		t.Errorf("kaon status: %s", out)
	}
	p.kaon("stop", "@latest").ends(exitDone)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	p.alone()
}

// A server that cannot take a connection at the moment is there; one that nobody listens for, or whose socket was removed, is gone.
func TestServerIsGone(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) announced { return announced{Server: "unix://" + filepath.Join(folder, name)} }
	socket := func(name string) int {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: filepath.Join(folder, name)}); err != nil {
			t.Fatal(err)
		}
		return fd
	}
	syscall.Close(socket("killed"))
	busy := socket("busy")
	defer syscall.Close(busy)
	if err := syscall.Listen(busy, 0); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		conn, err := net.Dial("unix", filepath.Join(folder, "busy"))
		if err != nil {
			break
		}
		defer conn.Close()
	}
	if at("busy").listens() {
		t.Fatal("as many connections as one likes")
	}
	if !at("killed").gone() || !at("none").gone() || at("busy").gone() {
		t.Errorf("gone: killed %v, removed %v, busy %v", at("killed").gone(), at("none").gone(), at("busy").gone())
	}
}

// What was handed in to a server of one's own with other results is found by commands that are told nothing of where,
// beside what ran here: the newest, those that are named, and all in a list. What is said counts alone.
func TestOwnServerWithOtherResults(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	p.write("slow.yaml", slowSpec)
	x, ready := p.serving("--results", "theirs")
	submitted := func(args ...string) string {
		var s struct{ Sweep string }
		p.kaon(append([]string{"submit", "--json"}, args...)...).ends(exitDone).json(&s)
		return s.Sweep
	}
	first := submitted("slow.yaml", "--label", "first")
	p.kaon("status").ends(exitDone).prints(first+": ", "slow")
	p.kaon("list").ends(exitDone).prints(first)
	p.kaon("stop").ends(exitDone).prints(first)
	p.kaon("watch", "-q", first)
	p.kaon("status", "--results", "kaon").ends(exitUsage).says("run a sweep first")
	p.kaon("gc", "--older-than", "0s").ends(exitUsage).says("--server own")
	p.kaon("status", "--server", "none").ends(exitUsage).says("run a sweep first")

	var mine result
	p.kaon("run", "quick.yaml", "--json").ends(exitDone).json(&mine) // in this folder, which the server has nothing of
	p.kaon("status").ends(exitDone).prints(mine.Sweep)
	p.kaon("status", first).ends(exitDone).prints(first + ": ")
	p.kaon("trials", "first").ends(exitDone).prints("TRIAL")
	p.kaon("list").ends(exitDone).prints(first, mine.Sweep)
	p.kaon("list", "--state", "stopped").ends(exitDone).prints(first)
	p.kaon("list", "--state", "stopt").ends(exitUsage).says("stopt", "interrupted")
	p.kaon("status", "nobody").ends(exitUsage).says("no sweep \"nobody\"", mine.Sweep)

	p.write("lr.yaml", strings.Replace(quickSpec, "name: ", "description: ", 1)) // without a name
	if id := submitted("lr.yaml"); !strings.HasPrefix(id, "lr-") {
		t.Errorf("lr.yaml is called %s", id)
	}
	p.kaon("run", "lr.yaml", "--json").ends(exitDone).json(&mine)
	if !strings.HasPrefix(mine.Sweep, "lr-") {
		t.Errorf("lr.yaml is called %s", mine.Sweep)
	}
	second := submitted("quick.yaml")
	p.kaon("watch", "-q", second).ends(exitDone)
	for _, args := range [][]string{{"status"}, {"best"}, {"trials"}, {"curves"}, {"logs", second + "/1"},
		{"trial", "1"}, {"report"}, {"artifacts", "1"}, {"export"}, {"compare", second, mine.Sweep}, {"archive", second},
		{"unarchive", second}} {
		r := p.kaon(args...).ends(exitDone)
		if len(args) == 1 {
			r.says(second + " is the newest, of the server at " + ready.Server)
		}
	}
	p.kaon("retry", second).ends(exitUsage).says("nothing of it has failed") // as the server says it
	p.kaon("extend", second, "--parallel", "2").ends(exitUsage).says("all its trials have ended")
	p.kaon("status", "--server", "none").ends(exitDone).prints(mine.Sweep)
	p.kaon("status", "--results", "theirs").ends(exitDone).prints(second)
	p.kaon("gc", "--older-than", "0s").ends(exitDone).prints(mine.Sweep + " is deleted")
	p.kaon("rm", second).ends(exitDone).prints(second + " is deleted")
	p.kaon("list").ends(exitDone).prints(first)

	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	if out := p.kaon("list").ends(exitDone).stdout; strings.Contains(out, first) {
		t.Errorf("nobody listens any more, and the list has: %s", out)
	}
	p.alone()
}

// A command that changes a sweep does not choose between the newest here and that of the server: where none is named it
// is refused with both, and changes nothing. Where one place alone has any, or one is said, it is that one's.
func TestChangesWantANameWithTwoPlaces(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	p.write("slow.yaml", slowSpec)
	x, _ := p.serving("--results", "theirs")
	var theirs struct{ Sweep string }
	p.kaon("submit", "slow.yaml", "--json").ends(exitDone).json(&theirs)
	p.kaon("pause").ends(exitDone).prints(theirs.Sweep)
	p.kaon("resume").ends(exitDone).prints(theirs.Sweep)
	var mine result
	p.kaon("run", "quick.yaml", "--server", "none", "--json").ends(exitDone).json(&mine)
	for _, args := range [][]string{{"stop"}, {"stop", "1"}, {"stop", "@latest"}, {"pause"}, {"resume"},
		{"message", "1", "{}"}, {"rm", "@latest"}, {"archive", "@latest"}, {"unarchive", "@latest"},
		{"extend", "@latest", "--parallel", "1"}, {"retry", "@latest"}, {"repair", "@latest"}} {
		p.kaon(args...).ends(exitUsage).says(mine.Sweep, theirs.Sweep, "--server none", "--server own")
	}
	p.kaon("list", "--state", "running").ends(exitDone).prints(theirs.Sweep)
	p.kaon("list").ends(exitDone).prints(theirs.Sweep, mine.Sweep)
	p.kaon("stop", "--server", "none").ends(exitUsage).says(mine.Sweep + " has ended")
	p.kaon("archive", "@latest", "--server", "none").ends(exitDone).prints(mine.Sweep)
	p.kaon("stop", "--server", "own").ends(exitDone).prints(theirs.Sweep)
	p.kaon("watch", "-q", theirs.Sweep)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	p.kaon("rm", "@latest").ends(exitDone).prints(mine.Sweep + " is deleted")
	p.alone()
}

// A server that takes connections and does not answer holds up no command about what is here: it is left out, and that
// is told.
func TestOwnServerThatHangs(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	x, ready := p.serving("--results", "theirs")
	p.kaon("submit", "quick.yaml", "--wait").ends(exitDone)
	var mine result
	p.kaon("run", "quick.yaml", "--server", "none", "--json").ends(exitDone).json(&mine)
	x.signal(syscall.SIGSTOP)
	p.kaon("status", mine.Sweep).ends(exitDone).prints(mine.Sweep)
	list, status, stop := p.start("list"), p.start("status"), p.start("stop")
	nobody := p.start("status", "nobody")
	why := "sweeps of the server at " + ready.Server + " are left out: it has not answered"
	list.wait().ends(exitDone).prints(mine.Sweep).says(why)
	status.wait().ends(exitDone).prints(mine.Sweep).says(why)
	stop.wait().ends(exitUsage).says("which sweep is meant is not said, and your server at " + ready.Server + " has not said")
	nobody.wait().ends(exitUsage).says("no sweep \"nobody\"", why)
	x.signal(syscall.SIGCONT)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	p.alone()
}
