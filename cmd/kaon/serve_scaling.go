package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/server/scaling"
	"github.com/kaon-sweep/kaon/server/service"
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

// advice is what the flags say of scaling, with senders that the service is to close.
func (c *serveCmd) advice(log *slog.Logger) (service.Scaling, error) {
	out := service.Scaling{Groups: c.rules, Every: c.ScalingEvery, Tell: map[string]*webhook.Sender{}}
	for i := range c.rules {
		g := &c.rules[i]
		if g.Webhook == "" {
			continue
		}
		to, err := c.senderTo([]string{g.Webhook}, log)
		if err != nil {
			return out, err
		}
		out.Tell[g.Name] = to
	}
	return out, nil
}
