package scheduler

import (
	"encoding/json"
	"fmt"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// plainStudy is a Study over the trial's index: parameter x is the index, and with sizes the cpus repeat them.
type plainStudy struct {
	sizes  []resource.Milli // nil: one cpu each, uniform
	learns bool
	told   map[int]float64
	next   int // lowest trial not asked for
}

func (s *plainStudy) Point(trial int) (sweep.Point, error) {
	x := int64(trial)
	if s.learns {
		if trial < s.next {
			return nil, fmt.Errorf("trial %d asked after trial %d", trial, s.next-1)
		}
		s.next = trial + 1
		x += 1000 * int64(len(s.told)) // depends on what was told
	}
	return sweep.Point{{Name: "x", Value: x}}, nil
}

func (s *plainStudy) Learns() bool { return s.learns }

func (s *plainStudy) Observe(trial int, state sweep.State, value float64, known bool) {
	s.told[trial] = value
}

func (s *plainStudy) Uniform() bool { return s.sizes == nil }

func (s *plainStudy) Demand(p sweep.Point) (offers.Demand, error) {
	d := offers.Demand{Resources: resource.Resources{CPUs: resource.Unit, Mem: 10 * resource.Unit}, Job: "s", Count: 1}
	if s.sizes != nil && p != nil {
		d.Resources.CPUs = s.sizes[int(p[0].Value.(int64))%len(s.sizes)]
	}
	return d, nil
}

func (s *plainStudy) ThenDemand([]byte) (offers.Demand, error) { return s.Demand(nil) }

func (s *plainStudy) Order(trial, attempt int, p sweep.Point) (task.Order, error) {
	params, err := json.Marshal(p)
	return task.Order{Trial: trial, Attempt: attempt, Argv: []string{"train"}, Params: params, Seed: uint64(trial)}, err
}

func (s *plainStudy) Then(attempt int, params, manifest []byte) (task.Order, error) {
	return task.Order{
		Trial: ThenTrial, Attempt: attempt, Argv: []string{"publish"}, Params: params,
		Files: []task.File{{Name: "winner.json", Data: manifest}},
	}, nil
}

// testConfig is a core over a real index; sources of specs are JSON of what plainStudy needs.
func testConfig() Config {
	return Config{
		Packer: offers.NewIndex(),
		Studies: func(id string, spec *sweep.Spec) (Study, error) {
			var src struct {
				Sizes  []resource.Milli
				Learns bool
				Bad    string
			}
			if err := json.Unmarshal(spec.Source, &src); err != nil {
				return nil, err
			}
			if src.Bad != "" {
				return nil, fmt.Errorf("%s", src.Bad)
			}
			return &plainStudy{sizes: src.Sizes, learns: src.Learns, told: map[int]float64{}}, nil
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
	Then      *sweep.Then `json:",omitempty"`
}

func (t testSpec) spec() *sweep.Spec {
	src, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	s := &sweep.Spec{
		File: "test.yaml", Source: src, Trials: t.Trials, Task: t.Task, Limits: t.Limits, Then: t.Then,
		Objective: sweep.Metric{Name: t.Objective, Goal: sweep.Minimize, Reduce: sweep.Last, Target: t.Target},
	}
	return s
}

func parseTestSpec(e journal.SweepEntry) (*sweep.Spec, error) {
	var t testSpec
	if err := json.Unmarshal(e.Source, &t); err != nil {
		return nil, err
	}
	return t.spec(), nil
}
