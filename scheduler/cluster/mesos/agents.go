package mesos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/offers"
)

// Agents asks a master how large its agents are, and answers what each would offer to a framework of the configuration
// if nothing ran there. Agents that are not connected are left out, and those with GPUs if none are asked for, as
// masters do. A master may refuse to tell.
func Agents(ctx context.Context, c Config) ([]offers.Offer, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	a, end, err := newJSONClient(c)
	if err != nil {
		return nil, err
	}
	defer end()
	var failed error
	for _, master := range c.Masters {
		var said struct{ Slaves []agentSaid }
		if err := a.get(ctx, a.scheme+"://"+master+"/slaves", &said); err != nil {
			failed = errors.Join(failed, fmt.Errorf("read the agents of %s: %w", master, err))
			continue
		}
		var list []offers.Offer
		for i := range said.Slaves {
			if s := &said.Slaves[i]; s.Active && (c.GPUs || s.Resources.GPUs == 0) {
				list = append(list, s.empty(c.Roles))
			}
		}
		return list, nil
	}
	return nil, failed
}

// agentSaid is an agent in a master's /slaves.
type agentSaid struct {
	ID         string
	Hostname   string
	Active     bool
	Attributes map[string]any
	Resources  struct{ GPUs float64 }
	Unreserved []resourceSaid            `json:"unreserved_resources_full"`
	Reserved   map[string][]resourceSaid `json:"reserved_resources_full"`
}

// resourceSaid is a resource there, as far as it is looked at.
type resourceSaid struct {
	Name   string
	Scalar struct{ Value float64 }
	Ranges struct{ Range []offers.Range }
	Set    struct{ Item []string }

	Disk, Revocable, Shared, Provider any
}

// empty is the agent as an offer of all that frameworks of the roles may have.
func (s *agentSaid) empty(roles []string) offers.Offer {
	o := offers.Offer{
		ID: offers.OfferID("all of " + s.ID), Agent: offers.AgentID(s.ID), Hostname: s.Hostname, Role: roles[0],
	}
	add := func(list []resourceSaid, reservation string) {
		for i := range list {
			r := mesosapi.Resource{Name: list[i].Name}
			switch l := &list[i]; {
			case l.Revocable != nil, l.Disk != nil, l.Provider != nil, l.Shared != nil:
				continue // what kaon takes none of
			case l.Ranges.Range != nil:
				r.Type, r.Ranges = mesosapi.RANGES.Enum(), &mesosapi.Value_Ranges{}
				for _, x := range l.Ranges.Range {
					r.Ranges.Range = append(r.Ranges.Range, mesosapi.Value_Range{Begin: x.Begin, End: x.End})
				}
			case l.Set.Item != nil:
				r.Type, r.Set = mesosapi.SET.Enum(), &mesosapi.Value_Set{Item: l.Set.Item}
			default:
				r.Type, r.Scalar = mesosapi.SCALAR.Enum(), &mesosapi.Value_Scalar{Value: l.Scalar.Value}
			}
			if reservation != "" {
				r.Role = &reservation
			}
			o.Amounts = append(o.Amounts, fromMesos(&r, o.Role))
		}
	}
	add(s.Unreserved, "")
	for _, role := range slices.Sorted(maps.Keys(s.Reserved)) {
		within := func(mine string) bool { return mine == role || strings.HasPrefix(mine, role+"/") }
		if slices.ContainsFunc(roles, within) {
			add(s.Reserved[role], role)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		o.Attributes = append(o.Attributes, attributeSaid(name, s.Attributes[name]))
	}
	return o
}

// attributeSaid is an attribute there: a number is a scalar, and what else there is a text.
func attributeSaid(name string, v any) offers.Attribute {
	at := mesosapi.Attribute{Name: name, Type: mesosapi.TEXT}
	if n, scalar := v.(float64); scalar {
		at.Type, at.Scalar = mesosapi.SCALAR, &mesosapi.Value_Scalar{Value: n}
	} else {
		at.Text = &mesosapi.Value_Text{Value: fmt.Sprint(v)}
	}
	return attribute(&at)
}
