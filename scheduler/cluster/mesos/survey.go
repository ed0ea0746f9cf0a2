package mesos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// ErrNoOffers is what Survey reports when a master sent none in time.
var ErrNoOffers = errors.New("no offers came")

// surveyRefuse is how long the declined offers stay away from us; the framework is gone long before.
const surveyRefuse = time.Minute

// Survey subscribes as a framework of its own for the given time, takes all offers a master sends, declines
// every one, tears the framework down and answers what was offered. It launches nothing. It blocks for that
// time.
func Survey(ctx context.Context, driver cluster.Driver, wait time.Duration) ([]offers.Offer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var s surveyor
	ended := make(chan error, 1) // the one result of Run
	crash.Go(func() { ended <- driver.Run(ctx, s.hear) })
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var early error
	select {
	case early = <-ended:
		if early == nil {
			early = ctx.Err()
		}
		return nil, fmt.Errorf("survey the cluster: %w", early)
	case <-ctx.Done():
		<-ended
		return nil, fmt.Errorf("survey the cluster: %w", ctx.Err())
	case <-timer.C:
	}
	list, met := s.taken()
	if !met {
		cancel()
		<-ended
		return nil, fmt.Errorf("survey the cluster: %w within %v", ErrUnreachable, wait)
	}
	err := s.leave(ctx, driver, list)
	cancel()
	<-ended
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("survey the cluster: %w within %v: another framework may hold them, "+
			"or the role has no share", ErrNoOffers, wait)
	}
	return list, nil
}

// surveyor collects offers from the driver's goroutine.
type surveyor struct {
	mu     sync.Mutex
	met    bool // a master has taken it in
	offers []offers.Offer
}

func (s *surveyor) hear(evs ...cluster.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range evs {
		s.take(ev)
	}
}

func (s *surveyor) take(ev cluster.Event) {
	switch ev := ev.(type) {
	case cluster.Subscribed:
		s.met, s.offers = true, nil
	case cluster.Offered:
		s.offers = append(s.offers, ev.Offers...)
	case cluster.Rescinded:
		for i := range s.offers {
			if s.offers[i].ID == ev.Offer {
				s.offers = append(s.offers[:i], s.offers[i+1:]...)
				break
			}
		}
	}
}

func (s *surveyor) taken() (list []offers.Offer, met bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.offers), s.met
}

// leave gives everything back.
func (s *surveyor) leave(ctx context.Context, driver cluster.Driver, list []offers.Offer) error {
	if len(list) > 0 {
		ids := make([]offers.OfferID, len(list))
		for i := range list {
			ids[i] = list[i].ID
		}
		if err := driver.Send(ctx, cluster.Decline{Offers: ids, Refuse: surveyRefuse}); err != nil {
			return fmt.Errorf("decline the offers: %w", err)
		}
	}
	if err := driver.Send(ctx, cluster.Teardown{}); err != nil {
		return fmt.Errorf("tear the framework down: %w", err)
	}
	return nil
}
