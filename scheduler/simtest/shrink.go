package simtest

import (
	"slices"
	"strings"
)

// Shrink looks for a shorter story in which the same law is broken: fewer faults, trials, agents and
// complications. It plays at most tries stories, and returns the shortest that still fails, with its result.
func Shrink(s Story, o Options, tries int) (Story, Result) {
	h := shrinker{o: Options{Mutation: o.Mutation}, left: tries}
	r, err := Run(s, h.o)
	if err != nil || r.Failure == "" {
		return s, r
	}
	h.law, h.best, h.result = lawOf(r.Failure), s, r
	for before := -1; before != h.size() && h.left > 0; {
		before = h.size()
		h.faults()
		h.setting()
	}
	return h.best, h.result
}

// lawOf is the law that a failure names.
func lawOf(failure string) string {
	law, _, _ := strings.Cut(failure, ":")
	return law
}

type shrinker struct {
	o      Options
	left   int // stories that may still be played
	law    string
	best   Story
	result Result
}

// size is what is made smaller.
func (h *shrinker) size() int { return 1000*len(h.best.Faults) + 10*h.best.Trials + h.best.Agents }

// try plays a story and keeps it when it breaks the same law.
func (h *shrinker) try(s Story) bool {
	if h.left <= 0 {
		return false
	}
	h.left--
	r, err := Run(s, h.o)
	if err != nil || r.Failure == "" || lawOf(r.Failure) != h.law {
		return false
	}
	h.best, h.result = s, r
	return true
}

// faults leaves out faults: halves, quarters, and so on down to single ones (Zeller's ddmin, without the
// complements, which are the same as leaving out).
func (h *shrinker) faults() {
	for n := (len(h.best.Faults) + 1) / 2; n >= 1; n /= 2 {
		for at := 0; at < len(h.best.Faults); {
			s := h.best
			s.Faults = slices.Delete(slices.Clone(s.Faults), at, min(at+n, len(s.Faults)))
			if !h.try(s) {
				at += n
			}
		}
	}
}

// setting makes the cluster and the sweep smaller and plainer.
func (h *shrinker) setting() {
	for _, simpler := range []func(*Story){
		func(s *Story) { s.Sharing = sharing{} },
		func(s *Story) { s.Sweeps = 1 },
		func(s *Story) { s.Trials = max(1, s.Trials/4) },
		func(s *Story) { s.Trials = max(1, s.Trials/2) },
		func(s *Story) { s.Trials = max(1, s.Trials-1) },
		func(s *Story) { s.Agents = 1 },
		func(s *Story) { s.Agents = max(1, s.Agents-1) },
		func(s *Story) { s.Foreign = 0 },
		func(s *Story) { s.Hard = false },
		func(s *Story) { s.Slow = false },
		func(s *Story) { s.Bundle = "off" },
		func(s *Story) { s.Short = false },
		func(s *Story) { s.Racing = 0 },
		func(s *Story) { s.Known = 0 },
		func(s *Story) { s.Then = false },
		func(s *Story) { s.Learns = false },
		func(s *Story) { s.Target = false },
		func(s *Story) { s.Mixed = false },
		func(s *Story) { s.Constrained = false },
		func(s *Story) { s.Isolated = false },
		func(s *Story) { s.Rare = false },
		func(s *Story) { s.Narrow = false },
		func(s *Story) { s.OnDisk = false },
		func(s *Story) { s.Parallel = 0 },
		func(s *Story) { s.FailLimit = 0 },
		func(s *Story) { s.Wall = 0 },
		func(s *Story) { s.Early = "" },
		func(s *Story) { s.TrialSteps, s.Steps = 0, 0 },
		func(s *Story) { s.TrialTime = 0 },
		func(s *Story) { s.OfferTimeout = 0 },
		func(s *Story) { s.Rejoin = 0 },
		func(s *Story) { s.Method = "random" },
	} {
		s := h.best
		simpler(&s)
		if s.same(&h.best) {
			continue
		}
		h.try(s)
	}
}

// same compares settings; the faults are the shrinker's own.
func (s *Story) same(o *Story) bool {
	a, b := *s, *o
	return a.String() == b.String() && a.Method == b.Method
}

// Tell plays a story and returns what happened in it, its last lines if it is long, under its setting and
// over what it broke.
func Tell(s Story, o Options, lines int) string {
	var all []string
	o.Trace = func(line string) { all = append(all, line) }
	r, err := Run(s, o)
	if err != nil {
		return err.Error()
	}
	if n := len(all); n > lines {
		all = append([]string{"   (…)"}, all[n-lines:]...)
	}
	return s.String() + strings.Join(all, "\n") + "\n=> " + r.Failure + "\n"
}
