package bench

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	methods "github.com/kaon-sweep/kaon/sweep/search" // search is a type here
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// TrialsPerTraining is how many trials a search with early stopping may begin for each full training that it may pay
// for, unless it is told: as many as halving by four at the first of a few rungs pays for.
const TrialsPerTraining = 4

// training is a trial of a function with epochs.
type training struct {
	flight
	curve  []float64
	epoch  int
	series sweep.Series
}

// runEarly is the regret after each full training's worth of epochs, when early stopping ends who loses. Each epoch of
// the trials in flight is made in an order that the seed chooses. The winner is kaon's: of the trials that ran to their
// end, the best; while there is none, the regret is that of the worst there can be, 1.
func (f Function) runEarly(
	cfg SearchConfig, method string, trainings int, seed uint64,
) ([]float64, time.Duration, error) {
	if f.curve == nil {
		return nil, 0, fmt.Errorf("%s has no epochs at which a trial could be stopped: use --function digits-table",
			f.Name)
	}
	trials := cfg.Trials
	if trials == 0 {
		trials = TrialsPerTraining * trainings
	}
	text := fmt.Sprintf("{method: %s, run_cap: %d, metric: {name: y}, program: none, parameters: %s, "+
		"early_terminate: %s}",
		method, trials, f.Parameters, cfg.Stop)
	spec, err := sweep.Parse(f.Name, []byte(text), sweep.WithSeed(seed))
	if err != nil {
		return nil, 0, err
	}
	m, err := methods.New(spec)
	if err != nil {
		return nil, 0, err
	}
	stopper := stop.New(spec)
	if stopper == nil {
		return nil, 0, errors.New("--stop ends no trial early: write `asha`, or a rule as `{type: asha, min_iter: 2}`")
	}
	dice := rand.New(rand.NewPCG(seed, uint64(cfg.Pending)))
	var flying []*training
	var regrets []float64
	var took time.Duration
	asked, epochs, best := 0, 0, 1.0
	tell := func(t *training, state sweep.State) {
		flying = slices.DeleteFunc(flying, func(o *training) bool { return o == t })
		stopper.End(t.trial)
		start := time.Now()
		m.Tell(t.trial, methods.Outcome{State: state, Value: t.series.Last, Known: true})
		took += time.Since(start)
	}
	for len(regrets) < trainings {
		for len(flying) < cfg.Pending && asked < trials {
			start := time.Now()
			p, ok := m.Ask(asked)
			took += time.Since(start)
			if !ok {
				return nil, 0, fmt.Errorf("%s has no point for trial %d of %s", method, asked, f.Name)
			}
			stopper.Begin(asked)
			flying = append(flying, &training{flight: flight{asked, p}, curve: f.curve(p)})
			asked++
		}
		if len(flying) == 0 { // all trials have ended: what is left of the budget is saved
			for len(regrets) < trainings {
				regrets = append(regrets, math.Max(0, best-f.Least))
			}
			break
		}
		t := flying[dice.IntN(len(flying))]
		v := t.curve[t.epoch]
		t.epoch++
		t.series.Add(v)
		decisions := stopper.Report(t.trial, stop.Report{Value: v, Series: &t.series})
		if t.epoch == len(t.curve) {
			best = min(best, v)
			tell(t, sweep.Succeeded)
		}
		for _, d := range decisions {
			if at := slices.IndexFunc(flying, func(o *training) bool { return o.trial == d.Trial }); at >= 0 {
				stopper.Decide(d)
				tell(flying[at], sweep.Stopped)
			}
		}
		if epochs++; epochs%len(t.curve) == 0 {
			regrets = append(regrets, math.Max(0, best-f.Least))
		}
	}
	return regrets, took, nil
}
