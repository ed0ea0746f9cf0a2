package mesos

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

var (
	// ErrDisconnected is what Send returns while there is no subscription.
	ErrDisconnected = errors.New("not subscribed to a master")
	// ErrUnreachable is in the error of Run when no master took us in within FirstTimeout, and of Survey and
	// FindSandbox when none answered.
	ErrUnreachable = errors.New("no master can be reached")

	errHeartbeat = errors.New("heartbeats of the master stopped")
	errTimeout   = errors.New("no answer in time")
	errCallLost  = errors.New("a call did not get through")
)

// StatusError is an answer of the master other than yes.
type StatusError struct {
	Call string // SUBSCRIBE, ACCEPT, ...
	Code int
	Text string // what the master said, at most maxText bytes
}

const (
	maxText       = 1024
	subscribeCall = "SUBSCRIBE"
)

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answered by %d %s: %s", e.Call, e.Code, http.StatusText(e.Code), e.Text)
}

// FrameworkError is Mesos's ERROR event: this framework, as it is, will not be served.
type FrameworkError struct{ Text string }

func (e *FrameworkError) Error() string { return e.Text }

// NotMasterError says that something answers at an address, but no Mesos master.
type NotMasterError struct {
	Address string
	Answer  string // in a few words
}

func (e *NotMasterError) Error() string {
	return fmt.Sprintf("%s is not a Mesos master: it answered SUBSCRIBE with %s", e.Address, e.Answer)
}

func notMaster(address, answer string) error {
	return &NotMasterError{Address: address, Answer: answer}
}

// foreign tells an answer to SUBSCRIBE that no master gives. An agent takes it for a call of its own API,
// which does not parse; other servers do not know the path or the method.
func foreign(code int, text string) bool {
	switch code {
	case http.StatusBadRequest:
		return strings.HasPrefix(text, "Failed to parse body")
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// redirect says that the leader is elsewhere.
type redirect struct{ to string }

func (e *redirect) Error() string { return "leader is " + e.to }

// permanent tells whether subscribing again in the same way is pointless. Unknown answers, a master that is
// electing or recovering (503), and everything the network does may pass.
func permanent(err error) bool {
	var event *FrameworkError
	if errors.As(err, &event) {
		return true
	}
	if other := (*NotMasterError)(nil); errors.As(err, &other) {
		return true
	}
	var status *StatusError
	if !errors.As(err, &status) || status.Call != subscribeCall {
		return false // a call that is refused ends a session, and the next one may do
	}
	switch status.Code {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return true
	}
	return false
}

// removed tells whether the master says that it has ended this framework for good: an operator tore it down,
// or it was away for longer than its failover timeout.
func removed(err error) bool {
	var event *FrameworkError
	return errors.As(err, &event) && strings.Contains(event.Text, "Framework has been removed")
}

// remedy adds what a person can do about a refusal.
func remedy(err error) error {
	if removed(err) {
		return fmt.Errorf("%w: an operator tore it down, or it was away for longer than its failover timeout; "+
			"its tasks have ended, and whoever resumes goes on as a new framework", err)
	}
	if event := (*FrameworkError)(nil); errors.As(err, &event) && strings.HasPrefix(event.Text, "Not authorized to ") {
		return fmt.Errorf("%w: name roles that the principal may have, mesos://host:5050?role=ROLE; the master's "+
			"ACLs (register_frameworks) say which", err)
	}
	if other := (*NotMasterError)(nil); errors.As(err, &other) {
		return fmt.Errorf("%w: give the master's host and port, "+
			"mesos://host:5050 unless it was started with another; "+
			"5051 is an agent's", err)
	}
	var status *StatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusUnauthorized:
			return fmt.Errorf("%w: check principal and secret, mesos://principal:secret@host:port", err)
		case http.StatusForbidden:
			return fmt.Errorf("%w: the principal may not register with these roles or this user; "+
				"see the master's ACLs", err)
		}
	}
	return err
}
