package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// bothPlaces is a workflow of which everything can be asked: iterations, outputs, messages, what is held and what fails.
const bothPlaces = `
name: both
sla: 24h
steps:
  make: {type: command, command: 'echo "{\"x\": ${i}}" > $KAON_OUTPUT', outputs: {x: integer}}
  own: {type: custom, program: [sh, own.sh]}
  ask: {type: wait, approval: true}
  idle: {type: wait, approval: true}
  go: {type: wait, signal: go, outputs: {lr: number}}
  bad: {type: command, command: 'exit 3'}
  never: {type: command, command: 'true'}
graph: "**(i = 4..5; ordered) --< make >-- own -> ask -> idle -> go -> bad -> never"
`

const bothPlacesOwn = `
echo '{"type": "milestone", "text": "listens"}'
echo '{"type": "progress", "percent": 40, "text": "reads"}'
while read line; do case $line in *'"message"'*) echo '{"type": "value", "name": "heard", "value": 7}'; exit 0;; esac; done
`

// times are numbers that no two runs have alike.
var times = regexp.MustCompile(`critical path \d+ %|\d+\.\d s\b| \d+\.\d |\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?`)

// places say where a run is.
var places = regexp.MustCompile(` --server own| in kaon-results/\.state/workflows| on the server at \S+| on this machine, results in kaon-results`)

// inOnePlace is what a command printed of a run, without what may differ between two runs, and between a folder and a server.
func inOnePlace(t *testing.T, text, id string) string {
	t.Helper()
	text = times.ReplaceAllString(strings.ReplaceAll(text, id, "RUN"), "TIME")
	var lines []string
	for line := range strings.Lines(text) {
		var v any
		if json.Unmarshal([]byte(line), &v) != nil {
			lines = append(lines, line)
			continue
		}
		forgetTimes(v)
		plain, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(plain))
	}
	text = strings.Join(lines, "")
	return places.ReplaceAllString(text, "")
}

// forgetTimes takes out of JSON what no two runs have alike, and who owns the run, which only a server says.
func forgetTimes(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range []string{"at", "began", "created", "critical_share", "due", "ended", "owner", "seconds"} {
			delete(v, key)
		}
		if _, ok := v["who"]; ok {
			delete(v, "id")
		}
		for _, one := range v {
			forgetTimes(one)
		}
	case []any:
		for _, one := range v {
			forgetTimes(one)
		}
	}
}

// The commands about runs print the same of runs of this machine and of those of a server, as text and as JSON, and end with the same codes.
func TestWorkflowsPrintTheSameOnAServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", bothPlaces)
	p.write("own.sh", bothPlacesOwn)
	x, _ := p.serving()
	printed := map[string][]string{}
	for _, where := range []string{"none", "own"} {
		id := ""
		say := func(words ...string) {
			t.Helper()
			name := strings.Join(words, " ")
			for i, word := range words {
				words[i] = strings.ReplaceAll(word, "RUN", id)
			}
			r := p.kaon(append([]string{"workflow"}, append(words, "--server", where)...)...)
			text := inOnePlace(t, r.stdout, id)
			if words[0] == "list" && !slices.Contains(words, "--json") {
				text = strings.Join(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(text, " OWNER ", " "), " "+askedBy()+" ", " ")), " ")
			}
			printed[where] = append(printed[where], name+" ("+exitText(r.code)+")\n"+text+"\n"+inOnePlace(t, r.stderr, id))
		}
		y := p.start("workflow", "run", "flow.yaml", "--server", where)
		y.stdout.await(t, "own running")
		id, _, _ = strings.Cut(y.stdout.String(), ":")
		for _, one := range []struct {
			awaited  string
			commands [][]string
		}{
			{"own running 40 %: reads", [][]string{
				{"status"}, {"status", "RUN", "--all"}, {"status", "RUN", "--json"}, {"status", "RUN", "--json", "--all"}, {"list"}, {"list", "--json"},
				{"message", "RUN", "own", "7"},
			}},
			{"ask running", [][]string{{"approve", "RUN", "ask"}}},
			{"idle running", [][]string{{"status"}, {"skip", "RUN", "idle"}}},
			{"go running", [][]string{{"signal", "RUN", "go", `{"lr": 0.5}`}}},
		} {
			testkit.Await(t, one.awaited, func() bool {
				return strings.Contains(p.kaon("workflow", "status", "--server", where).stdout, one.awaited)
			})
			for _, words := range one.commands {
				say(words...)
			}
		}
		y.wait().ends(exitFailed)
		printed[where] = append(printed[where], "run\n"+ends(y.stdout.String(), id, t))
		for _, words := range [][]string{
			{"status", "RUN"}, {"status", "RUN", "--json"}, {"status", "--json", "--all"}, {"list", "--json"}, {"watch"}, {"watch", "RUN", "--json"},
			{"resume", "RUN", "--json"}, {"resume", "RUN"}, {"restart", "RUN", "--json"}, {"restart", "RUN", "--from", "bad", "--quiet"},
		} {
			say(words...)
		}
	}
	if len(printed["none"]) != len(printed["own"]) {
		t.Fatalf("%d and %d commands", len(printed["none"]), len(printed["own"]))
	}
	for i, here := range printed["none"] {
		if there := printed["own"][i]; !reflect.DeepEqual(here, there) {
			t.Errorf("without a server:\n%s\non one:\n%s", here, there)
		}
	}
	if text := strings.Join(printed["none"], ""); !strings.Contains(text, "run what failed again with: kaon workflow restart RUN") || !strings.Contains(text, "own: listens") {
		t.Errorf("it prints %s", text)
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	if _, err := os.Stat(filepath.Join(p.dir, "kaon-results/.state/workflows")); err != nil {
		t.Error(err)
	}
}

func exitText(code int) string { return "exit " + string(rune('0'+code)) }

// ends is the end of what a run printed: what happened at once may come in any order.
func ends(text, id string, t *testing.T) string {
	t.Helper()
	_, end, ok := strings.Cut(text, id+" failed")
	if !ok {
		t.Errorf("it prints %s", text)
	}
	return inOnePlace(t, end, id)
}

// How a run stands has its critical path, and the part of its time that each step of it took.
func TestWorkflowCriticalPath(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", "steps:\n  a: {type: wait, for: 0.3}\n  b: {type: notify, message: done}\n"+
		"  c: {type: notify, message: no, when: 1 > 2}\ngraph: a -> b; c\n")
	f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "--json").ends(exitDone))
	p.kaon("workflow", "status", f.Run).ends(exitDone).prints(", critical path ", " %")
	var s struct {
		Critical []string
		Steps    []struct {
			Step  string
			Share *float64 `json:"critical_share"`
		}
	}
	p.kaon("workflow", "status", f.Run, "--json").ends(exitDone).json(&s)
	if strings.Join(s.Critical, " ") != "a b" {
		t.Errorf("the path is %q", s.Critical)
	}
	for _, one := range s.Steps {
		if on := one.Share != nil; on != (one.Step != "c") || on && (*one.Share < 0 || *one.Share > 1) {
			t.Errorf("%s has the share %v", one.Step, one.Share)
		}
	}
}
