package stop

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// TestASHA: of those that come to a rung the best eta-th go on, and at least the best.
func TestASHA(t *testing.T) {
	p := newPlay(t, spec("{type: asha, min_iter: 2, max_iter: 9, eta: 2}"))
	for trial, v := range []float64{5, 6, 4, 4.5, 1} {
		if got := p.report(trial, v); got != nil {
			t.Errorf("trial %d is stopped before the rung: %v", trial, got)
		}
	}
	for trial, want := range []string{
		"", "asha: rung 1 (step 2): loss 6 is above 5, the bound of 2 trials", "",
		"asha: rung 1 (step 2): loss 4.5 is above 4.5, the bound of 4 trials", "",
	} {
		got := text(p.report(trial, []float64{5, 6, 4, 4.6, 1}[trial]))
		if trial == 3 { // the second best of four: it goes on
			want = ""
		}
		if !strings.HasSuffix(strings.TrimSpace(got), want) || (want == "") != (got == "") {
			t.Errorf("trial %d: %q, want %q", trial, got, want)
		}
	}
	// Its later rungs are 4 and 8; none is at 16, beyond max_iter.
	for step := 3; step <= 40; step++ {
		if got := p.report(4, 1); got != nil {
			t.Errorf("the best is stopped: %v", got)
		}
	}
	if m := p.Memory(4); len(m.Marks[0]) != 3 || m.At != 40 {
		t.Errorf("the best has met %v", m)
	}
}

// TestOthers tells the story of each rule that judges a trial by itself or by the median.
func TestOthers(t *testing.T) {
	t.Run("median", func(t *testing.T) {
		p := newPlay(t, spec("{type: median, min_iter: 3, min_trials: 3}"))
		for _, trial := range []int{0, 1, 2} {
			for range 3 {
				if got := p.report(trial, float64(trial)); got != nil {
					t.Fatalf("with too few others: %v", got)
				}
			}
		}
		p.report(3, 9)
		p.report(3, 8)
		if got := text(p.report(3, 7)); got != "3 median: step 3: the best loss 7 is above 1, the median of the means of 3 others\n" {
			t.Error(got)
		}
		p.report(4, 9)
		p.report(4, 0.5)
		if got := p.report(4, 9); got != nil {
			t.Errorf("its best is below the median: %v", got)
		}
	})
	t.Run("plateau", func(t *testing.T) {
		p := newPlay(t, spec("{type: plateau, patience: 3, min_delta: 0.1}"))
		for _, v := range []float64{5, 4, 3.95, 3.93} {
			if got := p.report(0, v); got != nil {
				t.Fatalf("%v", got)
			}
		}
		got := p.report(0, 4)
		if len(got) != 1 || !got[0].Done || got[0].Reason != "plateau: step 5: loss is no better than 4 since step 2" {
			t.Errorf("%+v", got)
		}
		for range 3 {
			p.report(1, math.NaN())
		}
		if got := p.report(1, math.NaN()); len(got) != 1 || got[0].Done {
			t.Errorf("a trial that has never reported a number is no winner: %+v", got)
		}
	})
	t.Run("threshold", func(t *testing.T) {
		p := newPlay(t, spec("{type: threshold, upper: 10, min_iter: 2}"))
		if got := p.report(0, 11); got != nil {
			t.Errorf("before min_iter: %v", got)
		}
		if got := text(p.report(0, 11)); got != "0 threshold: step 2: loss 11 is beyond 10\n" {
			t.Error(got)
		}
		p.report(1, 1)
		if got := p.report(1, math.NaN()); len(got) != 1 {
			t.Errorf("NaN is within no bounds: %v", got)
		}
	})
	t.Run("budget", func(t *testing.T) {
		p := newPlay(t, "{method: random, metric: {name: loss}, parameters: {x: {min: 0.5, max: 1.5}}, limits: {steps: 9, trial: {steps: 2}}}")
		p.report(0, 1)
		if got := p.report(0, 1); len(got) != 1 || !got[0].Done {
			t.Errorf("%+v", got)
		}
		p.report(1, 1)
		if p.Steps() != 3 {
			t.Errorf("%d steps", p.Steps())
		}
	})
}

// TestExpectEnds: rungs at which nobody ends are none to tell of, though W&B's never end without max_iter.
func TestExpectEnds(t *testing.T) {
	for rule, want := range map[string][]int64{"{type: hyperband, min_iter: 3}": {3, 9, 27}, "{type: hyperband, max_iter: 27, s: 2}": {3, 9}} {
		s := parse(t, strings.Replace(spec(rule), "{", "{run_cap: 12, ", 1))
		x := Expect(s)[0].Brackets[0]
		var steps []int64
		for _, r := range x.Rungs {
			steps = append(steps, r.Step)
		}
		if s.Trials != 12 || !slices.Equal(steps, want) || x.Rungs[0].Stops != 8 {
			t.Errorf("%s: %+v", rule, x)
		}
	}
}

// TestBrackets: Hyperband gives each bracket its share, whatever the order in which trials begin.
func TestBrackets(t *testing.T) {
	s := New(parse(t, spec("{type: hyperband, max_iter: 27, eta: 3}")))
	h := s.rules[0].(*halving)
	if len(h.losses) != 4 || len(h.losses[0]) != 3 || len(h.losses[3]) != 0 {
		t.Fatalf("%d brackets", len(h.losses))
	}
	var n [4]float64
	for trial := range 9000 {
		n[h.bracketOf(trial)]++
	}
	// 27·4/4, 9·4/3, 3·4/2 and 4 of 27+12+6+4 = 49
	for b, want := range []float64{27, 12, 6, 4} {
		if got := n[b] / 9000 * 49; math.Abs(got-want) > 1 {
			t.Errorf("bracket %d has %.2f of 49, want %v", b, got, want)
		}
	}
}

// TestRestored: a stopper that is made anew of the trials' memories goes on as the one that never ended, for every rule.
func TestRestored(t *testing.T) {
	for _, rule := range []string{
		"{type: asha, eta: 2}", "{type: asha, eta: 3, max_iter: 30, brackets: 3}", "{type: hyperband, min_iter: 2}",
		"{type: hyperband, max_iter: 20, s: 2, strict: false}", "{type: median}", "{type: plateau, patience: 5}",
		"[{type: threshold, upper: 2}, {type: asha}, {type: median, interval: 3}]",
	} {
		made := 0
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 5))
			whole, torn := newPlay(t, spec(rule)), newPlay(t, spec(rule))
			for i := range 400 {
				trial, v := r.IntN(3+i/15), r.NormFloat64()
				if r.IntN(30) == 0 {
					v = math.NaN()
				}
				if r.IntN(20) == 0 {
					torn = torn.again(t, spec(rule), r)
				}
				if r.IntN(40) == 0 && whole.series[trial] != nil && whole.Undecided(trial) { // it is tried again, in a while
					whole.End(trial)
					torn.End(trial)
					continue
				}
				for _, p := range []*play{whole, torn} {
					if p.trials[trial] != nil && !p.trials[trial].live && p.Undecided(trial) {
						p.series[trial] = &sweep.Series{}
						p.Begin(trial)
					}
				}
				a, b := text(whole.report(trial, v)), text(torn.report(trial, v))
				if a != b {
					t.Fatalf("%s, seed %d, report %d: undisturbed %q, restored %q", rule, seed, i, a, b)
				}
				if a != "" {
					made++
				}
			}
			if whole.Steps() != torn.Steps() {
				t.Errorf("%s: %d and %d steps", rule, whole.Steps(), torn.Steps())
			}
		}
		if made < 20 {
			t.Errorf("%s: only %d decisions were made", rule, made)
		}
	}
}

// again is the play in a new process, which reads the memories in any order.
func (p *play) again(t *testing.T, config string, r *rand.Rand) *play {
	n := newPlay(t, config)
	n.series = p.series
	last := 0
	for trial := range p.series {
		last = max(last, trial)
	}
	for _, trial := range r.Perm(last + 1) {
		if s := p.series[trial]; s != nil {
			n.Restore(trial, p.Memory(trial), s, p.trials[trial].live)
		}
	}
	return n
}
