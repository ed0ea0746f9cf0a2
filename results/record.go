package results

import (
	"encoding/json"

	"github.com/kaon-sweep/kaon/sweep"
)

// Record is a piece of what is known of one attempt. Records of an attempt may be folded in any order and
// more than once; points are told apart by number, so nothing counts twice.
type Record struct {
	Sweep   string  `codec:"sweep"`
	Trial   int     `codec:"trial"` // ThenTrial for the step that follows the trials
	Attempt int     `codec:"attempt"`
	First   uint64  `codec:"first"` // number of Points[0] in the attempt
	Points  []Point `codec:"points,omitempty"`

	// End is set in the record that ends the attempt.
	End *End `codec:"end,omitempty"`
}

// End is the last word on one attempt, and on its trial when Final.
type End struct {
	State   sweep.Outcome `codec:"state" json:"state"`   // how it ended; never AttemptTimedOut
	Final   bool          `codec:"final" json:"final"`   // no further attempt of the trial will follow
	Points  uint64        `codec:"points" json:"points"` // how many points the attempt reported in all
	Exit    int           `codec:"exit" json:"exit"`
	Signal  int           `codec:"signal,omitempty" json:"signal,omitempty"`
	Reason  string        `codec:"reason,omitempty" json:"reason,omitempty"` // one sentence for people
	Stderr  []string      `codec:"stderr,omitempty" json:"stderr,omitempty"`
	Agent   string        `codec:"agent,omitempty" json:"agent,omitempty"` // hostname
	Sandbox string        `codec:"sandbox,omitempty" json:"sandbox,omitempty"`
	// of the cluster, where it is that of another attempt too and has its id
	Task    string          `codec:"task,omitempty" json:"task,omitempty"`
	StartMs int64           `codec:"start_ms" json:"start_ms"`
	EndMs   int64           `codec:"end_ms" json:"end_ms"`
	Params  json.RawMessage `codec:"params,omitempty" json:"params,omitempty"`
	Seed    uint64          `codec:"seed,omitempty" json:"seed,omitempty"`
	// Key names what it did, of sweeps with `cache`: equal keys are equal work. From is who did it, if it did not
	// itself.
	Key  string `codec:"key,omitempty" json:"key,omitempty"`
	From *Ran   `codec:"from,omitempty" json:"from,omitempty"`

	Files []Artifact `codec:"artifacts,omitempty" json:"artifacts,omitempty"` // that reached the bucket
	// that it said and that may have been meant as metrics
	Unread []Unread `codec:"unread,omitempty" json:"unread,omitempty"`
	// Undelivered is what it left as artifacts and is none, and why.
	Undelivered []string `codec:"undelivered,omitempty" json:"undelivered,omitempty"`
	// Stop is why early stopping, or its budget, ended the trial; nil: it did not.
	Stop *sweep.StopDecision `codec:"stop,omitempty" json:"stop,omitempty"`
}
