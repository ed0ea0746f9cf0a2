package server

import (
	"context"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
)

// Forecast is when a sweep of this user would start and end on this server, given what runs and waits, in which shares.
// Trial is how long one of its trials takes; 0: as long as those that are known. It plays the division of the cluster
// on, outside of the scheduler.
func (s *Server) Forecast(ctx context.Context, spec *sweep.Spec, user string, trial time.Duration) (*plan.When, error) {
	look, err := s.loop.Outlook(ctx)
	if err != nil {
		return nil, classify(err)
	}
	// nothing was offered yet, or others on this machine have part of it
	if s.cfg.Cluster.onThisMachine() || look.Total.Zero() {
		found, err := s.cfg.Cluster.empty(ctx, s.cfg.FrameworkName+" plan", feasibleWait)
		if err != nil {
			return nil, err
		}
		index := offers.NewIndex()
		index.Add(found...)
		look.Total = look.Total.Max(index.Supply(time.Now(), offers.Options{}).Total)
	}
	return plan.Foresee(look, spec, user, trial)
}
