package task

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Options are what an order needs besides the spec.
type Options struct {
	Dir         string                           // working directory of trials; empty: each attempt's own folder
	Getenv      func(name string) (string, bool) // the submitter's environment, for ${envvar:NAME}; nil: empty
	Interpreter string                           // ${interpreter}; empty: python
	Image       Image                            // of the trials, when the spec has one
	Winner      *board.Winner                    // of the sweep whose `then` this one is; nil: it is not
	Files       Files
	// Work names what the trials do, but for what their orders say of it; see Builder.Key. Empty: no results are kept
	// for others.
	Work string
}

// Image is what the trials' image says of itself.
type Image struct {
	Entrypoint []string
	Cmd        []string
	User       string // empty: root
}

// Builder makes the order of each attempt of a sweep from its spec, and says what a trial asks of the
// cluster. It is where the spec's words become an Order: macros are expanded, the environment is completed,
// and the winner's manifest is packed for a `then` step. It keeps no clock and does no I/O; the submitter's
// environment is a function it is given. One goroutine uses it.
type Builder struct {
	id      string
	spec    *sweep.Spec
	winner  *sweep.Winner // of Options
	options Options
	watched []string
}

// NewBuilder fails when the parameters of the winner that it is given cannot be read.
func NewBuilder(id string, spec *sweep.Spec, o Options) (*Builder, error) {
	b := &Builder{id: id, spec: spec, options: o}
	if o.Winner != nil {
		var err error
		if b.winner, err = winnerOf(*o.Winner); err != nil {
			return nil, err
		}
	}
	if spec.Objective.Name != "" {
		b.watched = append(b.watched, spec.Objective.Name)
	}
	for _, m := range spec.Metrics {
		if !slices.Contains(b.watched, m.Name) {
			b.watched = append(b.watched, m.Name)
		}
	}
	return b, nil
}

// Uniform reports whether all trials ask for the same resources: only expressions over parameters make them
// differ.
func (b *Builder) Uniform() bool { return !b.spec.DemandVaries() }

// Demand is what a trial at the point asks of the cluster. A uniform sweep asks the same with a nil point.
func (b *Builder) Demand(p sweep.Point) (resource.Resources, error) {
	need, err := b.spec.Demand(p)
	if err != nil {
		return need, fmt.Errorf("compute resources: %w", err)
	}
	return need, nil
}

// Order is what an attempt of a trial runs.
func (b *Builder) Order(trial, attempt int, p sweep.Point) (Order, error) {
	run, err := b.spec.Command.Expand(b.vars(p, b.winner))
	if err != nil {
		return Order{}, fmt.Errorf("expand the command of trial %d: %w", trial, err)
	}
	order, err := b.order(trial, attempt, b.spec.TrialSeed(trial, p), p, run)
	if err != nil || b.options.Winner == nil {
		return order, err
	}
	manifest, err := json.Marshal(b.options.Winner)
	if err != nil {
		return order, fmt.Errorf("encode the winner's manifest: %w", err)
	}
	withManifest(&order, manifest)
	return order, nil
}

// Then is what an attempt of the `then` step runs, with the winner's parameters and manifest.
func (b *Builder) Then(attempt int, params, manifest []byte) (Order, error) {
	var manifested board.Winner
	if err := json.Unmarshal(manifest, &manifested); err != nil {
		return Order{}, fmt.Errorf("read the winner's manifest: %w", err)
	}
	manifested.Params = params
	manifested.Seed = cmp.Or(manifested.Seed, sweep.TrialSeed(b.spec.Seed, manifested.Trial))
	winner, err := winnerOf(manifested)
	if err != nil {
		return Order{}, err
	}
	run, err := b.spec.Then.Command.Expand(b.vars(winner.Params, winner))
	if err != nil {
		return Order{}, fmt.Errorf("expand the command of `then`: %w", err)
	}
	order, err := b.order(results.ThenTrial, attempt, winner.Seed, winner.Params, run)
	if err != nil {
		return order, err
	}
	withManifest(&order, manifest)
	order.Objective = ""
	return order, nil
}

// withManifest puts the winner's manifest beside a step, and its path into $KAON_WINNER.
func withManifest(order *Order, manifest []byte) {
	const name = "winner.json"
	order.Files = append(order.Files, File{Name: name, Data: manifest})
	order.Env = append(order.Env, "KAON_WINNER="+Folder+"/"+name)
}

// winnerOf is the manifest as macros see it.
func winnerOf(w board.Winner) (*sweep.Winner, error) {
	point, err := winnerPoint(w.Params)
	if err != nil {
		return nil, err
	}
	return &sweep.Winner{Trial: w.Trial, Seed: w.Seed, Value: float64(w.Value), Params: point}, nil
}

// ThenDemand is what the `then` step asks for: what the winner's trial asked for.
func (b *Builder) ThenDemand(params []byte) (resource.Resources, error) {
	point, err := winnerPoint(params)
	if err != nil {
		return resource.Resources{}, err
	}
	return b.Demand(point)
}

func winnerPoint(params []byte) (point sweep.Point, err error) {
	if err := json.Unmarshal(params, &point); err != nil {
		return nil, fmt.Errorf("read the winner's parameters: %w", err)
	}
	return point, nil
}

// limits are those that the spec names. An attempt with an executor of its own in an image has the
// container's instead, which hold the same.
func (b *Builder) limits(p sweep.Point) (*Limits, error) {
	l, err := b.spec.TrialLimits(p)
	contained := b.spec.Task.Container != nil && b.spec.Task.Isolation == sweep.Contained
	if err != nil || contained || l.CPUs == 0 && l.Mem == 0 {
		return nil, err
	}
	const mb = 1 << 20
	return &Limits{
		CPUs: float64(l.CPUs) / float64(resource.Unit), HardCPUs: l.HardCPUs,
		Memory: int64(l.Mem) * mb / int64(resource.Unit),
	}, nil
}

func (b *Builder) vars(p sweep.Point, winner *sweep.Winner) sweep.Vars {
	return sweep.Vars{
		Params: p, Interpreter: b.options.Interpreter, Getenv: b.options.Getenv,
		ArgsFile: Folder + "/args.json", Entrypoint: b.options.Image.Entrypoint, Cmd: b.options.Image.Cmd,
		Winner: winner,
	}
}

func (b *Builder) order(trial, attempt int, seed uint64, p sweep.Point, run sweep.Expansion) (Order, error) {
	params, err := json.Marshal(p)
	if err != nil {
		return Order{}, fmt.Errorf("encode the parameters of trial %d: %w", trial, err)
	}
	o := Order{
		Sweep: b.id, Trial: trial, Attempt: attempt,
		Argv: run.Argv, Shell: run.Shell,
		Params: params, Seed: seed,
		Metrics: b.watched, Filters: b.spec.Task.Filters, Objective: b.spec.Objective.Name,
		Timeout: b.spec.Task.Timeout, Grace: b.spec.Task.Grace,
	}
	if c := b.spec.Task.Container; c != nil {
		o.Inside, o.Alone = true, b.spec.Task.Isolation == sweep.Contained
		o.User = cmp.Or(c.User, b.options.Image.User)
	}
	o.Processes, o.NoWandb, o.Events = b.spec.Task.Processes, b.spec.Task.NoWandb, b.spec.Task.Events
	o.NoMlflow, o.Prometheus = b.spec.Task.NoMlflow, b.spec.Task.Prometheus
	if o.Limits, err = b.limits(p); err != nil {
		return Order{}, err
	}
	b.files(&o)
	if o.Env, err = b.environment(o, p); err != nil {
		return Order{}, err
	}
	for _, f := range run.Files {
		o.Files = append(o.Files, File{Name: f.Name, Data: f.Data})
	}
	return o, nil
}
