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
	AttemptLost   func(AttemptLost)
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
	case AttemptLost:
		tell(l.AttemptLost, n)
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
