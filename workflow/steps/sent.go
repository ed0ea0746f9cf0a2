package steps

import (
	"encoding/json"
	"errors"
)

// Sent is a message for a step that runs.
type Sent struct {
	ID   string          // which no other message has
	At   int64           // when it was sent, in milliseconds since 1970
	To   string          // what within the step it is for: a trial of a sweep, a step of a workflow; empty: the step
	Who  string          // has sent it
	Body json.RawMessage // any JSON value
}

// Signal is what a `wait` step has waited for.
type Signal struct {
	ID      string
	Who     string
	Payload json.RawMessage // a JSON value; empty: none
}

// ErrLater is of a message that cannot be taken yet.
var ErrLater = errors.New("it cannot be taken yet")
