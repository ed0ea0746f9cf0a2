package board

import (
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Step is what sweep.json says of the step that follows the trials.
type Step struct {
	// the sweep that followed, when it is no step of this one; then the rest is empty
	Sweep     string             `json:"sweep,omitempty"`
	State     string             `json:"state,omitempty"`   // as a trial's; Waiting until the sweep has ended
	Attempt   int                `json:"attempt,omitempty"` // the one that counts
	Exit      *int               `json:"exit,omitempty"`    // its exit code; nil: it has not ended
	Reason    string             `json:"reason,omitempty"`
	Artifacts string             `json:"artifacts,omitempty"` // prefix of the attempt's artifacts in the bucket
	Files     []results.Artifact `json:"files,omitempty"`     // those artifacts
}

// Step is how the step stands that follows the trials: Waiting when no record named it.
func (b *Board) Step() Step {
	t, ok := b.Trial(results.ThenTrial)
	if !ok {
		return Step{State: sweep.Waiting.String()}
	}
	s := Step{State: t.State.String(), Attempt: t.Attempt}
	if end := t.Decisive().End; end != nil {
		s.Exit, s.Reason, s.Files = &end.Exit, end.Reason, end.Files
	}
	if len(s.Files) > 0 {
		s.Artifacts = results.ArtifactsPrefix(b.cfg.Sweep, results.ThenTrial, t.Attempt)
	}
	return s
}
