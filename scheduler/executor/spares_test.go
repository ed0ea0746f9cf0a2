package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// An attempt that leaves nothing leaves no folder, and the next one finds one as if it was fresh.
func TestEmptyFoldersAreUsedAgain(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Subreaper = true })
	for i := range 5 {
		id := fmt.Sprintf("s.%d.1", i)
		a.launch(id, task.Order{Dir: "/", Shell: `d=` + filepath.Join(s.sandbox, id) + `
test "$KAON_CONTROL" = $d/control && test -f $d/control && ! test -s $d/control || exit 1
test -d $d/artifacts && test -w $d && test -w $d/artifacts || exit 2
test "$(ls -A $d | wc -l)/$(ls -A $d/artifacts | wc -l)" = 2/0 || exit 3`})
		o := a.finished(id)
		if o.state != mesosapi.TASK_FINISHED || o.end.Sandbox != "" {
			t.Fatalf("%s: %s, exit %d, sandbox %q", id, o.state, o.end.Exit, o.end.Sandbox)
		}
		if folders := attemptFolders(t, s.sandbox); len(folders) != 1 {
			t.Fatalf("after %s there are %v", id, folders)
		}
	}
	s.stop()
	if err := s.result(t); err != nil {
		t.Fatal(err)
	}
	if folders := attemptFolders(t, s.sandbox); len(folders) != 0 {
		t.Errorf("in the end there are %v", folders)
	}
}

// The folder of an attempt that changed anything in it, or that may still do so, is nobody else's.
func TestTouchedFoldersStay(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Subreaper = true })
	a.launch("s.0.1", task.Order{Dir: "/", Argv: []string{"true"}}) // from here on the executor knows fresh folders
	a.finished("s.0.1")
	cases := []task.Order{
		{Shell: `echo '{"x": 1}' >> $KAON_METRICS`},
		{Shell: `echo hello`},
		{Shell: `echo hello >&2`},
		{Shell: `touch $(dirname $KAON_CONTROL)/.hidden`},
		{Shell: `touch $KAON_ARTIFACTS/model`},
		{Shell: `mkdir $KAON_ARTIFACTS/.models`},
		{Shell: `echo x >> $KAON_CONTROL`},
		{Shell: `rm $KAON_CONTROL`},
		{Shell: `ln $KAON_CONTROL $KAON_CONTROL.2 && mv $KAON_CONTROL.2 ` + t.TempDir() + ` || ln $KAON_CONTROL $KAON_ARTIFACTS/c`},
		{Shell: `rm $KAON_CONTROL && ln -s /etc/passwd $KAON_CONTROL`},
		{Shell: `rmdir $KAON_ARTIFACTS && ln -s /tmp $KAON_ARTIFACTS`},
		{Shell: `rmdir $KAON_ARTIFACTS && touch $KAON_ARTIFACTS`},
		{Shell: `chmod 500 $KAON_ARTIFACTS`},
		{Shell: `chmod 777 $(dirname $KAON_CONTROL)`},
		{Shell: `chmod +s $KAON_CONTROL`},
		{Shell: `(cd $KAON_ARTIFACTS; setsid sleep 30 > /dev/null 2>&1 < /dev/null &) ; sleep 0.2`},
		{Shell: `exit 1`},
		{Argv: []string{"true"}, Files: []task.File{{Name: "x", Data: []byte("y")}}},
		{Argv: []string{"true"}, Dir: "."},
	}
	for i, order := range cases {
		if order.Dir == "" {
			order.Dir = "/"
		}
		id := fmt.Sprintf("s.%d.1", i+1)
		a.launch(id, order)
		if o := a.finished(id); o.end.Sandbox != filepath.Join(s.sandbox, id) {
			t.Errorf("%q: sandbox %q", order.Shell, o.end.Sandbox)
		}
		next := fmt.Sprintf("s.%d.2", i+1)
		a.launch(next, task.Order{Dir: "/", Shell: `cd ` + filepath.Join(s.sandbox, next) + `
test "$(ls -A . | wc -l)/$(ls -A artifacts | wc -l)" = 2/0 && test -f control && ! test -s control && ! test -L control`})
		if o := a.finished(next); o.end.Exit != 0 {
			t.Errorf("after %q: %+v", order.Shell, o)
		}
	}
}

// A message for an attempt that has ended does not reach the one that has its folder now.
func TestLateMessageReachesNobody(t *testing.T) {
	sandbox, err := safefile.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer sandbox.Close()
	h := &host{conf: &Config{}, sandbox: sandbox, spares: &spares{sandbox: sandbox}, leftovers: openLeftovers(true)}
	defer h.leftovers.close()
	attemptOf := func(id string) *attempt {
		x := &attempt{id: id, dir: filepath.Join(sandbox.Path(), id), host: h, order: task.Order{Dir: "/"}}
		if err := x.prepare(); err != nil {
			t.Fatal(err)
		}
		return x
	}
	first := attemptOf("s.0.1")
	if err := first.control("", []byte(`{"a": 1}`)); err != nil || first.giveBack() {
		t.Fatalf("given back with a message in it; %v", err)
	}
	second := attemptOf("s.1.1")
	if !second.giveBack() {
		t.Fatal("not given back")
	}
	third := attemptOf("s.2.1")
	if err := second.control("", []byte(`{"a": 1}`)); err == nil {
		t.Error("the message found a file")
	}
	if folders := attemptFolders(t, sandbox.Path()); len(folders) != 2 || !third.giveBack() {
		t.Errorf("the third has a message, or there are more than two folders: %v", folders)
	}
}

func attemptFolders(t *testing.T, sandbox string) (out []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(sandbox, "s.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if info, err := os.Lstat(f); err == nil && info.IsDir() {
			out = append(out, f)
		}
	}
	return out
}
