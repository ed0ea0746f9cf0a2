package simtest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// lateExtension is when most sweeps have ended.
const lateExtension = 25 * time.Minute

// drawLiving draws from chance of its own what goes on beyond one sweep: extensions, results of earlier work, races of
// repeats.
func (s *Story) drawLiving() {
	r := rand.New(rand.NewPCG(s.Seed, 5))
	switch r.IntN(8) {
	case 0, 1:
		s.drawExtensions(r)
	case 2:
		s.Known = 2 + r.IntN(3)
		s.Learns = false
		if r.IntN(2) == 0 {
			s.drawExtensions(r)
		}
	case 3:
		s.Racing, s.Learns = 2+r.IntN(3), false
		s.Trials = max(s.Trials, 3*s.Racing)
		s.Method = pick(r, s.Method, "tpe")
		if r.IntN(2) == 0 {
			s.drawExtensions(r)
		}
		if r.IntN(4) == 0 && s.Method != "tpe" {
			s.Known = 2 + r.IntN(3)
		}
	case 4:
		if s.Method != "grid" && !s.Learns {
			s.Method = "tpe"
		}
	}
}

// drawMaintenance has an operator take agents away in one story of six.
func (s *Story) drawMaintenance() {
	r := rand.New(rand.NewPCG(s.Seed, 6))
	if r.IntN(6) != 0 {
		return
	}
	for range 1 + r.IntN(3) {
		f := Fault{At: time.Duration(r.Int64N(int64(2 * time.Minute))).Truncate(time.Millisecond), Kind: Maintenance,
			Arg: r.Uint32()}
		if r.IntN(2) == 0 {
			f.Kind = MachineDown
		}
		s.Faults = append(s.Faults, f)
	}
	slices.SortStableFunc(s.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
}

// drawPods adds faults of pods in one story of three, from chance of its own.
func (s *Story) drawPods() {
	r := rand.New(rand.NewPCG(s.Seed, 8))
	if r.IntN(3) != 0 {
		return
	}
	span := pick(r, 5*time.Second, 20*time.Second, time.Minute, 4*time.Minute)
	kinds := make([]Kind, 1+r.IntN(3))
	for i := range kinds {
		kinds[i] = PodRefused + Kind(r.IntN(int(WatchReplayed-PodRefused)+1))
	}
	for range 1 + r.IntN(12) {
		s.Faults = append(s.Faults, Fault{At: time.Duration(r.Int64N(int64(span))).Truncate(time.Millisecond),
			Kind: kinds[r.IntN(len(kinds))], Arg: r.Uint32()})
	}
	slices.SortStableFunc(s.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
}

// drawExtensions has a user extend sweeps while they run, and when they have ended.
func (s *Story) drawExtensions(r *rand.Rand) {
	for range 1 + r.IntN(2) {
		at := time.Duration(r.Int64N(int64(time.Minute))).Truncate(time.Millisecond)
		s.Faults = append(s.Faults, Fault{At: at, Kind: UserExtend, Arg: r.Uint32()})
	}
	for i := range r.IntN(3) {
		at := lateExtension * time.Duration(i+1)
		if r.IntN(2) == 0 {
			kind := pick(r, CrashEarly, CrashTorn, CrashLate, CrashSilent)
			s.Faults = append(s.Faults, Fault{At: at - time.Millisecond, Kind: kind, Arg: r.Uint32()})
		}
		s.Faults = append(s.Faults, Fault{At: at, Kind: UserExtend, Arg: r.Uint32()})
	}
	slices.SortStableFunc(s.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
}
