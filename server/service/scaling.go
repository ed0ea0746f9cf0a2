package service

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/scaling"
	"github.com/kaon-sweep/kaon/server/webhook"
)

// Scaling is how agents are advised on.
type Scaling struct {
	Groups []scaling.Group            // none: nobody is to be advised
	Every  time.Duration              // how often it looks
	Tell   map[string]*webhook.Sender // by the name of a group, who is told of it; of others nobody is
}

// scaler begins to advise; nil: nobody is to be. Close ends it.
func (c *Scaling) scaler(s *server.Server, log *slog.Logger) *scaling.Scaler {
	groups := c.Groups
	if len(groups) == 0 {
		return nil
	}
	return scaling.Start(scaling.Config{
		Groups: groups, Every: c.Every, Log: log, File: filepath.Join(s.Folder(), "scaling.json"),
		Look: func(ctx context.Context) ([]scaling.Agent, []scaling.Shape, error) { return clusterOf(ctx, s) },
		Tell: func(g *scaling.Group, e scaling.Event, body []byte) {
			c.Tell[g.Name].Tell(e.ID, e.Event, g.Name, body)
		},
	})
}

// counts has a server hear of the agents that there are, if anybody is to be advised.
func (c *Scaling) counts(cfg *server.Config) {
	cfg.CountsAgents = cfg.CountsAgents || len(c.Groups) > 0
	hasGPUs := func(g scaling.Group) bool { return g.New.Capacity.GPUs > 0 }
	cfg.GPUs = cfg.GPUs || slices.ContainsFunc(c.Groups, hasGPUs) // else Mesos offers none of them
}

// firstOffers is how long after the connection to a master agents may take to make an offer; when none has
// come by then, there is none.
const firstOffers = 30 * time.Second

var errUnheard = errors.New("agents have not made offers yet")

// clusterOf is the cluster of a server as rules see it; an error: nothing can be said of it now.
func clusterOf(ctx context.Context, s *server.Server) (agents []scaling.Agent, waiting []scaling.Shape, err error) {
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !snap.Connected || !snap.Offered && time.Since(snap.Since) < firstOffers {
		return nil, nil, errUnheard
	}
	alive, err := s.Attempts(ctx)
	if err != nil {
		return nil, nil, err
	}
	percent := map[offers.AgentID]float64{}
	for i := range alive {
		one, known := percent[alive[i].Agent]
		switch p := alive[i].Percent; {
		case p == nil:
			one = -1
		case !known:
			one = *p
		default:
			one = min(one, *p)
		}
		percent[alive[i].Agent] = one
	}
	rows := map[offers.AgentID]*offers.Agent{}
	for _, row := range s.Agents() {
		rows[row.ID] = row
	}
	now := time.Now()
	for i := range snap.Agents {
		one := &snap.Agents[i]
		row := rows[one.ID]
		if row == nil {
			continue // it has left
		}
		agents = append(agents, scaling.Agent{
			Agent: *row, Attempts: one.Running, Percent: percent[one.ID],
			Unheard: one.Running > 0 && row.Capacity.CPUs == 0 && row.Capacity.Mem == 0,
			Usable:  one.Cordon == nil && !one.Unavailable.Began(now) && !one.Foreign && !one.Avoided.After(now),
		})
	}
	asked := s.Asked()
	for i := range snap.Sweeps {
		sw := &snap.Sweeps[i]
		left := sw.Counts.Waiting
		if sw.Phase.Ended() || sw.Paused {
			continue
		}
		for _, d := range asked[sw.ID] {
			if d.Count = min(d.Count, left); d.Count > 0 {
				left -= d.Count
				waiting = append(waiting, scaling.Shape{Sweep: sw.ID, Demand: d})
			}
		}
	}
	return agents, waiting, nil
}
