package killtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// patience is how long a whole sweep may take, with all that is killed on its way.
const patience = 2 * testkit.Patience

// world is one sweep's folder, and the processes that work on it.
type world struct {
	t      *testing.T
	binary string
	dir    string
	mark   string // in the environment of every process of this world
	listen string // of the cluster; empty: scheduler and cluster are one process
	id     string // of the sweep, once it is known

	scheduler *proc
	cluster   *proc
	struck    map[string]int // kills by who died
}

// script is a trial. Its numbers depend on the trial alone. Some trials fail whenever they come this far, some only the
// first time, some take a while, so that kills meet them at work. Each leaves a mark of every attempt that begins.
const script = `: > "begun/$KAON_TRIAL.$KAON_ATTEMPT"
i=0
while [ $i -lt 4 ]; do
  i=$((i+1))
  echo "{\"step\": $i, \"loss\": 0.$(( (KAON_TRIAL*7919 + i*104729) % 9973 + 10000 )), \"lr\": $1}" >> "$KAON_METRICS"
done
[ $((KAON_TRIAL % 9)) -ne 0 ] || sleep 0.2
if [ $((KAON_TRIAL % 37)) -eq 5 ]; then echo "never works" >&2; exit 3; fi
if [ $((KAON_TRIAL % 11)) -eq 5 ] && mkdir "marks/$KAON_TRIAL" 2>/dev/null; then echo "works later" >&2; exit 4; fi
`

const spec = `name: killed
method: random
seed: 7
run_cap: %d
metric: {name: loss, goal: minimize, reduce: min}
parameters:
  lr: {distribution: log_uniform_values, min: 1e-4, max: 1}
command: [sh, trial.sh, "${param.lr}"]
task:
  resources: {cpus: 0.25, memory: 16MB}
  retries: 2
`

func newWorld(t *testing.T, binary string, trials int, cluster bool) *world {
	dir := t.TempDir()
	w := &world{t: t, binary: binary, dir: dir, mark: "KAON_TEST_WORLD=" + dir, struck: map[string]int{}}
	for name, text := range map[string]string{"trial.sh": script, "sweep.yaml": fmt.Sprintf(spec, trials)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"marks", "begun"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if cluster {
		w.listen = fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
		w.startCluster()
		// A scheduler looks for the cluster's credentials once, when it starts.
		testkit.Await(t, "the cluster to listen", func() bool {
			c, err := net.Dial("tcp", w.listen)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
	}
	t.Cleanup(func() {
		for pid := range w.processes() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return w
}

// proc is a process of ours.
type proc struct {
	cmd   *exec.Cmd
	out   bytes.Buffer // read once it has ended
	ended chan struct{}
}

func (w *world) start(args ...string) *proc {
	w.t.Helper()
	p := &proc{cmd: exec.Command(w.binary, args...), ended: make(chan struct{})}
	p.cmd.Dir = w.dir
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "KAON_") {
			p.cmd.Env = append(p.cmd.Env, kv)
		}
	}
	p.cmd.Env = append(p.cmd.Env, w.mark)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the code is in ProcessState
		close(p.ended)
	}()
	return p
}

func (p *proc) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended by itself
	<-p.ended
}

func (w *world) startCluster() {
	w.cluster = w.start("cluster", "--listen", w.listen, "--work", "cluster", "--allocate", "20ms",
		"--agent", "name=a,cpus=1,mem=1024", "--agent", "name=b,cpus=1,mem=1024")
}

func (w *world) where() []string {
	args := []string{"--quiet", "--log", "warn", "--results", "results"}
	if w.listen != "" {
		args = append(args, "--cluster", "mesos://"+w.listen)
	}
	return args
}

func (w *world) begin() {
	w.scheduler = w.start(append([]string{"run", "sweep.yaml"}, w.where()...)...)
}

// resume goes on with the sweep, or begins it when the scheduler died before it was accepted.
func (w *world) resume() {
	if w.id == "" {
		if w.id = w.accepted(); w.id == "" {
			w.begin()
			return
		}
	}
	w.scheduler = w.start(append([]string{"run", "--resume", w.id}, w.where()...)...)
}

// accepted is the sweep that a scheduler took before it died; empty when it took none.
func (w *world) accepted() string {
	for _, folder := range w.folders() {
		p := w.start("run", "--resume", filepath.Base(folder), "--cluster", "mesos://127.0.0.1:1", "--connect-timeout", "1ms", "--results", "results")
		<-p.ended
		if p.cmd.ProcessState.ExitCode() != usageError {
			return filepath.Base(folder)
		}
		if err := os.RemoveAll(folder); err != nil {
			w.t.Fatal(err)
		}
	}
	return ""
}

// folders is the state folders of the sweeps that were begun.
func (w *world) folders() []string {
	folders, err := filepath.Glob(filepath.Join(w.dir, "results", ".state", "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return folders
}

// usageError is kaon's exit code for a resume of what was never accepted.
const usageError = 2

// ended tells whether the scheduler has ended by itself, waiting for it for so long.
func (w *world) ended(wait time.Duration) bool {
	select {
	case <-w.scheduler.ended:
		return true
	case <-time.After(wait):
		return false
	}
}

// strike kills one or several of the processes, and starts those again that somebody would.
func (w *world) strike(rng *rand.Rand) {
	die := func(odds float64) bool { return rng.Float64() < odds }
	scheduler, cluster, executors := die(0.6), w.listen != "" && die(0.4), die(0.3)
	if executors {
		for _, pid := range w.executors() {
			if die(0.7) {
				w.struck["executor"]++
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	if cluster {
		w.struck["cluster"]++
		w.cluster.kill()
	}
	if scheduler {
		w.struck["scheduler"]++
		w.scheduler.kill()
	}
	if cluster {
		w.startCluster()
	}
	if scheduler {
		w.resume()
	}
}

// executorsDied tells whether a kill may have ended executors: in one process the cluster dies with its scheduler.
func (w *world) executorsDied() bool {
	return w.struck["executor"] > 0 || w.struck["cluster"] > 0 || w.listen == "" && w.struck["scheduler"] > 0
}

// begun tells whether an attempt began.
func (w *world) begun(trial, attempt int) bool {
	w.t.Helper()
	_, err := os.Stat(filepath.Join(w.dir, "begun", fmt.Sprintf("%d.%d", trial, attempt)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	return err == nil
}

// executors is the executors that live. A trial that was forked and has yet to execute its program has an executor's
// command line, but also an executor for its parent.
func (w *world) executors() []int {
	all := w.processes()
	maps.DeleteFunc(all, func(_ int, command string) bool { return !strings.HasSuffix(command, " executor") })
	var out []int
	for _, pid := range slices.Sorted(maps.Keys(all)) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // ended meanwhile
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // state, parent
		if parent, err := strconv.Atoi(fields[1]); err == nil && all[parent] == "" {
			out = append(out, pid)
		}
	}
	return out
}

// finish waits for the sweep's end.
func (w *world) finish() {
	w.t.Helper()
	if !w.ended(patience) {
		w.t.Fatalf("the sweep does not end\n%s", w.log())
	}
	w.succeeded()
	if folders := w.folders(); w.id == "" && len(folders) == 1 {
		w.id = filepath.Base(folders[0])
	}
}

func (w *world) succeeded() {
	w.t.Helper()
	if code := w.scheduler.cmd.ProcessState.ExitCode(); code != 0 {
		w.t.Fatalf("kaon run ended with exit code %d\n%s", code, w.log())
	}
}

// log is what the last scheduler and cluster said; it ends them.
func (w *world) log() string {
	w.scheduler.kill()
	text := w.scheduler.out.String()
	if w.cluster != nil {
		w.cluster.kill()
		text += "cluster:\n" + w.cluster.out.String()
	}
	return text
}

// alone asserts that nothing but the cluster is left running.
func (w *world) alone() {
	w.t.Helper()
	for deadline := time.Now().Add(testkit.Patience); ; time.Sleep(20 * time.Millisecond) {
		left := w.processes()
		if w.cluster != nil {
			delete(left, w.cluster.cmd.Process.Pid)
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Errorf("left running: %v", left)
			return
		}
	}
}

// processes is the command lines of this world's living processes.
func (w *world) processes() map[int]string {
	all := map[int]string{}
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00"+w.mark+"\x00")) {
			continue // ended meanwhile, or a stranger
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		command, errCommand := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if errors.Join(err, errCommand) == nil && len(command) > 0 {
			all[pid] = strings.TrimRight(strings.ReplaceAll(string(command), "\x00", " "), " ")
		}
	}
	return all
}

// board is the bytes of board.json.
func (w *world) board() []byte {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, "results", "sweeps", w.id, "board.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}
