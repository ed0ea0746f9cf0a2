package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// agentChoice says which agents are meant.
type agentChoice struct {
	Agent     string `arg:"" optional:"" help:"Its id or host, or the beginning of one, as kaon agents shows them."`
	Attribute string `placeholder:"NAME=VALUE" help:"All agents with this attribute, also those that join later."`
	Undo      bool   `help:"Let them have work again."`
	Reason    string `placeholder:"TEXT" help:"Why, for those who look."`
	JSON      bool   `help:"Print JSON."`
	serverFlags
}

// asked is the choice as the API takes it.
func (c *agentChoice) asked() (api.NewCordon, error) {
	n := api.NewCordon{Agent: c.Agent, Reason: c.Reason}
	var given bool
	n.Attribute, n.Value, given = strings.Cut(c.Attribute, "=")
	switch {
	case (c.Agent == "") == (c.Attribute == ""):
		return n, usage(errors.New("want an agent, or --attribute NAME=VALUE: kaon agents shows both"))
	case c.Attribute != "" && (!given || n.Attribute == ""):
		return n, usage(fmt.Errorf("--attribute %q: want NAME=VALUE, as in rack=r1", c.Attribute))
	}
	return n, nil
}

// undo lifts the cordon of the agents that are meant.
func (c *agentChoice) undo(ctx context.Context, out *output, to *client.Client, n api.NewCordon) error {
	all, err := to.Cordons(ctx)
	if err != nil {
		return answered(err)
	}
	agents, err := to.Agents(ctx)
	if err != nil {
		return answered(err)
	}
	chosen, err := meant(all, n, agents)
	if err != nil {
		return usage(err)
	}
	var lifted []string
	for _, one := range chosen {
		if err := to.RemoveCordon(ctx, one.ID); err != nil {
			return answered(err)
		}
		lifted = append(lifted, cordonText(one))
	}
	switch {
	case len(lifted) == 0:
		return usage(fmt.Errorf("%s is not cordoned by that name: %s",
			cordonText(api.Cordon{Agent: n.Agent, Attribute: n.Attribute, Value: n.Value}), inForce(all)))
	case c.JSON:
		return json.NewEncoder(out.stdout).Encode(lifted)
	}
	_, err = fmt.Fprintf(out.stdout, "%s may have work again\n", strings.Join(lifted, ", "))
	return err
}

// inForce is what is cordoned, for who looks for something else.
func inForce(all []api.Cordon) string {
	if len(all) == 0 {
		return "nothing is cordoned"
	}
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = cordonText(one)
	}
	return "there are " + strings.Join(names, ", ")
}

// meant is those cordons that are of the agents a command names. A name that is one agent's means that one alone;
// another is the beginning of one that is cordoned.
func meant(all []api.Cordon, n api.NewCordon, agents []api.Agent) (chosen []api.Cordon, err error) {
	if n.Agent == "" {
		return slices.DeleteFunc(slices.Clone(all), func(one api.Cordon) bool {
			return one.Agent != "" || one.Attribute != n.Attribute || one.Value != n.Value
		}), nil
	}
	exact, known := map[string]bool{n.Agent: true}, false // names of that agent
	for _, a := range agents {
		if a.ID == n.Agent || a.Host == n.Agent {
			exact[a.ID], exact[a.Host], known = true, true, true
		}
	}
	for _, one := range all {
		if one.Agent != "" && exact[one.Agent] {
			chosen = append(chosen, one)
		}
	}
	if known || len(chosen) > 0 {
		return chosen, nil
	}
	var hosts []string // or ids of those that are away
	for _, one := range all {
		if host, begins := cordonBegins(one, n.Agent, agents); begins {
			chosen = append(chosen, one)
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	if hosts = slices.Compact(hosts); len(hosts) > 1 {
		return nil, fmt.Errorf("%q is the beginning of %d agents that are cordoned, %s: write more of one", n.Agent,
			len(hosts), strings.Join(hosts, ", "))
	}
	return chosen, nil
}

// cordonBegins reports whether the id or the host of a cordon's agent begins with a word; host is whose cordon it is.
func cordonBegins(one api.Cordon, word string, agents []api.Agent) (host string, begins bool) {
	if one.Agent == "" {
		return "", false
	}
	host, begins = one.Agent, strings.HasPrefix(one.Agent, word)
	for _, a := range agents {
		if one.Agent == a.ID || one.Agent == a.Host {
			host, begins = a.Host, begins || strings.HasPrefix(a.ID, word) || strings.HasPrefix(a.Host, word)
		}
	}
	return host, begins
}

func cordonText(c api.Cordon) string {
	if c.Agent != "" {
		return c.Agent
	}
	return "agents with " + c.Attribute + "=" + c.Value
}

type cordonCmd struct{ agentChoice }

func (c *cordonCmd) Help() string {
	return "What runs there goes on. The server keeps it over its own restarts, until --undo. For operators."
}

func (c *cordonCmd) Run(ctx context.Context, out *output) error {
	n, err := c.asked()
	if err != nil {
		return err
	}
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	if c.Undo {
		return c.undo(ctx, out, to, n)
	}
	one, err := to.AddCordon(ctx, n)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(one)
	}
	_, err = fmt.Fprintf(out.stdout, "%s: no new work; what runs goes on\n", cordonText(one))
	return err
}
