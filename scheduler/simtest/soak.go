package simtest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// SoakConfig says what stories to play.
type SoakConfig struct {
	First    uint64 // the first seed
	Seeds    uint64 // how many; 0: until the context ends
	Workers  int    // stories at a time; at least 1
	Mutation Mutation
	Again    uint64 // every such seed is played twice, to see that nothing but the seed decides; 0: none
	Out      io.Writer
}

// Report is what came of a soak.
type Report struct {
	Seeds      uint64
	Violations int
	Counts     Counts
	Elapsed    time.Duration
}

// soakReport is how often a soak says how far it is.
const soakReport = 5 * time.Second

// shrinkTries bounds the search for a shorter story: some ten seconds.
const shrinkTries = 400

// Soak plays stories until there are enough or the context ends, and tells of every law broken: the seed, how
// to run it again, and a shorter story. The error is of a story that could not be played at all.
func Soak(ctx context.Context, c SoakConfig) (Report, error) {
	s := soak{cfg: c, next: c.First, began: time.Now()}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var crew sync.WaitGroup
	for range max(1, c.Workers) {
		crew.Go(func() {
			if err := s.work(ctx); err != nil {
				cancel(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { // ends with the crew
		crew.Wait()
		close(done)
	}()
	tick := time.NewTicker(soakReport)
	defer tick.Stop()
	for {
		select {
		case <-done:
			s.mu.Lock()
			defer s.mu.Unlock()
			r := s.report
			r.Elapsed = time.Since(s.began)
			if err := context.Cause(ctx); err != nil && err != context.DeadlineExceeded && err != context.Canceled {
				return r, err
			}
			return r, nil
		case <-tick.C:
			s.mu.Lock()
			n := s.report.Seeds
			fmt.Fprintf(c.Out, "%d seeds, %.0f seeds/s, %d faults, %d violations\n",
				n, float64(n)/time.Since(s.began).Seconds(), s.report.Counts.Total(), s.report.Violations)
			s.mu.Unlock()
		}
	}
}

type soak struct {
	cfg    SoakConfig
	began  time.Time
	mu     sync.Mutex
	next   uint64
	report Report
}

// work plays stories, one after the other.
func (s *soak) work(ctx context.Context) error {
	for ctx.Err() == nil {
		s.mu.Lock()
		seed := s.next
		if s.cfg.Seeds > 0 && seed >= s.cfg.First+s.cfg.Seeds {
			s.mu.Unlock()
			return nil
		}
		s.next++
		s.mu.Unlock()
		if err := s.play(seed); err != nil {
			return fmt.Errorf("play seed %d: %w", seed, err)
		}
	}
	return nil
}

// play plays one seed, some of them twice.
func (s *soak) play(seed uint64) error {
	o := Options{Mutation: s.cfg.Mutation, Hash: s.cfg.Again > 0 && seed%s.cfg.Again == 0}
	r, err := Run(Draw(seed), o)
	if err != nil {
		return err
	}
	if o.Hash && r.Failure == "" {
		again, err := Run(Draw(seed), o)
		if err != nil {
			return err
		}
		if again.Hash != r.Hash || again.Steps != r.Steps {
			r.Failure = fmt.Sprintf("law 6: the same story went another way: %d steps and %x, then %d and %x", r.Steps,
				r.Hash, again.Steps, again.Hash)
		}
	}
	story := ""
	if r.Failure != "" {
		short, _ := Shrink(Draw(seed), o, shrinkTries)
		story = fmt.Sprintf("seed %d: %s\nrun it again: go test ./scheduler/simtest -run TestSeeds -seed "+
			"%d -v\nshortened:\n%s\n",
			seed, r.Failure, seed, Tell(short, o, 120))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Seeds++
	s.report.Counts.Add(&r.Counts)
	if story != "" {
		s.report.Violations++
		fmt.Fprint(s.cfg.Out, story)
	}
	return nil
}
