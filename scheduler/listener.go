package scheduler

// Listener hears what has become true. The loop calls it in its own goroutine, in the order things happened,
// after they are durable; a function that blocks stalls the scheduler, and may not call the loop's methods
// except Enqueue. Absent functions are skipped.
type Listener struct {
	All               func(Notice) // every one, before the function of its kind
	Connected         func(Connected)
	SweepStarted      func(SweepStarted)
	SweepExtended     func(SweepExtended)
	SubmitRefused     func(SubmitRefused)
	TrialMoved        func(TrialMoved)
	NeverStarted      func(NeverStarted)
	Recorded          func(Recorded)
	ThenReported      func(ThenReported)
	Select            func(Select)
	SweepEnding       func(SweepEnding)
	SweepEnded        func(SweepEnded)
	SweepForgotten    func(SweepForgotten)
	Progress          func(Progress)
	AgentAvoided      func(AgentAvoided)
	AgentIncompatible func(AgentIncompatible)
	AttemptLost       func(AttemptLost)
	PrefetchDisabled  func(PrefetchDisabled)
	PassDone          func(PassDone)
	Anomaly           func(Anomaly)
	FrameworkRejected func(FrameworkRejected)
}

// dispatch calls the function for a notice.
func (l *Listener) dispatch(n Notice) {
	notify(l.All, n)
	switch n := n.(type) {
	case Connected:
		notify(l.Connected, n)
	case SweepStarted:
		notify(l.SweepStarted, n)
	case SweepExtended:
		notify(l.SweepExtended, n)
	case SubmitRefused:
		notify(l.SubmitRefused, n)
	case TrialMoved:
		notify(l.TrialMoved, n)
	case NeverStarted:
		notify(l.NeverStarted, n)
	case Recorded:
		notify(l.Recorded, n)
	case ThenReported:
		notify(l.ThenReported, n)
	case Select:
		notify(l.Select, n)
	case SweepEnding:
		notify(l.SweepEnding, n)
	case SweepEnded:
		notify(l.SweepEnded, n)
	case SweepForgotten:
		notify(l.SweepForgotten, n)
	case Progress:
		notify(l.Progress, n)
	case AgentAvoided:
		notify(l.AgentAvoided, n)
	case AgentIncompatible:
		notify(l.AgentIncompatible, n)
	case AttemptLost:
		notify(l.AttemptLost, n)
	case PrefetchDisabled:
		notify(l.PrefetchDisabled, n)
	case PassDone:
		notify(l.PassDone, n)
	case Anomaly:
		notify(l.Anomaly, n)
	case FrameworkRejected:
		notify(l.FrameworkRejected, n)
	}
}

func notify[N Notice](f func(N), n N) {
	if f != nil {
		f(n)
	}
}
