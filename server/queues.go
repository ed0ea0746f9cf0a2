package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// checkQueue refuses a sweep for a queue that there is not: a name misspelt would get it a share of its own.
func (s *Server) checkQueue(name string) error {
	if s.queues.file == "" || name == sweep.DefaultQueue {
		return nil
	}
	known := []string{sweep.DefaultQueue}
	for _, q := range s.queues.list() {
		if q.Name == name {
			return nil
		}
		if q.Name != sweep.DefaultQueue {
			known = append(known, q.Name)
		}
	}
	return fmt.Errorf("queue: this server has no queue %q; there are: %s; an operator makes one with: "+
		"kaon queue set %s", name,
		strings.Join(known, ", "), name)
}

// Shares is how queues stand: those that are set, those that sweeps name which have not ended, and the default.
func (s *Server) Shares(ctx context.Context) (scheduler.Shares, error) {
	all, err := s.loop.Shares(ctx)
	if err != nil {
		return all, classify(err)
	}
	isDefault := func(q fairness.Standing) bool { return q.Name == sweep.DefaultQueue }
	if !slices.ContainsFunc(all.Queues, isDefault) {
		all.Queues = append(all.Queues, fairness.Standing{Queue: fairness.Queue{Name: sweep.DefaultQueue, Weight: 1}})
		slices.SortFunc(all.Queues, func(a, b fairness.Standing) int { return strings.Compare(a.Name, b.Name) })
	}
	return all, nil
}

// QueueChange is what is set of a queue; what is nil stays as it is.
type QueueChange struct {
	Weight    *float64
	Limit     *fairness.Amounts
	UserLimit *fairness.Amounts
	Guarantee *fairness.Amounts
}

// checkNames refuses amounts of what neither every agent has nor one of the cluster, and the queue was not given
// before: a name misspelt would limit nothing. A device by a name with a domain may come with an agent.
func (c QueueChange) checkNames(q fairness.Queue, cluster resource.Resources) error {
	known := append([]string{"cpus", "memory", "disk", "gpus", "ports", fairness.Trials}, cluster.Names()...)
	for _, one := range []struct {
		what     string
		all      *fairness.Amounts
		hitherto fairness.Amounts
	}{{"limit", c.Limit, q.Limit}, {"user_limit", c.UserLimit, q.UserLimit}, {"guarantee", c.Guarantee, q.Guarantee}} {
		if one.all == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(*one.all)) {
			_, had := one.hitherto[name]
			if had || resource.CheckExtended(name) == nil || slices.Contains(known, name) {
				continue
			}
			return fmt.Errorf("%s: no agent has a resource %.60q: %s", one.what, name, sweep.DidYouMean(name, known))
		}
	}
	return nil
}

// SetQueue makes a queue, or changes one. When it returns, the file has it.
func (s *Server) SetQueue(ctx context.Context, name string, c QueueChange) error {
	if err := sweep.CheckQueue(name); err != nil {
		return usage(err)
	}
	shares, err := s.loop.Shares(context.WithoutCancel(ctx)) // also for a caller who has gone
	if err != nil {
		return classify(err)
	}
	return s.changeQueues(ctx, func(all []fairness.Queue) ([]fairness.Queue, error) {
		at, known := slices.BinarySearchFunc(all, name, byName)
		if known {
			err = c.checkNames(all[at], shares.Total)
		} else {
			err = c.checkNames(fairness.Queue{}, shares.Total)
		}
		if err != nil {
			return nil, fmt.Errorf("queue %s: %w", name, err)
		}
		if !known {
			all = slices.Insert(all, at, fairness.Queue{Name: name, Weight: 1})
		}
		q := &all[at]
		if c.Weight != nil {
			q.Weight = *c.Weight
		}
		if c.Limit != nil {
			q.Limit = *c.Limit
		}
		if c.UserLimit != nil {
			q.UserLimit = *c.UserLimit
		}
		if c.Guarantee != nil {
			q.Guarantee = *c.Guarantee
		}
		if q.Weight == 0 {
			return nil, fmt.Errorf("queue %s: weight 0: want a number above 0; kaon queue set %s --limit trials=0 "+
				"has nothing more start there", name, name)
		}
		if err := q.Check(); err != nil {
			return nil, fmt.Errorf("queue %s: %w", name, err)
		}
		return all, nil
	})
}

// RemoveQueue takes a queue away that no sweep waits or runs in.
func (s *Server) RemoveQueue(ctx context.Context, name string) error {
	snap, err := s.loop.Snapshot(ctx)
	if err != nil {
		return classify(err)
	}
	return s.changeQueues(ctx, func(all []fairness.Queue) ([]fairness.Queue, error) {
		at, known := slices.BinarySearchFunc(all, name, byName)
		if !known {
			return nil, fmt.Errorf("queue %s: %w", name, ErrNoQueue)
		}
		for _, q := range all {
			if q.Name != name && fairness.Above(name, q.Name) {
				return nil, fmt.Errorf("queue %s: there is %s below it: remove that first", name, q.Name)
			}
		}
		for _, st := range snap.Sweeps {
			if !st.Phase.Ended() && st.Spec.InQueue() == name && name != sweep.DefaultQueue {
				return nil, fmt.Errorf("queue %s: sweep %s has not ended: move it with: kaon extend %s --set queue=%s",
					name, st.ID, st.ID, sweep.DefaultQueue)
			}
		}
		return slices.Delete(all, at, at+1), nil
	})
}

// changeQueues keeps what change makes of the queues, and has the scheduler go by it, also when the caller has gone
// meanwhile.
func (s *Server) changeQueues(ctx context.Context, change func([]fairness.Queue) ([]fairness.Queue, error)) error {
	q := s.queues
	if q.file == "" {
		return usage(errors.New("queues: this process is for one sweep and keeps none: kaon serve has queues"))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	all, err := change(slices.Clone(q.all))
	if err != nil {
		return usage(err)
	}
	if err := writeQueues(q.file, all); err != nil {
		return unreachable(err)
	}
	q.all = all
	return classify(s.loop.Do(context.WithoutCancel(ctx), scheduler.SetQueues{Queues: slices.Clone(all)}))
}
