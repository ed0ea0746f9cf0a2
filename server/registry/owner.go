package registry

import (
	"errors"
	"fmt"
)

// ErrOwnerGone: who owns a workflow may begin runs no more, so its triggers begin none in their name.
var ErrOwnerGone = errors.New("its owner may begin no runs any more")

// stopped is why triggers of a workflow begin nothing though nobody has paused them; nil: they do. What comes due
// meanwhile is as what does while no server is there. r.mu is held.
func (r *Registry) stopped(e *entry) error {
	if r.cfg.May == nil {
		return nil
	}
	if _, err := r.cfg.May(e.Owner, e.KnownBy); err != nil {
		return fmt.Errorf("%w: %w", ErrOwnerGone, err)
	}
	return nil
}

// queues are those that the owner of a workflow may submit into now, whatever they might when they registered it; nil:
// any. r.mu is held.
func (r *Registry) queues(e *entry) *[]string {
	if r.cfg.May == nil {
		return nil
	}
	queues, err := r.cfg.May(e.Owner, e.KnownBy)
	if err != nil { // nothing begins, see stopped
		return &[]string{}
	}
	return queues
}
