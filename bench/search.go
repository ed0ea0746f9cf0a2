package bench

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	methods "github.com/kaon-sweep/kaon/sweep/search" // search is a type here
)

// SearchConfig says which searches to measure.
type SearchConfig struct {
	Methods     []string
	Functions   []string // empty: all
	Evaluations []int    // after how many finished trials the regret is taken
	Pending     int      // trials in flight
	Seeds       int
	// `early_terminate` of the sweep; then Evaluations are of epochs, in full trainings; empty: none
	Stop   string
	Trials int         // with Stop: how many may begin; 0: TrialsPerTraining for each full training
	Curve  func(Curve) // nil, or called with how each search went on
}

// SearchRow is the regret of a method on a function: how far its best trial is from the minimum. Fields may
// be added, not renamed.
type SearchRow struct {
	Method        string     `json:"method"`
	Function      string     `json:"function"`
	Evaluations   int        `json:"evaluations"`
	Pending       int        `json:"pending"`
	Seeds         int        `json:"seeds"`
	MedianRegret  float64    `json:"median_regret"`
	Q1            float64    `json:"q1"`
	Q3            float64    `json:"q3"`
	Quartiles     [2]float64 `json:"quartiles"`
	MsPerAsk      float64    `json:"ms_per_suggestion"`
	SecondsPerAsk float64    `json:"seconds_per_suggestion"` // time in the method, for asking and telling
	Stop          string     `json:"stop,omitempty"`         // then evaluations are full trainings' worth of epochs
}

// Search runs every method on every function and calls yield with each row.
func Search(cfg SearchConfig, yield func(SearchRow) error) error {
	var functions []Function
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
		if len(cfg.Functions) == 0 || slices.Contains(cfg.Functions, f.Name) {
			functions = append(functions, f)
		}
	}
	for _, name := range cfg.Functions {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no function %q: there are %s", name, strings.Join(names, ", "))
		}
	}
	for _, f := range functions {
		for _, method := range cfg.Methods {
			err := searchRows(cfg, f, method, yield)
			if refused := (sweep.Errors{}); errors.As(err, &refused) && len(cfg.Functions) == 0 {
				continue // the method does not take the function's parameters
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func searchRows(cfg SearchConfig, f Function, method string, yield func(SearchRow) error) error {
	var regrets [][]float64 // by seed and number of evaluations
	var spent time.Duration
	last := slices.Max(cfg.Evaluations)
	for seed := range cfg.Seeds {
		one, took, err := f.play(cfg, method, last, uint64(seed+1))
		if err != nil {
			return err
		}
		spent += took
		regrets = append(regrets, one)
	}
	curve := newCurve(f.Name, method, regrets)
	if cfg.Curve != nil {
		cfg.Curve(curve)
	}
	each := spent.Seconds() / float64(cfg.Seeds*last)
	for _, n := range cfg.Evaluations {
		q := curve.Quartiles[n-1]
		err := yield(SearchRow{
			Method: method, Function: f.Name, Evaluations: n, Pending: cfg.Pending, Seeds: cfg.Seeds,
			MedianRegret: q[1], Q1: q[0], Q3: q[2], Quartiles: [2]float64{q[0], q[2]},
			MsPerAsk: each * 1000, SecondsPerAsk: each, Stop: cfg.Stop,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// quantile interpolates between sorted numbers.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// play is the regret after each evaluation, or after the epochs of one.
func (f Function) play(cfg SearchConfig, method string, last int, seed uint64) ([]float64, time.Duration, error) {
	if cfg.Stop != "" {
		return f.runEarly(cfg, method, last, seed)
	}
	return f.run(method, last, cfg.Pending, seed)
}

// flight is a trial that was chosen and has not finished.
type flight struct {
	trial int
	point sweep.Point
}

// run is the regret after each evaluation. Trials finish in an order that the seed chooses. Where values
// are noisy, the trial with the best noisy value counts, by its value without noise.
func (f Function) run(method string, evaluations, pending int, seed uint64) ([]float64, time.Duration, error) {
	text := fmt.Sprintf("{method: %s, run_cap: %d, limits: {parallel: %d}, metric: {name: y}, program: none, "+
		"parameters: %s}",
		method, evaluations, pending, f.Parameters)
	spec, err := sweep.Parse(f.Name, []byte(text), sweep.WithSeed(seed))
	if err != nil {
		return nil, 0, err
	}
	m, err := methods.New(spec)
	if err != nil {
		return nil, 0, err
	}
	dice := rand.New(rand.NewPCG(seed, uint64(pending)))
	var flying []flight
	var regrets []float64
	var took time.Duration
	asked, bestTold, bestTrue := 0, 0.0, 0.0
	for len(regrets) < evaluations {
		for len(flying) < pending && asked < evaluations {
			start := time.Now()
			p, ok := m.Ask(asked)
			took += time.Since(start)
			if !ok {
				return nil, 0, fmt.Errorf("%s has no point for trial %d of %s", method, asked, f.Name)
			}
			flying = append(flying, flight{asked, p})
			asked++
		}
		i := dice.IntN(len(flying))
		t := flying[i]
		flying = slices.Delete(flying, i, i+1)
		value := f.value(t.point)
		told := value + f.Noise*dice.NormFloat64()
		start := time.Now()
		m.Tell(t.trial, methods.Outcome{State: sweep.Succeeded, Value: told, Known: true})
		took += time.Since(start)
		if len(regrets) == 0 || told < bestTold {
			bestTold, bestTrue = told, value
		}
		regrets = append(regrets, bestTrue-f.Least)
	}
	return regrets, took, nil
}

// WriteSearch prints rows as a table.
func WriteSearch(w io.Writer, rows []SearchRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "function\tmethod\tevaluations\tpending\tseeds\tmedian regret\tquartiles\tms a suggestion")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%.2g\t%.2g to %.2g\t%.2f\n", r.Function, r.Method,
			r.Evaluations, r.Pending, r.Seeds, r.MedianRegret, r.Quartiles[0], r.Quartiles[1], r.SecondsPerAsk*1000)
	}
	return t.Flush()
}
