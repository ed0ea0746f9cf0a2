package scheduler

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// indexMethod gives the trial's index as parameter x, and with sizes the cpus that repeat them as parameter size. One that
// learns adds a thousand for each result.
type indexMethod struct {
	sizes  []resource.Milli
	learns bool
	told   map[int]float64
	next   int // lowest trial not asked for
}

func (m *indexMethod) Ask(trial int) (sweep.Point, bool) {
	x := int64(trial)
	if m.learns {
		if trial < m.next {
			return nil, false
		}
		m.next = trial + 1
		x += 1000 * int64(len(m.told)) // depends on what was told
	}
	p := sweep.Point{{Name: "x", Value: x}}
	if m.sizes != nil {
		size := m.sizes[int(x)%len(m.sizes)]
		p = append(p, sweep.Param{Name: "size", Value: float64(size) / float64(resource.Unit)})
	}
	return p, true
}

func (m *indexMethod) Replay() bool { return m.learns }

func (m *indexMethod) Tell(trial int, o search.Outcome) { m.told[trial] = o.Value }

// testTask is what trials run and ask for: one cpu each, or as many as their parameter size says.
func testTask(cpus string) *sweep.Spec {
	s, err := sweep.Parse("test.yaml", fmt.Appendf(nil, `
method: random
run_cap: 1
parameters: {x: {min: 0, max: 100000000}, size: {min: 0.001, max: 1000.0}}
command: [train]
task: {resources: {cpus: %s, memory: 10MB}}
`, cpus))
	if err != nil {
		panic(err)
	}
	return s
}

var uniformTask, sizedTask = testTask("1"), testTask("size")

// testConfig is a core over a real index; sources of specs are JSON of what indexMethod needs.
func testConfig() Config {
	return Config{
		Packer: offers.NewIndex(),
		Builder: func(id string, spec *sweep.Spec) (*task.Builder, error) {
			return task.NewBuilder(id, spec, task.Options{})
		},
		Search: func(spec *sweep.Spec) (search.Method, error) {
			var src testSpec
			if err := json.Unmarshal(spec.Source, &src); err != nil {
				return nil, err
			}
			if src.Bad != "" {
				return nil, errors.New(src.Bad)
			}
			return &indexMethod{sizes: src.Sizes, learns: src.Learns, told: map[int]float64{}}, nil
		},
		Parse:  parseTestSpec,
		Inputs: func(string) []cluster.URI { return []cluster.URI{{Value: "http://kaon/code", Cache: true}} },
		Executor: ExecutorTemplate{
			Argv: []string{"./kaon", "executor"}, Overhead: resource.Resources{CPUs: resource.Unit / 10, Mem: 32 * resource.Unit},
			Builds: map[string]Build{"amd64": {Argv: []string{"./kaon-amd64", "executor"}, URIs: []cluster.URI{{Value: "http://kaon/amd64"}}}},
		},
	}
}

// testSpec is the spec whose source is the JSON of want, so that a restart can read it back.
type testSpec struct {
	Trials    int
	Sizes     []resource.Milli `json:",omitempty"`
	Learns    bool             `json:",omitempty"`
	Bad       string           `json:",omitempty"`
	Objective string           `json:",omitempty"`
	Target    *float64         `json:",omitempty"`
	Task      sweep.Task
	Limits    sweep.Limits
	Then      *sweep.Then       `json:",omitempty"`
	Early     []sweep.EarlyStop `json:",omitempty"`
}

func (t testSpec) spec() *sweep.Spec {
	src, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	s := *uniformTask
	if t.Sizes != nil {
		s = *sizedTask
	}
	was, want := reflect.ValueOf(&s.Task).Elem(), reflect.ValueOf(t.Task)
	for i := range was.NumField() { // but for the resources, which only a parser knows
		if was.Type().Field(i).IsExported() {
			was.Field(i).Set(want.Field(i))
		}
	}
	s.Source, s.Trials, s.Limits, s.Then, s.Early, s.Seed = src, t.Trials, t.Limits, t.Then, t.Early, 0
	s.Objective = sweep.Metric{Name: t.Objective, Goal: sweep.Minimize, Reduce: sweep.Last, Target: t.Target}
	return &s
}

func parseTestSpec(e journal.SweepEntry) (*sweep.Spec, error) {
	var t testSpec
	if err := json.Unmarshal(e.Source, &t); err != nil {
		return nil, err
	}
	return t.spec(), nil
}

func uniformBuilder(t *testing.T) *task.Builder {
	t.Helper()
	b, err := task.NewBuilder("s", uniformTask, task.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
