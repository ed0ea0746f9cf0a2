package scheduler

import (
	"slices"
	"time"
)

// durations is how long the trials of a sweep took so far, those of late above all.
type durations struct {
	count  int
	mean   time.Duration
	lately [durationMemory]time.Duration // each of the last
}

const (
	// durationMemory is over how many trials the mean is taken, about.
	durationMemory = 32
	// trialOverhead is what an executor needs for a trial beside its run: folders, a process, its end.
	trialOverhead = 2 * time.Millisecond
	// mostTakes bounds what is believed of a trial.
	mostTakes = 30 * 24 * time.Hour
	// knownTrials must have ended before their time is believed.
	knownTrials = 8
	// longTrial is as good as any longer one: no bundle holds it.
	longTrial = time.Hour
)

// add takes in how long a trial took. By what an executor says that may be anything.
func (d *durations) add(took time.Duration) {
	d.lately[d.count%durationMemory] = min(max(took, 0), mostTakes)
	took = min(max(took, 0), longTrial)
	d.count++
	d.mean += (took - d.mean) / time.Duration(min(d.count, durationMemory))
}

// longest is how long the longest of the last trials took.
func (d *durations) longest() time.Duration { return slices.Max(d.lately[:]) }

// fit is how many trials of the sweep make up an amount of work.
func (d *durations) fit(work time.Duration) int { return int(work / (d.mean + trialOverhead)) }
