package task

import (
	"time"

	"github.com/kaon-sweep/kaon/results"
)

// Bundle makes the order of an attempt the first of several that one task runs one after the other, each as if it
// were alone: with its own folder, environment, timeout and end. The task has the first attempt's id.
type Bundle struct {
	Next []Order `codec:"next"` // in their order; none of them has a Bundle
	// Window is for how long attempts of the bundle begin, from the first one's begin on. What has not begun by then is
	// given back, so that a trial that takes longer than those before it holds up no other for long; 0: all of them
	// begin.
	Window time.Duration `codec:"window,omitempty"`
}

// All is the orders of a task in the order they are run.
func (o *Order) All() []Order {
	if o.Bundle == nil {
		return []Order{*o}
	}
	first := *o
	first.Bundle = nil
	return append([]Order{first}, o.Bundle.Next...)
}

// AttemptReport is a Report of one attempt of a bundle, among others in one update. An attempt of which there is a
// report has begun, or is given back.
type AttemptReport struct {
	Attempt string          `codec:"attempt"`           // <sweep>.<index>.<attempt>
	State   string          `codec:"state,omitempty"`   // with an End: what its task's state would be, as FINISHED
	Message string          `codec:"message,omitempty"` // likewise
	First   uint64          `codec:"first"`             // number of Points[0] in the attempt
	Points  []results.Point `codec:"points,omitempty"`
	Lost    uint64          `codec:"lost,omitempty"` // points right before First that will never come
	End     *End            `codec:"end,omitempty"`
	Back    bool            `codec:"back,omitempty"` // it never began, and never will in this task
}

// Kill asks for the end of one attempt of a bundle: a KILL of Mesos would end them all.
type Kill struct {
	Grace time.Duration `codec:"grace"` // between SIGTERM and SIGKILL; 0: the order's
}
