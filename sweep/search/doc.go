// Package search chooses the point of each trial.
//
// A Method answers one question, Ask(index): which point does trial number index evaluate? Grid and random search,
// sequences and designs answer from the index alone, so they hold no points: a sweep of a million trials costs them
// nothing, trials may be asked for in any order, and a scheduler that starts again gets the same point for the same
// index. Methods that learn (TPE, a Gaussian process, CMA-ES) join through the same interface: they hear of results by
// Tell, and say by Replay that they depend on them. A Log numbers what a method is asked and told, so that after a
// crash it can be asked and told the same again, in the same order.
//
// The package decides nothing about resources, attempts or early stopping. It has no clock, goroutine or
// I/O; a Method is used by one goroutine, the scheduler's loop. In the flow it stands between the space and
// the trial.
package search
