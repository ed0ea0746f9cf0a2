package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/scaling"
)

// Cordon keeps agents from getting work because an operator wants it.
type Cordon struct {
	ID        string `json:"cordon" doc:"By which it is lifted."`
	Agent     string `json:"agent,omitempty" doc:"Id or host of the agent; absent: those with the attribute."`
	Attribute string `json:"attribute,omitempty"`
	Value     string `json:"value,omitempty"`
	Deadline  string `json:"deadline,omitempty" doc:"RFC 3339: when what still runs there is moved elsewhere; absent: it may take its time."`
	Reason    string `json:"reason,omitempty"`
	By        string `json:"by,omitempty" doc:"Who wanted it."`
	Created   string `json:"created,omitempty" doc:"RFC 3339."`
}

// NewCordon asks for a cordon: of one agent, or of those with an attribute.
type NewCordon struct {
	Agent     string `json:"agent,omitempty" maxLength:"255" doc:"Its id or host, or the beginning of one."`
	Attribute string `json:"attribute,omitempty" maxLength:"255" doc:"As agents name it."`
	Value     string `json:"value,omitempty" maxLength:"255" doc:"Of the attribute."`
	Seconds   *int   `json:"seconds,omitempty" minimum:"0" maximum:"31536000" doc:"After which what still runs there is ended with its grace and goes on elsewhere, at no charge; absent: never."`
	Reason    string `json:"reason,omitempty" maxLength:"1000"`
}

func (a *API) declareAgents() {
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/agents", "list-agents",
		"Machines of the cluster: load, health, what runs there"),
		func(ctx context.Context, _ *struct{}) (*body[[]Agent], error) { return answer(a.agents(ctx)) })
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/cordons", "list-cordons",
		"Which agents are to get no work"),
		func(context.Context, *struct{}) (*body[[]Cordon], error) { return answer(a.cordons(), nil) })
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/scaling", "list-scaling",
		"How groups of agents stand, and what more or fewer of them would help"),
		func(context.Context, *struct{}) (*body[[]scaling.Report], error) { return answer(a.scaling(), nil) })
	add := relieving(operation(access.Operator, http.MethodPost, "/cordons", "add-cordon",
		"Keep agents from getting work, and have them empty by a time"))
	add.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, add, func(ctx context.Context, in *struct{ Body NewCordon }) (*body[Cordon], error) {
		return answer(a.addCordon(ctx, in.Body))
	})
	type cordonInput struct {
		ID string `path:"cordon" maxLength:"100" doc:"Its id."`
	}
	huma.Register(a.huma, operation(access.Operator, http.MethodDelete, "/cordons/{cordon}", "remove-cordon",
		"Let agents have work again"),
		func(ctx context.Context, in *cordonInput) (*struct{}, error) {
			err := a.cfg.Server.RemoveCordon(ctx, in.ID)
			if errors.Is(err, server.ErrNoCordon) {
				err = notFound("no cordon has the id " + in.ID)
			}
			return nil, problem(err)
		})
}

// ScalingGroup is how a group of agents stands.
type ScalingGroup = scaling.Report

// scaling is how the groups of the server's rules stand; none: it has no rules.
func (a *API) scaling() []scaling.Report {
	if a.cfg.Scaling == nil {
		return []scaling.Report{}
	}
	return a.cfg.Scaling.Reports()
}

func (a *API) cordons() []Cordon {
	list := []Cordon{}
	for _, one := range a.cfg.Server.Cordons() {
		list = append(list, shownCordon(one))
	}
	return list
}

func (a *API) agents(ctx context.Context) ([]Agent, error) {
	snap, err := a.cfg.Server.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	alive, err := a.cfg.Server.Attempts(ctx)
	return agentsOf(snap, a.cfg.Server.Agents(), alive, a.cordons(), time.Now()), err
}

func (a *API) addCordon(ctx context.Context, in NewCordon) (Cordon, error) {
	one := server.Cordon{Attribute: in.Attribute, Value: in.Value, Reason: in.Reason, By: access.Of(ctx).Name}
	if (in.Agent == "") == (in.Attribute == "") || in.Agent != "" && in.Value != "" {
		return Cordon{}, huma.Error422UnprocessableEntity("want one of agent, and attribute with value")
	}
	if in.Agent != "" {
		list, err := a.agents(ctx)
		if err != nil {
			return Cordon{}, err
		}
		if one.Agent, err = agentCalled(list, in.Agent); err != nil {
			return Cordon{}, err
		}
	}
	if in.Seconds != nil {
		one.Deadline = time.Now().UTC().Add(time.Duration(*in.Seconds) * time.Second).Truncate(time.Second)
	}
	one, err := a.cfg.Server.AddCordon(ctx, one)
	return shownCordon(one), err
}

// agentCalled is the id or the host that a word means: a host stays one, so that it holds for an agent that comes back
// there under another id.
func agentCalled(list []Agent, word string) (string, error) {
	var begin, known []string
	for _, one := range list {
		if one.ID == word || one.Host == word {
			return word, nil
		}
		switch {
		case strings.HasPrefix(one.Host, word):
			begin = append(begin, one.Host)
		case strings.HasPrefix(one.ID, word):
			begin = append(begin, one.ID)
		}
		known = append(known, one.Host)
	}
	const most = 10
	switch {
	case len(begin) == 1:
		return begin[0], nil
	case len(begin) > 1:
		return "", huma.Error422UnprocessableEntity(fmt.Sprintf("%q is the beginning of %d agents: write more "+
			"of one, or its id", word, len(begin)))
	case len(known) == 0:
		return "", notFound("no agent is known yet: agents are known from when they first offer something, which " +
			"they do while sweeps wait")
	case len(known) > most:
		known = append(known[:most], fmt.Sprintf("%d more", len(known)-most))
	}
	return "", notFound(fmt.Sprintf("no agent is called %s; known: %s", word, strings.Join(known, ", ")))
}

func shownCordon(c server.Cordon) Cordon {
	return Cordon{c.ID, c.Agent, c.Attribute, c.Value, rfc3339(c.Deadline), c.Reason, c.By, rfc3339(c.Created)}
}
