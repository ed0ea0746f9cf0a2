package simtest

import (
	"math"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// What simulated trials report, and how long they may take.
const (
	objective    = "loss"
	trialTimeout = 5 * time.Minute
)

// behaviour is what kind of program a trial is. It depends on the trial alone, so outcomes do not depend on
// faults.
type behaviour uint8

const (
	good    behaviour = iota // reports, and ends with 0
	quick                    // the same, at once
	bursty                   // reports hundreds of points in a moment
	nan                      // reports NaN at last
	silent                   // reports another metric only
	broken                   // ends with exit code 3
	flaky                    // fails on every other attempt
	endless                  // never ends by itself
)

// script is the life of one attempt.
type script struct {
	points   []point
	duration time.Duration
	endless  bool
	exit     int
}

// point is the objective after a time; named says under which name.
type point struct {
	after time.Duration
	name  string
	value float64
}

// mix is a hash of numbers.
func mix(xs ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, x := range xs {
		h ^= x
		h *= 0xff51afd7ed558ccd
		h ^= h >> 32
		h *= 0xc4ceb9fe1a85ec53
		h ^= h >> 29
	}
	return h
}

func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// behaviourOf says what a trial is; the `then` step is good.
func (s *Story) behaviourOf(trial int) behaviour {
	h := mix(s.Seed, uint64(trial)+7, 1)
	if trial < 0 {
		return good
	}
	if !s.Hard {
		switch h % 8 {
		case 0:
			return quick
		case 1:
			return bursty
		}
		return good
	}
	switch h % 16 {
	case 0:
		return nan
	case 1:
		return silent
	case 2:
		return broken
	case 3, 4:
		return flaky
	case 5:
		if h>>32%4 == 0 {
			return endless
		}
		return good
	case 6, 7:
		return quick
	case 8:
		return bursty
	}
	return good
}

// scriptOf is what an attempt does. The values depend on the trial alone; the times also on the attempt.
func (s *Story) scriptOf(trial, attempt int) script {
	n := s.behaviourOf(trial)
	h := mix(s.Seed, uint64(trial)+7, 2)
	t := mix(s.Seed, uint64(trial)+7, uint64(attempt), 3)
	points := 1 + int(h%6)
	length := time.Duration(unit(t) * float64(20*time.Second))
	if t%7 == 0 {
		length = time.Duration(unit(t) * float64(100*time.Second))
	}
	if s.Slow {
		length = time.Minute + time.Duration(unit(t)*float64(3*time.Minute))
	}
	if s.Short {
		length = time.Duration(unit(t) * float64(700*time.Millisecond))
		if t%17 == 0 {
			length *= 20
		}
	}
	switch n {
	case quick:
		points, length = 1, time.Millisecond
	case bursty:
		points = 40 + int(h%200)
	}
	sc := script{duration: length, endless: n == endless}
	for i := range points {
		at := length * time.Duration(i+1) / time.Duration(points+1)
		if n == bursty {
			at = length / 2
		}
		sc.points = append(sc.points, point{after: at, name: objective, value: s.value(trial, i)})
	}
	switch n {
	case nan:
		sc.points = append(sc.points, point{length, objective, math.NaN()})
	case silent:
		for i := range sc.points {
			sc.points[i].name = "other"
		}
	case broken:
		sc.exit = 3
	case flaky:
		sc.exit = attempt % 2
	}
	return sc
}

// value is a trial's objective at its point i; the last is the trial's own number, the others lie near it.
func (s *Story) value(trial, i int) float64 {
	v := unit(mix(s.Seed, uint64(trial)+7, 4))
	if s.Racing > 0 && trial >= 0 { // most of it is the point's
		v = v/8 + unit(mix(s.Seed, uint64(trial/s.Racing)+7, 8))
	}
	return v + 0.01*unit(mix(s.Seed, uint64(trial)+7, uint64(i), 5))
}

// may lists the states in which a trial may end, when nobody stopped it and no attempts were lost beyond
// budget.
func (s *Story) may(trial int) []sweep.State {
	switch s.behaviourOf(trial) {
	case silent, broken, endless:
		return []sweep.State{sweep.Failed}
	case flaky:
		return []sweep.State{sweep.Succeeded, sweep.Failed}
	}
	return []sweep.State{sweep.Succeeded}
}
