package scheduler

// Listener hears what has become true. The loop calls it in its own goroutine, in the order things happened,
// after they are durable; a function that blocks stalls the scheduler, and may not call the loop's methods
// except Later. Absent functions are skipped.
type Listener struct {
	Connected     func(Connected)
	SweepStarted  func(SweepStarted)
	SubmitRefused func(SubmitRefused)
	TrialMoved    func(TrialMoved)
	Unstarted     func(Unstarted)
	Recorded      func(Recorded)
	Followed      func(Followed)
	Select        func(Select)
	SweepEnding   func(SweepEnding)
	SweepEnded    func(SweepEnded)
	Progress      func(Progress)
	Avoided       func(Avoided)
	Foreign       func(Foreign)
	Unbrought     func(Unbrought)
	Packed        func(Packed)
	Trouble       func(Trouble)
	Barred        func(Barred)
}

// hear calls the function for a notice.
func (l *Listener) hear(n Notice) {
	switch n := n.(type) {
	case Connected:
		tell(l.Connected, n)
	case SweepStarted:
		tell(l.SweepStarted, n)
	case SubmitRefused:
		tell(l.SubmitRefused, n)
	case TrialMoved:
		tell(l.TrialMoved, n)
	case Unstarted:
		tell(l.Unstarted, n)
	case Recorded:
		tell(l.Recorded, n)
	case Followed:
		tell(l.Followed, n)
	case Select:
		tell(l.Select, n)
	case SweepEnding:
		tell(l.SweepEnding, n)
	case SweepEnded:
		tell(l.SweepEnded, n)
	case Progress:
		tell(l.Progress, n)
	case Avoided:
		tell(l.Avoided, n)
	case Foreign:
		tell(l.Foreign, n)
	case Unbrought:
		tell(l.Unbrought, n)
	case Packed:
		tell(l.Packed, n)
	case Trouble:
		tell(l.Trouble, n)
	case Barred:
		tell(l.Barred, n)
	}
}

func tell[N Notice](f func(N), n N) {
	if f != nil {
		f(n)
	}
}

// Join makes one listener of several; each notice goes to all of them, in their order.
func Join(all ...Listener) Listener {
	return Listener{
		Connected:     join(all, func(l Listener) func(Connected) { return l.Connected }),
		SweepStarted:  join(all, func(l Listener) func(SweepStarted) { return l.SweepStarted }),
		SubmitRefused: join(all, func(l Listener) func(SubmitRefused) { return l.SubmitRefused }),
		TrialMoved:    join(all, func(l Listener) func(TrialMoved) { return l.TrialMoved }),
		Unstarted:     join(all, func(l Listener) func(Unstarted) { return l.Unstarted }),
		Recorded:      join(all, func(l Listener) func(Recorded) { return l.Recorded }),
		Followed:      join(all, func(l Listener) func(Followed) { return l.Followed }),
		Select:        join(all, func(l Listener) func(Select) { return l.Select }),
		SweepEnding:   join(all, func(l Listener) func(SweepEnding) { return l.SweepEnding }),
		SweepEnded:    join(all, func(l Listener) func(SweepEnded) { return l.SweepEnded }),
		Progress:      join(all, func(l Listener) func(Progress) { return l.Progress }),
		Avoided:       join(all, func(l Listener) func(Avoided) { return l.Avoided }),
		Foreign:       join(all, func(l Listener) func(Foreign) { return l.Foreign }),
		Unbrought:     join(all, func(l Listener) func(Unbrought) { return l.Unbrought }),
		Packed:        join(all, func(l Listener) func(Packed) { return l.Packed }),
		Trouble:       join(all, func(l Listener) func(Trouble) { return l.Trouble }),
		Barred:        join(all, func(l Listener) func(Barred) { return l.Barred }),
	}
}

func join[N Notice](all []Listener, pick func(Listener) func(N)) func(N) {
	var fs []func(N)
	for _, l := range all {
		if f := pick(l); f != nil {
			fs = append(fs, f)
		}
	}
	if len(fs) == 0 {
		return nil
	}
	return func(n N) {
		for _, f := range fs {
			f(n)
		}
	}
}
