// Package stop decides which trials are ended before they are done, from what trials report while they run.
//
//	points ─► Stopper.Report ─► Decision ─► the core kills the attempt, journals and records why
//	                 │
//	              Memory ─► the journal, with the trial ─► Restore
//
// Its rules are those of the spec's `early_terminate`: asynchronous successive halving (Li et al. 2020, arXiv
// 1810.05934) and with brackets Hyperband (Li et al. 2018, arXiv 1603.06560), W&B's hyperband as its engine has it, the
// median rule of Vizier (Golovin et al. 2017), plateau and threshold; and the budgets `limits.trial.steps` and
// `limits.steps`.
//
// Race is for `repeat: {racing: true}`: in which order repeats run, and which need not.
//
// The package is pure: no clock, goroutine, I/O or randomness beyond the spec's seed. What it decides depends on what
// it was told, in that order. It kills nothing, knows no attempts but by Begin, and keeps no curves: of each trial only
// what a rule has to compare, its Memory, which the journal keeps with the trial, so that a restart costs no more than
// reading it.
//
// Its nouns: a rung is a step at which trials are compared; a bracket is the rungs that one trial meets; a mark is what
// a trial had at one. A Decision says who is ended, by which rule, at which step, by which value against which bound,
// and whether the trial is a loser, which counts as stopped, or done, which counts as succeeded.
//
// One goroutine calls it, the scheduler's core. The simulation checks that the decisions in the journal are those that
// a new Stopper makes of the records.
package stop
