package steps

import (
	"context"
	"errors"
)

// Hearer is a Type whose steps can be told something while they run.
type Hearer interface {
	// Hear hands a message to an attempt that runs, and returns when it has it. ErrLater: it cannot take it yet. Ctx
	// ends with the attempt.
	Hear(ctx context.Context, c *Call, m Sent) error
	// Within says what of a step a message can be for.
	Within() Within
}

// Within is what of a step a message is for.
type Within int

// What a message can be for.
const (
	Whole   Within = iota // the step, and nothing within it
	OfTrial               // a trial of it
	OfStep                // a step of it
)

// inTrial is of types whose steps are one trial, of a program of the user's.
type inTrial struct{}

// Hear implements Hearer: it is a line of $KAON_CONTROL. That the trial has ended does not refuse the message: the
// step's next attempt hears it, or nobody when the step ends with the trial.
func (inTrial) Hear(ctx context.Context, c *Call, m Sent) error {
	err := c.Cluster.Message(ctx, c.ID, 0, m)
	var refused *Failure
	if errors.As(err, &refused) {
		return ErrLater
	}
	return err
}

// Within implements Hearer.
func (inTrial) Within() Within { return Whole }
