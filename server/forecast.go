package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// When is when a sweep would start and end if it were submitted now. Fields may be added, not renamed.
type When struct {
	Start        *Span    `json:"start_seconds,omitempty" doc:"Its first trial, from now on; absent: not within what was looked at."`
	End          *Span    `json:"end_seconds,omitempty" doc:"Its last trial, from now on; absent: not within what was looked at, or nothing is known of how long trials take."`
	TrialSeconds float64  `json:"trial_seconds,omitempty" doc:"That a trial of it is taken to need."`
	Basis        string   `json:"basis" enum:"given,same_name,others,timeout,unknown" doc:"How that is known: it was given, by sweeps of the same name, by all others, half of task.timeout, or not at all."`
	Trials       int      `json:"trials" doc:"Trials that have ended by which it is known."`
	Ahead        Ahead    `json:"ahead"`
	Assumes      []string `json:"assumes" doc:"What the answer takes for granted."`
	Sentence     string   `json:"sentence"`
}

// Span is a time in seconds with its uncertainty.
type Span struct {
	Expected float64 `json:"expected"`
	Earliest float64 `json:"earliest"`
	Latest   float64 `json:"latest"`
}

// Ahead is what runs and waits already.
type Ahead struct {
	Sweeps  int `json:"sweeps"`
	Running int `json:"running" doc:"Tasks."`
	Waiting int `json:"waiting" doc:"Trials that may start."`
}

// By which factor trials may take less or more than is expected.
const (
	spreadKnown   = 1.2 // of the sweep itself, by knownTrials and more
	spreadFew     = 1.5 // by fewer, or by a sweep of the same name
	spreadGuessed = 2   // by others, or by a timeout
	knownTrials   = 10
)

// guess is how long trials take.
type guess struct {
	trial  time.Duration
	spread float64
	basis  string
	trials int
}

// Forecast is when a sweep of this user would start and end on this server, given what runs and waits, in which shares. Trial is how long one
// of its trials takes; 0: as long as those that are known. It plays the division of the cluster on, outside of the scheduler.
func (s *Server) Forecast(ctx context.Context, spec *sweep.Spec, user string, trial time.Duration) (*When, error) {
	look, err := s.loop.Outlook(ctx)
	if err != nil {
		return nil, classify(err)
	}
	if s.cfg.Cluster.onThisMachine() || look.Total.Zero() { // nothing was offered yet, or others on this machine have part of it
		found, err := s.cfg.Cluster.Offers(ctx, s.cfg.FrameworkName+" plan", feasibleWait)
		if err != nil {
			return nil, err
		}
		index := offers.NewIndex()
		index.Add(found...)
		look.Total = look.Total.Max(index.Supply(time.Now(), offers.Options{}).Total)
	}
	need, err := meanNeed(spec)
	if err != nil {
		return nil, err
	}
	own := guessOf(look.Sweeps, spec, trial)
	w := &When{TrialSeconds: own.trial.Seconds(), Basis: own.basis, Trials: own.trials, Assumes: []string{
		"what a trial needs has room where as much is free in all: that of several agents counts as one",
		"no trial fails, none is preempted, nothing else is submitted, and what runs beside this server takes nothing",
		"a sweep that is paused stays so",
	}}
	all := make([]fairness.Prospect, 0, len(look.Sweeps)+1)
	guesses := make([]guess, 0, len(look.Sweeps)+1)
	elapsed := make([][]time.Duration, 0, len(look.Sweeps)+1)
	for _, one := range look.Sweeps {
		if one.Waiting == 0 && len(one.Running) == 0 {
			continue
		}
		w.Ahead = Ahead{w.Ahead.Sweeps + 1, w.Ahead.Running + len(one.Running), w.Ahead.Waiting + one.Waiting}
		p, err := prospectOf(one)
		if err != nil {
			return nil, err
		}
		all, guesses, elapsed = append(all, p), append(guesses, guessFor(one, own)), append(elapsed, one.Running)
	}
	all = append(all, fairness.Prospect{Queue: spec.InQueue(), User: user, Priority: spec.Priority, Need: need, Waiting: spec.Trials, Most: spec.Limits.Parallel})
	guesses, elapsed = append(guesses, own), append(elapsed, nil)
	w.foresee(look, all, guesses, elapsed)
	return w, nil
}

// foresee plays on three times: with trials as long as expected, and with all shorter and all longer.
func (w *When) foresee(look scheduler.Outlook, all []fairness.Prospect, guesses []guess, elapsed [][]time.Duration) {
	var f [3]fairness.Forecast
	of := len(all) - 1
	for i, power := range []float64{0, -1, 1} {
		for k := range all {
			took := float64(guesses[k].trial)
			switch {
			case power < 0:
				took /= guesses[k].spread
			case power > 0:
				took *= guesses[k].spread
			}
			all[k].Trial = max(time.Millisecond, time.Duration(took))
			all[k].Ends = all[k].Ends[:0]
			for _, ran := range elapsed[k] { // what runs longer than it should is nearly done
				all[k].Ends = append(all[k].Ends, max(all[k].Trial-ran, all[k].Trial/10))
			}
		}
		f[i] = fairness.Foresee(look.Queues, look.Total, all, of)
	}
	// what takes longer may come earlier, where others are held up more
	span := func(of func(fairness.Forecast) time.Duration) *Span {
		first, least, most := of(f[0]).Seconds(), of(f[1]).Seconds(), of(f[2]).Seconds()
		return &Span{first, min(first, least, most), max(first, least, most)}
	}
	unknown := w.Basis == "unknown"
	free := f[0].Begins && f[0].Start == 0 // it starts at once, however long trials take
	if f[0].Begins && f[1].Begins && f[2].Begins && (!unknown || free) {
		w.Start = span(func(f fairness.Forecast) time.Duration { return f.Start })
	}
	if f[0].Finishes && f[1].Finishes && f[2].Finishes && !unknown {
		w.End = span(func(f fairness.Forecast) time.Duration { return f.End })
	}
	if slices.ContainsFunc(guesses, func(g guess) bool { return g.trial >= scheduler.LongestMean && g.basis != "given" }) {
		w.Assumes = append(w.Assumes, "trials of other sweeps that took an hour and more take one hour")
	}
	w.Sentence = w.sentence(f[0])
}

func (w *When) sentence(f fairness.Forecast) string {
	starts := "would never start here as things stand"
	switch {
	case f.Never && !f.Begins:
		return starts
	case w.Start != nil && w.Start.Latest == 0:
		starts = "would start at once"
	case w.Start != nil:
		starts = "would start in " + w.Start.String()
	case w.Basis == "unknown":
		return "would wait, and nothing is known of how long trials take: say it with --trial-time, as in --trial-time 10m"
	case f.Begins || f.End > 0:
		return fmt.Sprintf("would not have ended after %s; that is as far as was looked", about(f.End.Seconds()))
	}
	switch {
	case w.End != nil:
		return fmt.Sprintf("%s and end after %s", starts, w.End)
	case w.Start != nil && w.Basis == "unknown":
		return starts + "; when it would end is not known: say how long a trial takes with --trial-time, as in --trial-time 10m"
	case w.Start != nil:
		return fmt.Sprintf("%s, and would not have ended after %s", starts, about(f.End.Seconds()))
	}
	return starts
}

// String is a span for people.
func (s *Span) String() string {
	if about(s.Earliest) == about(s.Latest) {
		return "about " + about(s.Expected)
	}
	return fmt.Sprintf("about %s (%s to %s)", about(s.Expected), about(s.Earliest), about(s.Latest))
}

// about is a time for people, in two digits or so.
func about(seconds float64) string {
	const minute, hour, day = 60, 3600, 86400
	switch {
	case seconds < 90:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 90*minute:
		return fmt.Sprintf("%.0f min", seconds/minute)
	case seconds < 2*day:
		return fmt.Sprintf("%.1f h", seconds/hour)
	}
	return fmt.Sprintf("%.1f days", seconds/day)
}

// guessOf is how long trials of a sweep take that has not begun.
func guessOf(all []scheduler.SweepOutlook, spec *sweep.Spec, given time.Duration) guess {
	if given > 0 {
		return guess{given, 1, "given", 0}
	}
	var same, others scheduler.SweepOutlook
	for i := len(all) - 1; i >= 0; i-- {
		one := &all[i]
		if one.Ended == 0 {
			continue
		}
		if one.Spec.Name == spec.Name && spec.Name != "" && same.Ended == 0 { // the latest
			same = *one
		}
		n := time.Duration(one.Ended)
		others.Mean = (others.Mean*time.Duration(others.Ended) + one.Mean*n) / (time.Duration(others.Ended) + n)
		others.Ended += one.Ended
	}
	switch {
	case same.Ended > 0:
		return guess{same.Mean, spreadFew, "same_name", same.Ended}
	case spec.Task.Timeout > 0:
		return guess{spec.Task.Timeout / spreadGuessed, spreadGuessed, "timeout", 0}
	case others.Ended > 0:
		return guess{others.Mean, spreadGuessed, "others", others.Ended}
	}
	return guess{time.Minute, spreadGuessed, "unknown", 0}
}

// guessFor is how long trials of a sweep take that the server has; of one without any that has ended, as those of the new one.
func guessFor(one scheduler.SweepOutlook, own guess) guess {
	switch {
	case one.Ended >= knownTrials:
		return guess{trial: one.Mean, spread: spreadKnown}
	case one.Ended > 0:
		return guess{trial: one.Mean, spread: spreadFew}
	case one.Spec.Task.Timeout > 0:
		return guess{trial: one.Spec.Task.Timeout / spreadGuessed, spread: spreadGuessed}
	}
	return guess{trial: own.trial, spread: max(own.spread, spreadGuessed), basis: own.basis}
}

// prospectOf is a sweep of the server as it goes on.
func prospectOf(one scheduler.SweepOutlook) (p fairness.Prospect, err error) {
	p = fairness.Prospect{Queue: one.Spec.InQueue(), User: one.User, Priority: one.Spec.Priority, Waiting: one.Waiting, Most: one.Most}
	p.Need, err = meanNeed(one.Spec)
	return p, err
}

// meanNeed is what a trial of a sweep needs, in the mean of those looked at.
func meanNeed(spec *sweep.Spec) (mean resource.Resources, err error) {
	demands, err := demandsOf(spec)
	if err != nil || len(demands) == 0 {
		return mean, err
	}
	count := 0
	for i := range demands {
		mean.Add(&demands[i].Resources, demands[i].Count)
		count += demands[i].Count
	}
	n := resource.Milli(cmp.Or(count, 1))
	mean.CPUs, mean.Mem, mean.Disk, mean.GPUs, mean.Ports = mean.CPUs/n, mean.Mem/n, mean.Disk/n, mean.GPUs/n, mean.Ports/cmp.Or(count, 1)
	for name := range mean.Named {
		mean.Named[name] /= n
	}
	return mean, nil
}
