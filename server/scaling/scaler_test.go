package scaling

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

const rules = `groups:
- name: gpu-nodes
  attribute: pool
  value: p
  agent: {cpus: 4, memory_mb: 1000, gpus: 1, attributes: {zone: a}}
  min_idle: 1
  max_idle: 2
  max_agents: 10
  cool_down: 1h
  command: [sh, -c, 'cat > "$1"; echo "$KAON_SECRET" >> "$1"', sh, FILE]
`

func TestParse(t *testing.T) {
	groups, err := Parse("rules.yaml", []byte(rules))
	if err != nil || len(groups) != 1 || groups[0].MaxIdle != 2 || groups[0].CoolDown != time.Hour || len(groups[0].New.Attributes) != 2 {
		t.Fatalf("%+v, %v", groups, err)
	}
	for change, says := range map[string]string{
		"":                                            "want groups",
		"groups: []":                                  "want groups",
		"groups: [":                                   "rules.yaml",
		"name: gpu-nodes>name: a b":                   "letters, digits",
		"value: p>value: ''":                          "attribute and value",
		"cpus: 4>cpus: .nan":                          "agent: want",
		"memory_mb: 1000>memory_mb: -1":               "agent: want",
		"max_agents: 10>max_agents: 0":                "max_agents: 0",
		"min_idle: 1>min_idle: 3":                     "max_idle: 2",
		"min_idle: 1>min_idle: -1":                    "min_idle: -1",
		"min_idle: 1>least: 1":                        "least",
		"cool_down: 1h>cool_down: 1":                  "cool_down: 1",
		"cool_down: 1h>webhook: http://h/":            "webhook: URL or command",
		"command: >webhook: ftp://h/\n  other: ":      "other",
		"- name>- {name: gpu-nodes}\n- name":          "attribute and value",
		"attribute: pool>attribute: pool\n  value: q": "value",
	} {
		text := change
		if from, to, ok := strings.Cut(change, ">"); ok {
			if text = strings.Replace(rules, from, to, 1); text == rules {
				t.Errorf("%s changes nothing", change)
			}
		}
		if _, err := Parse("rules.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "rules.yaml") {
			t.Errorf("%q: %v, want %q", change, err, says)
		}
	}
}

// A command is told once in a cool-down, with the advice on its standard input and none of this process's secrets; people see the advice
// until then.
func TestCommandIsTold(t *testing.T) {
	t.Setenv("KAON_SECRET", "hidden")
	file := filepath.Join(t.TempDir(), "told")
	groups, err := Parse("rules.yaml", []byte(strings.Replace(rules, "FILE", file, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var looks atomic.Int32
	s := Start(Config{Groups: groups, Every: time.Millisecond, Look: func(context.Context) ([]Agent, []Shape, error) {
		looks.Add(1)
		return nil, []Shape{shape(5, cpus(4))}, nil
	}})
	defer s.Close()
	testkit.Await(t, "ten looks", func() bool { return looks.Load() > 10 })
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e Event
	if err := json.Unmarshal(text, &e); err != nil || e.Event != AdviceEvent || e.Group != "gpu-nodes" || e.Advice.Add != 6 || e.Waiting != 5 || e.Largest.CPUs != 4 || e.ID == "" {
		t.Errorf("told %s: %v", text, err)
	}
	if strings.Contains(string(text), "hidden") {
		t.Errorf("the command has a secret: %s", text)
	}
	if r := s.Reports()[0]; r.Advice == nil || r.Advice.Add != 6 || r.Told == "" {
		t.Errorf("people see %+v", r)
	}
}

// A command that does not end is ended with the scaler, and with it all that it began.
func TestAttackCommandThatStays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "began")
	g := pool(1, -1, 9)
	g.Command = []string{"sh", "-c", `sleep 1000 & echo $! > "$1"; wait`, "sh", file}
	s := Start(Config{Groups: []Group{g}, Every: time.Millisecond, Look: func(context.Context) ([]Agent, []Shape, error) { return nil, nil, nil }})
	child := ""
	testkit.Await(t, "the command", func() bool {
		text, err := os.ReadFile(file)
		child = strings.TrimSpace(string(text))
		return err == nil && child != ""
	})
	s.Close()
	testkit.Await(t, "the end of what it began", func() bool {
		state, err := os.ReadFile("/proc/" + child + "/stat")
		return err != nil || strings.Contains(string(state), ") Z ")
	})
}
