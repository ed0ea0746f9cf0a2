package simtest

import "time"

// Result is what came of a run.
type Result struct {
	Story   Story
	Failure string // the first law that was broken; empty: none
	Counts  Counts // faults that struck
	Steps   int
	Lives   int           // of the scheduler
	Virtual time.Duration // how long it took, in its own time
	Hash    uint64        // of all the scheduler asked for; 0 unless Options.Hash
}

// Options of a run. The zero value is right.
type Options struct {
	Mutation Mutation
	Hash     bool
	Trace    func(line string) // hears what happens; nil: nobody
}

// Run plays a story. The error is about the story, or the real disk that a story with OnDisk needs; broken
// laws are in the result.
func Run(s Story, o Options) (Result, error) {
	w, err := newWorld(s, o.Mutation, o.Trace)
	if err != nil {
		return Result{}, err
	}
	defer w.disk.remove()
	w.hashing = o.Hash
	w.play()
	return Result{
		Story: s, Failure: w.failure, Counts: w.counts, Steps: w.steps, Lives: w.lives, Virtual: w.now.Sub(w.begin),
		Hash: w.hash,
	}, nil
}

// play lets the faults strike, and the world come to rest.
func (w *world) play() {
	w.run(w.begin.Add(w.story.span()), func() bool { return false })
	if w.failure == "" {
		w.endGame()
	}
}

// span is how long faults may strike: a while beyond the last.
func (s *Story) span() time.Duration {
	if len(s.Faults) == 0 {
		return time.Second
	}
	return s.Faults[len(s.Faults)-1].At + 30*time.Second
}
