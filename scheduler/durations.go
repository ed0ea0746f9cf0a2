package scheduler

import "time"

// durations is how long the trials of a sweep took so far, those of late above all.
type durations struct {
	count int
	mean  time.Duration
}

const (
	// durationMemory is over how many trials the mean is taken, about.
	durationMemory = 32
	// trialOverhead is what an executor needs for a trial beside its run: folders, a process, its end.
	trialOverhead = 2 * time.Millisecond
	// longTrial is as good as any longer one: no bundle holds it.
	longTrial = time.Hour
)

// add takes in how long a trial took. By what an executor says that may be anything.
func (d *durations) add(took time.Duration) {
	took = min(max(took, 0), longTrial)
	d.count++
	d.mean += (took - d.mean) / time.Duration(min(d.count, durationMemory))
}

// fit is how many trials of the sweep make up an amount of work.
func (d *durations) fit(work time.Duration) int { return int(work / (d.mean + trialOverhead)) }
