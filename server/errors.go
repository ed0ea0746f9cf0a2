package server

import (
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/server/fault"
)

func usage(err error) error       { return fault.Usage(err) }
func unreachable(err error) error { return fault.Unreachable(err) }

// SettingError refuses a field of Config. It is of the kind fault.KindUsage.
type SettingError struct {
	Setting string // the field's name, as in "Advertise"
	Value   string // as it was given, quoted where that helps; empty: the text needs none
	Err     error
}

func (e *SettingError) Error() string { return e.Text(e.Setting) }

// Text is the error with another name for the setting, as of the flag that it was read from.
func (e *SettingError) Text(name string) string {
	if e.Value != "" {
		name += " " + e.Value
	}
	return fmt.Sprintf("%s: %v", name, e.Err)
}

// Unwrap answers Err.
func (e *SettingError) Unwrap() error { return e.Err }

func setting(name, value string, err error) error {
	return usage(&SettingError{Setting: name, Value: value, Err: err})
}

// SubmitError is why a sweep that was ready to be handed in was not, or why nobody knows whether it was.
type SubmitError struct {
	Sweep    string
	Accepted bool // the journal has it all the same: it goes on, now or with the next server on the same folder
	Err      error
}

func (e *SubmitError) Error() string { return e.Err.Error() }

// Unwrap answers Err.
func (e *SubmitError) Unwrap() error { return e.Err }

// ErrNoQueue: there is no queue of that name.
var ErrNoQueue = errors.New("there is no such queue; kaon queue list has those that there are")

// ErrNothingFailed is in the error of Retry when there is nothing to run again.
var ErrNothingFailed = errors.New("nothing of it has failed")

// classify gives errors of the cluster and of the bucket their kind.
func classify(err error) error {
	if err == nil || fault.KindOf(err) != 0 {
		return err
	}
	var status *mesos.StatusError
	var refused *mesos.FrameworkError
	var other *mesos.NotMasterError
	if errors.Is(err, mesos.ErrUnreachable) || errors.Is(err, bucket.ErrUnavailable) || errors.As(err,
		&status) ||
		errors.As(err, &refused) || errors.As(err, &other) {
		return unreachable(err)
	}
	return err
}
