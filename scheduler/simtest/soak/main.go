package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/simtest"
)

// garbage is how much the heap may grow before it is collected: stories are short-lived, and memory is not what a
// soak is short of.
const garbage = 400

func main() {
	seconds := flag.Int("seconds", 30, "how long to play")
	seeds := flag.Uint64("seeds", 0, "how many seeds to play, however long it takes; 0: as many as there is time for")
	from := flag.Uint64("from", uint64(time.Now().UnixNano())%1e9*1000, "the first seed; default: another every time")
	seed := flag.Int64("seed", -1, "play only this one and tell it")
	workers := flag.Int("workers", runtime.NumCPU(), "stories at a time")
	flag.Parse()
	debug.SetGCPercent(garbage)
	if *seed >= 0 {
		os.Exit(one(uint64(*seed)))
	}
	ctx, cancel := context.Background(), func() {}
	if *seeds == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(*seconds)*time.Second)
	}
	code := soak(ctx, simtest.SoakConfig{First: *from, Seeds: *seeds, Workers: *workers, Again: 50, Out: os.Stdout})
	cancel()
	os.Exit(code)
}

func soak(ctx context.Context, c simtest.SoakConfig) int {
	fmt.Printf("seeds from %d on\n", c.First)
	r, err := simtest.Soak(ctx, c)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for kind, n := range r.Counts {
		fmt.Printf("  %-16s %d\n", simtest.Kind(kind), n)
	}
	fmt.Printf("%.0f seeds/s\n", float64(r.Seeds)/r.Elapsed.Seconds())
	fmt.Printf("soak: %d seeds, %d faults, %d violations\n", r.Seeds, r.Counts.Total(), r.Violations)
	if r.Violations > 0 {
		return 1
	}
	return 0
}

func one(seed uint64) int {
	story := simtest.Draw(seed)
	r, err := simtest.Run(story, simtest.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if r.Failure == "" {
		fmt.Print(simtest.Tell(story, simtest.Options{}, 10_000))
		return 0
	}
	fmt.Printf("seed %d: %s\nshortened:\n", seed, r.Failure)
	short, _ := simtest.Shrink(story, simtest.Options{}, 2000)
	fmt.Print(simtest.Tell(short, simtest.Options{}, 1000))
	return 1
}
