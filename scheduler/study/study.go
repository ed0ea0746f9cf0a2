package study

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// Options are what an order needs besides the spec.
type Options struct {
	Dir         string                           // working directory of trials; empty: each attempt's own folder
	Getenv      func(name string) (string, bool) // the submitter's environment, for ${envvar:NAME}; nil: empty
	Interpreter string                           // ${interpreter}; empty: python
	Image       Image                            // of the trials, when the spec has one
	Winner      *board.Winner                    // of the sweep whose `then` this one is; nil: it is not
	Files       Files
}

// Image is what the trials' image says of itself.
type Image struct {
	Entrypoint []string
	Cmd        []string
	User       string // empty: root
}

// Study is a scheduler.Study made from a spec.
type Study struct {
	id      string
	spec    *sweep.Spec
	method  search.Method
	winner  *sweep.Winner // of Options
	options Options
	watched []string
}

var _ scheduler.Study = (*Study)(nil)

// New fails when the spec's search method cannot be made.
func New(id string, spec *sweep.Spec, o Options) (*Study, error) {
	method, err := search.New(spec)
	if err != nil {
		return nil, err
	}
	s := &Study{id: id, spec: spec, method: method, options: o}
	if o.Winner != nil {
		if s.winner, err = winnerOf(*o.Winner); err != nil {
			return nil, err
		}
	}
	if spec.Objective.Name != "" {
		s.watched = append(s.watched, spec.Objective.Name)
	}
	for _, m := range spec.Metrics {
		if !slices.Contains(s.watched, m.Name) {
			s.watched = append(s.watched, m.Name)
		}
	}
	return s, nil
}

// Point implements scheduler.Study.
func (s *Study) Point(trial int) (sweep.Point, error) {
	point, ok := s.method.Ask(trial)
	if !ok {
		return nil, fmt.Errorf("the %s search has no point for trial %d", s.spec.Method, trial)
	}
	return point, nil
}

// Learns implements scheduler.Study.
func (s *Study) Learns() bool { return s.method.Replay() }

// Observe implements scheduler.Study.
func (s *Study) Observe(trial int, state sweep.State, value float64, known bool) {
	s.method.Tell(trial, search.Outcome{State: state, Value: value, Known: known})
}

// Uniform implements scheduler.Study: only expressions over parameters make trials differ.
func (s *Study) Uniform() bool { return !s.spec.DemandVaries() }

// Demand implements scheduler.Study.
func (s *Study) Demand(p sweep.Point) (offers.Demand, error) {
	need, err := s.spec.Demand(p)
	if err != nil {
		return offers.Demand{}, fmt.Errorf("compute resources: %w", err)
	}
	return offers.Demand{Resources: need, Constraints: s.spec.Task.Constraints, Job: s.id, Count: 1}, nil
}

// Order implements scheduler.Study.
func (s *Study) Order(trial, attempt int, p sweep.Point) (task.Order, error) {
	run, err := s.spec.Command.Expand(s.vars(p, s.winner))
	if err != nil {
		return task.Order{}, fmt.Errorf("expand the command of trial %d: %w", trial, err)
	}
	order, err := s.order(trial, attempt, sweep.TrialSeed(s.spec.Seed, trial), p, run)
	if err != nil || s.options.Winner == nil {
		return order, err
	}
	manifest, err := json.Marshal(s.options.Winner)
	if err != nil {
		return order, fmt.Errorf("encode the winner's manifest: %w", err)
	}
	withManifest(&order, manifest)
	return order, nil
}

// Then implements scheduler.Study.
func (s *Study) Then(attempt int, params, manifest []byte) (task.Order, error) {
	var manifested board.Winner
	if err := json.Unmarshal(manifest, &manifested); err != nil {
		return task.Order{}, fmt.Errorf("read the winner's manifest: %w", err)
	}
	manifested.Params = params
	manifested.Seed = cmp.Or(manifested.Seed, sweep.TrialSeed(s.spec.Seed, manifested.Trial))
	winner, err := winnerOf(manifested)
	if err != nil {
		return task.Order{}, err
	}
	run, err := s.spec.Then.Command.Expand(s.vars(winner.Params, winner))
	if err != nil {
		return task.Order{}, fmt.Errorf("expand the command of `then`: %w", err)
	}
	order, err := s.order(scheduler.ThenTrial, attempt, winner.Seed, winner.Params, run)
	if err != nil {
		return order, err
	}
	withManifest(&order, manifest)
	order.Objective = ""
	return order, nil
}

// withManifest puts the winner's manifest beside a step, and its path into $KAON_WINNER.
func withManifest(order *task.Order, manifest []byte) {
	const name = "winner.json"
	order.Files = append(order.Files, task.File{Name: name, Data: manifest})
	order.Env = append(order.Env, "KAON_WINNER="+task.Folder+"/"+name)
}

// winnerOf is the manifest as macros see it.
func winnerOf(w board.Winner) (*sweep.Winner, error) {
	var point sweep.Point
	if err := json.Unmarshal(w.Params, &point); err != nil {
		return nil, fmt.Errorf("read the winner's parameters: %w", err)
	}
	return &sweep.Winner{Trial: w.Trial, Seed: w.Seed, Value: float64(w.Value), Params: point}, nil
}

// ThenDemand implements scheduler.Study: the step asks for what the winner's trial asked for.
func (s *Study) ThenDemand(params []byte) (offers.Demand, error) {
	var point sweep.Point
	if err := json.Unmarshal(params, &point); err != nil {
		return offers.Demand{}, fmt.Errorf("read the winner's parameters: %w", err)
	}
	return s.Demand(point)
}

// limits are those that the spec names. An attempt with an executor of its own in an image has the container's instead, which
// hold the same.
func (s *Study) limits(p sweep.Point) (*task.Limits, error) {
	l, err := s.spec.TrialLimits(p)
	contained := s.spec.Task.Container != nil && s.spec.Task.Isolation == sweep.Contained
	if err != nil || contained || l.CPUs == 0 && l.Mem == 0 {
		return nil, err
	}
	const mb = 1 << 20
	return &task.Limits{
		CPUs: float64(l.CPUs) / float64(resource.Unit), HardCPUs: l.HardCPUs, Memory: int64(l.Mem) * mb / int64(resource.Unit),
	}, nil
}

func (s *Study) vars(p sweep.Point, winner *sweep.Winner) sweep.Vars {
	return sweep.Vars{
		Params: p, Interpreter: s.options.Interpreter, Getenv: s.options.Getenv,
		ArgsFile: task.Folder + "/args.json", Entrypoint: s.options.Image.Entrypoint, Cmd: s.options.Image.Cmd, Winner: winner,
	}
}

func (s *Study) order(trial, attempt int, seed uint64, p sweep.Point, run sweep.Expansion) (task.Order, error) {
	params, err := json.Marshal(p)
	if err != nil {
		return task.Order{}, fmt.Errorf("encode the parameters of trial %d: %w", trial, err)
	}
	o := task.Order{
		Sweep: s.id, Trial: trial, Attempt: attempt,
		Argv: run.Argv, Shell: run.Shell,
		Params: params, Seed: seed,
		Metrics: s.watched, Filters: s.spec.Task.Filters, Objective: s.spec.Objective.Name,
		Timeout: s.spec.Task.Timeout, Grace: s.spec.Task.Grace,
	}
	if c := s.spec.Task.Container; c != nil {
		o.Inside, o.User = true, cmp.Or(c.User, s.options.Image.User)
	}
	o.Processes = s.spec.Task.Processes
	if o.Limits, err = s.limits(p); err != nil {
		return task.Order{}, err
	}
	s.files(&o)
	if o.Env, err = s.environment(o, p); err != nil {
		return task.Order{}, err
	}
	for _, f := range run.Files {
		o.Files = append(o.Files, task.File{Name: f.Name, Data: f.Data})
	}
	return o, nil
}
