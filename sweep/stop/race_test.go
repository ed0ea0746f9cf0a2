package stop

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

func raced(t testing.TB, points, repeats int) *sweep.Spec {
	t.Helper()
	s, err := sweep.Parse("s.yaml", fmt.Appendf(nil, `
method: random
run_cap: %d
repeat: {trials: %d, racing: true}
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}}
command: [x]
`, points*repeats, repeats))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// runRace runs a race with so many trials at a time, whose values are those of their points with noise. It answers how many ran, and
// the best of the points that ran more than half of their trials, by mean.
func runRace(r *Race, means []float64, repeats, parallel int, noise float64, rng *rand.Rand) (ran, best int, order []int, whys []string) {
	sums, counts := make([]float64, len(means)), make([]int, len(means))
	var running []int
	for {
		for len(running) < parallel {
			trial, ok := r.Next()
			if !ok {
				break
			}
			r.Began(trial)
			running, order = append(running, trial), append(order, trial)
		}
		if len(running) == 0 {
			break
		}
		at := rng.IntN(len(running))
		trial := running[at]
		running = append(running[:at], running[at+1:]...)
		v := means[trial/repeats] + noise*rng.NormFloat64()
		ran++
		sums[trial/repeats] += v
		counts[trial/repeats]++
		r.Ended(trial, v, true)
		for _, d := range r.Losers() {
			whys = append(whys, d.Reason)
			r.Lost(d.Trial)
		}
	}
	best = -1
	for p := range means {
		if 2*counts[p] > repeats && (best < 0 || sums[p]/float64(counts[p]) < sums[best]/float64(counts[best])) {
			best = p
		}
	}
	return ran, best, order, whys
}

// Repeats go to the points that may be the best: with little noise nearly none of the others', and the best is not lost.
func TestRaceSpendsRepeatsOnThePromising(t *testing.T) {
	const points, repeats = 40, 5
	for _, learns := range []bool{false, true} {
		for _, noise := range []float64{0, 0.01, 0.1} {
			spent, right := 0, 0
			const seeds = 40
			for seed := range seeds {
				rng := rand.New(rand.NewPCG(uint64(seed), 1))
				means := make([]float64, points)
				least := 0
				for p := range means {
					if means[p] = rng.Float64(); means[p] < means[least] {
						least = p
					}
				}
				ran, best, _, _ := runRace(NewRace(raced(t, points, repeats), learns), means, repeats, 4, noise, rng)
				if spent += ran; best >= 0 && means[best]-means[least] <= noise {
					right++
				}
			}
			most := map[float64]float64{0: 0.4, 0.01: 0.45, 0.1: 0.75}[noise]
			if share := float64(spent) / (seeds * points * repeats); share > most {
				t.Errorf("learns %v, noise %v: %.2f of all trials ran", learns, noise, share)
			} else {
				t.Logf("learns %v, noise %v: %.2f of all trials ran, %d of %d right", learns, noise, share, right, seeds)
			}
			if right < seeds*9/10 {
				t.Errorf("learns %v, noise %v: the best was found %d times of %d", learns, noise, right, seeds)
			}
		}
	}
}

// All points run once before any runs again, unless a search is to learn from them; equal points all run.
func TestRaceOrder(t *testing.T) {
	means := []float64{3, 1, 2}
	_, _, order, whys := runRace(NewRace(raced(t, 3, 3), false), means, 3, 1, 0, rand.New(rand.NewPCG(1, 1)))
	if got := fmt.Sprint(order); got != "[0 3 6 4 5]" {
		t.Errorf("order %s", got)
	}
	if len(whys) != 4 || !strings.HasPrefix(whys[0], "racing: loss of point 0, 3 on average of 1, is behind that of point 1, 1 of 2 (t ") {
		t.Errorf("%d: %v", len(whys), whys)
	}
	_, _, order, _ = runRace(NewRace(raced(t, 3, 3), true), means, 3, 1, 0, rand.New(rand.NewPCG(1, 1)))
	if got := fmt.Sprint(order); got != "[0 1 2 3 4 5 6]" {
		t.Errorf("of a search that learns: order %s", got)
	}
	ran, _, _, _ := runRace(NewRace(raced(t, 3, 3), false), []float64{1, 1, 1}, 3, 2, 0, rand.New(rand.NewPCG(1, 1)))
	if ran != 9 {
		t.Errorf("of equal points %d trials ran", ran)
	}
	failing := NewRace(raced(t, 1, 3), false)
	for range 2 {
		trial, _ := failing.Next()
		failing.Ended(trial, 0, false)
	}
	if all := failing.Losers(); len(all) != 1 || !strings.Contains(all[0].Reason, "2 of the 3 trials of point 0 have not succeeded") {
		t.Errorf("%v", all)
	}
}

// Of trials that were taken and have not begun those of losers need not run, the turns of others can be taken back, and none is left of
// points that an extension drops.
func TestRaceOfTakenTrials(t *testing.T) {
	r := NewRace(raced(t, 3, 3), false)
	all := map[int]bool{}
	for trial, ok := r.Next(); ok; trial, ok = r.Next() {
		all[trial] = true
	}
	if len(all) != 9 {
		t.Fatalf("taken: %v", all)
	}
	r.Ended(0, 1, true)
	r.Ended(1, 1, true)
	r.Ended(3, 5, true)
	r.Began(4)
	if got := r.Losers(); len(got) != 1 || got[0].Trial != 5 {
		t.Errorf("losers: %v", got)
	}
	r.Lost(5)
	r.Reset()
	var again []int
	for trial, ok := r.Next(); ok; trial, ok = r.Next() {
		again = append(again, trial)
	}
	if fmt.Sprint(again) != "[6 7 2 8]" && fmt.Sprint(again) != "[6 2 7 8]" {
		t.Errorf("taken again: %v", again)
	}
	r.Extend(raced(t, 2, 3))
	if trial, ok := r.Next(); ok {
		t.Errorf("after a shorter spec: %d", trial)
	}
	r.Ended(2, 1, true)
	r.Losers()
	r.Extend(raced(t, 4, 3))
	if trial, ok := r.Next(); !ok || trial != 6 {
		t.Errorf("of new points: %d, %v", trial, ok)
	}

	// as an earlier process left it
	r = NewRace(raced(t, 2, 3), false)
	r.Ended(0, 1, true)
	r.Ended(3, 5, true)
	r.Lost(4)
	if got := r.Losers(); len(got) != 1 || got[0].Trial != 5 || got[0].Reason != "racing: point 1 has lost" {
		t.Errorf("what a point that has lost has left: %v", got)
	}
}

// A race goes on after a restart as it would have.
func TestRaceIsRestored(t *testing.T) {
	spec := raced(t, 30, 4)
	rng := rand.New(rand.NewPCG(3, 3))
	value := make([]float64, spec.Trials)
	for i := range value {
		value[i] = float64(i/4%7) + rng.NormFloat64()
	}
	run := func(r *Race, ended map[int]bool, lost map[int]bool, most int) (log []string) {
		for range most {
			trial, ok := r.Next()
			if !ok {
				break
			}
			log = append(log, fmt.Sprint(trial))
			r.Ended(trial, value[trial], true)
			ended[trial] = true
			for _, d := range r.Losers() {
				r.Lost(d.Trial)
				lost[d.Trial] = true
				log = append(log, d.Reason)
			}
		}
		return log
	}
	want := run(NewRace(spec, false), map[int]bool{}, map[int]bool{}, spec.Trials)
	ended, lost := map[int]bool{}, map[int]bool{}
	got := run(NewRace(spec, false), ended, lost, 50)
	again := NewRace(spec, false)
	for trial := spec.Trials - 1; trial >= 0; trial-- {
		switch {
		case lost[trial]:
			again.Lost(trial)
		case ended[trial]:
			again.Ended(trial, value[trial], true)
		}
	}
	again.Losers()
	got = append(got, run(again, ended, lost, spec.Trials)...)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
