package stop

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// scene is a sweep's reports, for W&B's engine and for ours.
type scene struct {
	Config  json.RawMessage `json:"config"`
	Reports [][2]any        `json:"reports"`
	values  []float64
	runs    []int
}

// scenes are hyperband as people write it, with reports of runs that overlap.
func scenes() (all []scene) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		rule := map[string]any{"type": "hyperband"}
		switch r.IntN(3) {
		case 0:
			rule["min_iter"] = 1 + r.IntN(4)
		default:
			rule["max_iter"], rule["s"] = 6+r.IntN(40), 1+r.IntN(4)
		}
		if r.IntN(2) == 0 {
			rule["eta"] = []float64{1.5, 2, 3, 4}[r.IntN(4)]
		}
		if r.IntN(3) > 0 {
			rule["strict"] = r.IntN(2) == 0
		}
		goal := []string{"minimize", "maximize"}[r.IntN(2)]
		config, _ := json.Marshal(map[string]any{
			"method": "random", "metric": map[string]any{"name": "loss", "goal": goal},
			"parameters": map[string]any{"x": map[string]any{"min": 0.5, "max": 1.5}}, "early_terminate": rule,
		})
		s := scene{Config: config}
		for range 300 {
			run := r.IntN(4 + len(s.Reports)/20)
			v := math.Round(r.NormFloat64()*8) / 4 // equal values happen
			told := any(v)
			if r.IntN(25) == 0 {
				v, told = math.NaN(), "nan"
			}
			s.Reports = append(s.Reports, [2]any{run, told})
			s.values, s.runs = append(s.values, v), append(s.runs, run)
		}
		all = append(all, s)
	}
	return all
}

// TestAsWandbsEngine holds hyperband to W&B's own engine, report by report.
func TestAsWandbsEngine(t *testing.T) {
	python := cmp.Or(os.Getenv("KAON_WANDB_PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import sweeps").Run(); err != nil {
		t.Skip("W&B's engine is not here, and was not compared with: python3 -m venv V && V/bin/pip " +
			"install wandb sweeps, then KAON_WANDB_PYTHON=V/bin/python")
	}
	var in bytes.Buffer
	all := scenes()
	for _, s := range all {
		if err := json.NewEncoder(&in).Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "testdata/engine.py")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	stopped := 0
	for i, s := range all {
		var theirs [][]int
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &theirs) != nil {
			t.Fatalf("scene %d: no answer", i)
		}
		ours := s.play(t)
		for k := range theirs {
			stopped += len(theirs[k])
			if !slices.Equal(theirs[k], ours[k]) {
				t.Fatalf("scene %d, report %d: W&B stops %v, we %v\n%s", i, k, theirs[k], ours[k], s.Config)
			}
		}
	}
	if stopped < 200 {
		t.Errorf("only %d runs were stopped: the scenes show nothing", stopped)
	}
}

// play is whom our rule stops after each report.
func (s scene) play(t *testing.T) (out [][]int) {
	t.Helper()
	p := newPlay(t, string(s.Config))
	for i, run := range s.runs {
		out = append(out, []int{})
		for _, d := range p.report(run, s.values[i]) {
			out[i] = append(out[i], d.Trial)
		}
	}
	return out
}

// play feeds a stopper and carries out what it decides.
type play struct {
	*Stopper
	series map[int]*sweep.Series
}

func newPlay(t *testing.T, config string) *play {
	t.Helper()
	spec := parse(t, config)
	return &play{Stopper: New(spec), series: map[int]*sweep.Series{}}
}

func parse(t *testing.T, text string) *sweep.Spec {
	t.Helper()
	spec, err := sweep.Parse("s.yaml", []byte(text), sweep.WithSet("program=x"), sweep.WithSeed(7))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func (p *play) report(trial int, v float64) []Decision {
	if p.series[trial] == nil {
		p.series[trial] = &sweep.Series{}
		p.Begin(trial)
	}
	if !p.Undecided(trial) {
		return nil
	}
	p.series[trial].Add(v)
	all := p.Report(trial, Report{Value: v, Series: p.series[trial]})
	for _, d := range all {
		p.Decide(d)
		p.End(d.Trial)
	}
	return all
}

func spec(rule string) string {
	return fmt.Sprintf("{method: random, metric: {name: loss}, parameters: {x: {min: 0.5, max: 1.5}}, early_terminate: %s}", rule)
}

// text is decisions for comparison.
func text(all []Decision) (out string) {
	for _, d := range all {
		out += strconv.Itoa(d.Trial) + " " + d.Reason + "\n"
	}
	return out
}
