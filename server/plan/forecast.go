package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
)

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

// Foresee is when a sweep of this user would start and end, given what runs and waits, in which shares. Trial is how
// long one of its trials takes; 0: as long as those that are known. It plays the division of the cluster on, outside of
// the scheduler.
func Foresee(look scheduler.Outlook, spec *sweep.Spec, user string, trial time.Duration) (*When, error) {
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
	all = append(all, fairness.Prospect{Queue: spec.InQueue(), User: user, Priority: spec.Priority, Need: need,
		Waiting: spec.Trials, Most: spec.Limits.Parallel})
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
	if slices.ContainsFunc(guesses, func(g guess) bool {
		return g.trial >= scheduler.LongestMean && g.basis != "given"
	}) {
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
		return "would wait, and nothing is known of how long trials take: say it with --trial-time, as " +
			"in --trial-time 10m"
	case f.Begins || f.End > 0:
		return fmt.Sprintf("would not have ended after %s; that is as far as was looked", about(f.End.Seconds()))
	}
	switch {
	case w.End != nil:
		return fmt.Sprintf("%s and end after %s", starts, w.End)
	case w.Start != nil && w.Basis == "unknown":
		return starts + "; when it would end is not known: say how long a trial takes with --trial-time, as in " +
			"--trial-time 10m"
	case w.Start != nil:
		return fmt.Sprintf("%s, and would not have ended after %s", starts, about(f.End.Seconds()))
	}
	return starts
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

// guessFor is how long trials of a sweep take that the server has; of one without any that has ended, as those of the
// new one.
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
	p = fairness.Prospect{Queue: one.Spec.InQueue(), User: one.User, Priority: one.Spec.Priority, Waiting: one.Waiting,
		Most: one.Most}
	p.Need, err = meanNeed(one.Spec)
	return p, err
}
