package executor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// Daemons that forked twice, made sessions of their own, cleared their environment and take no SIGTERM are
// gone when their trial is, and so is a bomb of them; with control groups and without, while a neighbour runs
// and keeps its own.
func TestAttackDaemons(t *testing.T) {
	limits := map[string]*task.Limits{"limits": {Memory: 512 << 20}, "none": nil}
	daemon := `env -i setsid sh -c 'trap "" TERM HUP; (env -i setsid sh -c "trap \"\" TERM; echo \$\$ >> %[1]s; while :; do sleep 1000; done" &)' </dev/null >/dev/null 2>&1`
	bomb := `env -i setsid sh -c 'b() { echo $$ >/dev/null; n=$1; [ $n -gt 9 ] && { sleep 1000; b $n; }; env -i setsid sh -c "sleep 1000" & b $((n+1)) & b $((n+1)) & wait; }; b 1' </dev/null >/dev/null 2>&1 &
sleep 1`
	for name, l := range limits {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 3)
			dir := t.TempDir()
			pids, own := filepath.Join(dir, "pids"), filepath.Join(dir, "own")
			marked := filepath.Join(dir, "marked")
			r.launch(r.offer(), 500, 0,
				task.Order{Sweep: "s", Dir: dir, Limits: l, Shell: fmt.Sprintf(daemon+"\n"+daemon+"\nwhile [ $(wc -l < %[1]s) -lt 2 ]; do sleep 0.01; done", pids)},
				task.Order{Sweep: "s", Dir: dir, Limits: l, Shell: bomb},
				task.Order{Sweep: "s", Dir: dir, Limits: l, Shell: fmt.Sprintf(daemon, own) + "\nwhile [ ! -e " + marked + " ]; do sleep 0.05; done"},
			)
			alive := func(file string) (n int) {
				text, _ := os.ReadFile(file)
				for _, f := range strings.Fields(string(text)) {
					var pid int
					if _, err := fmt.Sscan(f, &pid); err == nil && proc.Started(pid) != 0 {
						n++
					}
				}
				return n
			}
			var mine proc.Tag // of this executor: other tests run trials at the same time
			tagged := func() (n int) {
				for _, s := range proc.All(1) {
					if proc.TagFrom(s.PID).SameOwner(mine) {
						n++
					}
				}
				return n
			}
			waited := func(what string, done func() bool) {
				t.Helper()
				testkit.Await(t, what, done)
			}
			waited("the daemons to begin", func() bool { text, _ := os.ReadFile(pids); return len(strings.Fields(string(text))) == 2 })
			waited("the neighbour's to begin", func() bool { return alive(own) == 1 })
			var neighbour int
			if text, err := os.ReadFile(own); err != nil {
				t.Fatal(err)
			} else if _, err := fmt.Sscan(string(text), &neighbour); err != nil {
				t.Fatal(err)
			}
			if mine = proc.TagFrom(neighbour); mine == 0 {
				t.Fatal("the neighbour's daemon has no tag")
			}
			waited("the daemons to end", func() bool { return alive(pids) == 0 })
			waited("the bomb to end", func() bool { return tagged() <= 6 }) // the neighbour's own
			if alive(own) != 1 {
				t.Error("the neighbour lost its daemon")
			}
			if err := os.WriteFile(marked, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			waited("all end", func() bool { return tagged() == 0 })
		})
	}
}

// A daemon that a trial has left behind is gone while the trial's files are still being delivered, which may take hours.
func TestAttackDaemonWhileFilesAreDelivered(t *testing.T) {
	asked, release := make(chan struct{}, 1), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-release
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(release) })
	r := newRig(t, 1)
	dir := t.TempDir()
	file := filepath.Join(dir, "pid")
	daemon := `setsid sh -c 'echo $$ > pid; while :; do echo more >> "$KAON_ARTIFACTS"/model; done' </dev/null >/dev/null 2>&1 &
until [ -s pid ] && [ -s "$KAON_ARTIFACTS"/model ]; do sleep 0.01; done`
	r.launch(r.offer(), 500, 0, task.Order{Sweep: "s", Dir: dir, Shell: daemon, Deliver: &task.Deliver{URL: slow.URL + "/attempt"}})
	var pid int
	testkit.Await(t, "the daemon", func() bool {
		text, _ := os.ReadFile(file)
		_, err := fmt.Sscan(string(text), &pid)
		return err == nil
	})
	testkit.Await(t, "the end of the daemon", func() bool { return proc.Started(pid) == 0 })
	<-asked
}
