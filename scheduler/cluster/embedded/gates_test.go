package embedded_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// gates hold back the commands of a recording's tasks. A command that slept, or that a real agent took some
// 100 ms to start, ended between two events of its recording; here it reads a pipe that is written to when
// the recording is at that point, so that a busy machine cannot change the order of what happens.
type gates struct {
	dir   string // of the pipes
	work  string // of the agents: a program in an image looks for its file in its sandbox
	lines []*line

	mu     sync.Mutex
	made   int
	shut   []gate
	opened []*os.File
}

// gate is one of them.
type gate struct {
	task string
	at   int64 // ms of the recording at which it opens
	pipe string
}

func newGates(t *testing.T, work string, lines []*line) *gates {
	g := &gates{dir: t.TempDir(), work: work, lines: lines}
	t.Cleanup(func() {
		for _, pipe := range g.opened {
			pipe.Close()
		}
	})
	return g
}

// hold makes the commands of an ACCEPT wait.
func (g *gates) hold(text string) string {
	var call map[string]any
	if !strings.Contains(text, `"task_infos"`) || json.Unmarshal([]byte(text), &call) != nil {
		return text
	}
	for _, t := range tasksOf(call) {
		id := t["task_id"].(map[string]any)["value"].(string)
		of, reaped := t, true
		if e, ok := t["executor"].(map[string]any); ok {
			of, reaped = e, false
		}
		c, _ := of["command"].(map[string]any)
		if script, ok := c["value"].(string); ok && c["shell"] == true {
			c["value"] = g.script(id, script, reaped)
		} else if _, image := t["container"]; image && reaped {
			g.gate(id, "start", 0, reaped)
		}
	}
	b, err := json.Marshal(call)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func tasksOf(call map[string]any) (out []map[string]any) {
	accept, _ := call["accept"].(map[string]any)
	operations, _ := accept["operations"].([]any)
	for _, o := range operations {
		launch, _ := o.(map[string]any)["launch"].(map[string]any)
		tasks, _ := launch["task_infos"].([]any)
		for _, t := range tasks {
			out = append(out, t.(map[string]any))
		}
	}
	return out
}

var slept = regexp.MustCompile(`sleep (\d+)`)

// script is a task's command with a gate for each of its sleeps, and one before it if it has none. The
// recorded executor has its own side of the recording to keep to.
func (g *gates) script(task, script string, reaped bool) string {
	if strings.HasPrefix(script, "/") {
		return script
	}
	if !slept.MatchString(script) {
		return "read _ < " + g.gate(task, "start", 0, reaped) + "; " + script
	}
	first := true
	return slept.ReplaceAllStringFunc(script, func(sleep string) string {
		seconds, _ := strconv.ParseInt(slept.FindStringSubmatch(sleep)[1], 10, 64)
		from := "start"
		if first && strings.HasPrefix(script, "trap") {
			from = "kill"
		}
		first = false
		return "read _ < " + g.gate(task, from, 1000*seconds, reaped)
	})
}

// reaping is how long Mesos may take to see that a process ended, in ms, and some more to say so.
const reaping = 1000

// gate sets when a gate opens, some ms after a task's start or after it was told to end, and returns its
// pipe. Of a process that is reaped the end is heard a while after it came; then the recording is as good as
// there when it says so.
func (g *gates) gate(task, from string, after int64, reaped bool) string {
	states := []string{"TASK_RUNNING", "TASK_STARTING"}
	if from == "kill" {
		states = []string{"TASK_KILLING"}
	}
	at := g.when(task, states...) + after
	if end := g.when(task, "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"); reaped && at < end &&
		end < at+reaping {
		at = end
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.made++
	made := gate{task, at, filepath.Join(g.dir, strconv.Itoa(g.made))}
	if err := syscall.Mkfifo(made.pipe, 0o600); err != nil {
		panic(err)
	}
	g.shut = append(g.shut, made)
	return made.pipe
}

// when is the time in the recording at which its scheduler first heard that a task is in one of these states,
// of which the first heard of counts; else the time of its launch.
func (g *gates) when(task string, states ...string) (at int64) {
	named := `"task_id":{"value":"` + task + `"}`
	for _, state := range states {
		for _, l := range g.lines {
			if text := string(l.Event); strings.Contains(text, `"state":"`+state+`"`) &&
				strings.Contains(text, named) {
				return l.T
			}
		}
	}
	for _, l := range g.lines {
		if text := string(l.Call); l.Dir == "call" && strings.Contains(text, `"task_infos"`) &&
			strings.Contains(text, named) {
			return l.T
		}
	}
	return 0
}

// open opens what is open at a time of the recording; it tells whether that is news.
func (g *gates) open(ms int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := len(g.shut)
	g.shut = slices.DeleteFunc(g.shut, func(x gate) bool {
		if x.at > ms {
			return false
		}
		if pipe, err := os.OpenFile(x.pipe, os.O_RDWR, 0); err == nil { // open for good: the reader may be late
			_, _ = pipe.WriteString("\n")
			g.opened = append(g.opened, pipe)
		}
		sandboxes, _ := filepath.Glob(filepath.Join(g.work, "*/slaves/*/frameworks/*/executors", x.task, "runs/*"))
		for _, s := range sandboxes {
			_ = os.WriteFile(filepath.Join(s, "end"), nil, 0o644)
		}
		return true
	})
	return len(g.shut) < before
}

// await waits until a task that has only to start may end.
func (g *gates) await(task string) {
	for end := time.Now().Add(testkit.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		g.mu.Lock()
		shut := slices.ContainsFunc(g.shut, func(x gate) bool { return x.task == task })
		g.mu.Unlock()
		if !shut {
			return
		}
	}
}
