package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/scaling"
	"github.com/kaon-sweep/kaon/server/webhook"
)

type scalingFlags struct {
	Scaling      string        `placeholder:"FILE" help:"Advise by the rules of this file how many agents there should be: YAML, as docs/serve.md has it."`
	ScalingEvery time.Duration `name:"scaling-every" default:"5s" placeholder:"DURATION" help:"How often it looks (${default})."`
}

// groups are the rules of the file; none: nobody is to be advised.
func (f *scalingFlags) groups() ([]scaling.Group, error) {
	if f.Scaling == "" {
		return nil, nil
	}
	if f.ScalingEvery < 100*time.Millisecond {
		return nil, fmt.Errorf("--scaling-every %s: want 100ms or more", f.ScalingEvery)
	}
	text, err := os.ReadFile(f.Scaling)
	if err != nil {
		return nil, fmt.Errorf("--scaling: %w", err)
	}
	groups, err := scaling.Parse(f.Scaling, text)
	if err != nil {
		return nil, fmt.Errorf("--scaling: %w", err)
	}
	return groups, nil
}

// scaler begins to advise; nil: nobody is to be. Close ends it.
func (c *serveCmd) scaler(s *server.Server, log *slog.Logger) (_ *scaling.Scaler, end func(context.Context), err error) {
	groups := c.rules
	if len(groups) == 0 {
		return nil, func(context.Context) {}, nil
	}
	senders := map[string]*webhook.Sender{}
	told := func(ctx context.Context) {
		for _, one := range senders {
			one.Close(ctx)
		}
	}
	for i := range groups {
		if g := &groups[i]; g.Webhook != "" {
			if senders[g.Name], err = c.senderTo([]string{g.Webhook}, log); err != nil {
				delete(senders, g.Name)
				told(context.Background())
				return nil, nil, err
			}
		}
	}
	one := scaling.Start(scaling.Config{
		Groups: groups, Every: c.ScalingEvery, Log: log,
		Look: func(ctx context.Context) ([]scaling.Agent, []scaling.Shape, error) { return clusterOf(ctx, s) },
		Tell: func(g *scaling.Group, e scaling.Event, body []byte) {
			senders[g.Name].Tell(e.ID, e.Event, g.Name, body)
		},
	})
	return one, func(ctx context.Context) { one.Close(); told(ctx) }, nil
}

// clusterOf is the cluster of a server as rules see it.
func clusterOf(ctx context.Context, s *server.Server) (agents []scaling.Agent, waiting []scaling.Shape, err error) {
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return nil, nil, err
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
			Usable: one.Cordon == nil && !one.Unavailable.Began(now) && !one.Foreign && !one.Avoided.After(now),
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
