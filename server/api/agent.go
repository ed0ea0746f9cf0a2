package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Agent is a machine of the cluster that this server has had offers or tasks of.
type Agent struct {
	ID      string `json:"agent"`
	Host    string `json:"host"`
	Running int    `json:"running" doc:"Attempts of this server that run there."`
	Proven  bool   `json:"proven" doc:"An attempt has run to its end there."`
	Avoided string `json:"avoided,omitempty" doc:"RFC 3339: until when it gets no work; absent: it is trusted."`

	State      string            `json:"state" enum:"proven,unproven,avoided,cordoned,maintenance,unreachable,incompatible" doc:"Cordoned: an operator wants no work there. Maintenance: it is away, as the master's schedule has it. Unreachable: the cluster has lost it, and what runs there with it, for now. Incompatible: no executor is built for its architecture."`
	Health     int               `json:"health" doc:"100: it has proved itself; 60: nothing is known; 0: it is avoided. Failures in a row cost 15, times in a row that it was avoided 20."`
	Why        string            `json:"why,omitempty" doc:"For what it was avoided the last time."`
	Attributes map[string]string `json:"attributes" doc:"As its last offer had them."`
	Used       Load              `json:"used" doc:"By this server's tasks and executors."`
	Capacity   Load              `json:"capacity" doc:"The most that was ever offered and used there together."`
	Cordon     *Cordon           `json:"cordon,omitempty"`
	Away       *Maintenance      `json:"maintenance,omitempty" doc:"When it is away, or will be, by the maintenance schedule of the master."`
	Attempts   []Placed          `json:"attempts" doc:"What runs there."`
}

// Maintenance is when an agent is away, or will be.
type Maintenance struct {
	From string `json:"from" doc:"RFC 3339."`
	To   string `json:"to,omitempty" doc:"RFC 3339; absent: nobody said."`
}

// Load is an amount of resources.
type Load struct {
	CPUs     float64 `json:"cpus"`
	MemoryMB float64 `json:"memory_mb"`
	GPUs     float64 `json:"gpus"`
}

// Placed is an attempt on an agent.
type Placed struct {
	Sweep   string `json:"sweep"`
	Trial   int    `json:"trial" doc:"-1 is the step that follows the trials."`
	Attempt int    `json:"attempt"`
	State   string `json:"state"`
}

// agentStates are all that agentState answers.
var agentStates = []string{"proven", "unproven", "avoided", "cordoned", "maintenance", "unreachable", "incompatible"}

// agentState is what the scheduler makes of an agent.
func agentState(a *scheduler.AgentStatus, now time.Time) string {
	switch {
	case a.Cordon != nil:
		return "cordoned"
	case a.Unavailable.Began(now):
		return "maintenance"
	case a.Unreachable:
		return "unreachable"
	case a.Foreign:
		return "incompatible"
	case a.Avoided.After(now):
		return "avoided"
	case a.Proven:
		return "proven"
	}
	return "unproven"
}

func load(r *resource.Resources) Load {
	unit := float64(resource.Unit)
	return Load{float64(r.CPUs) / unit, float64(r.Mem) / unit, float64(r.GPUs) / unit}
}

// left reports whether an agent has left the cluster: the packer knows it no more, and nothing of it matters.
func left(a *scheduler.AgentStatus, row *offers.Agent) bool {
	return row == nil && a.Running == 0 && a.Cordon == nil
}

// rowsOf are what the packer knows, by agent.
func rowsOf(known []*offers.Agent) map[offers.AgentID]*offers.Agent {
	rows := make(map[offers.AgentID]*offers.Agent, len(known))
	for _, a := range known {
		rows[a.ID] = a
	}
	return rows
}

// agentsOf puts together what is known of agents.
func agentsOf(
	snap scheduler.Snapshot, known []*offers.Agent, alive []scheduler.AttemptStatus, cordons []Cordon, now time.Time,
) []Agent {
	rows := rowsOf(known)
	placed := map[offers.AgentID][]Placed{}
	for _, a := range alive {
		placed[a.Agent] = append(placed[a.Agent], Placed{a.Sweep, a.Trial, a.Attempt, a.State.String()})
	}
	list := make([]Agent, 0, len(snap.Agents))
	for i := range snap.Agents {
		one := &snap.Agents[i]
		agent := Agent{
			ID: string(one.ID), Host: one.Host, Running: one.Running, Proven: one.Proven, State: agentState(one, now),
			Health: one.Health, Why: one.Why, Attributes: map[string]string{},
			Attempts: append([]Placed{}, placed[one.ID]...),
		}
		if one.Avoided.After(now) {
			agent.Avoided = one.Avoided.UTC().Format(time.RFC3339)
		}
		for _, at := range one.Attributes {
			agent.Attributes[at.Name] = at.Value
		}
		row := rows[one.ID]
		if left(one, row) {
			continue
		}
		if row != nil {
			agent.Used, agent.Capacity = load(&row.Used), load(&row.Capacity)
		}
		if c := one.Cordon; c != nil {
			agent.Cordon = &Cordon{ID: c.ID, Agent: c.Agent, Attribute: c.Attribute, Value: c.Value,
				Deadline: rfc3339(c.Deadline), Reason: c.Reason}
			for i := range cordons {
				if cordons[i].ID == c.ID {
					agent.Cordon = &cordons[i]
				}
			}
		}
		if u := one.Unavailable; u.Planned(now) {
			agent.Away = &Maintenance{rfc3339(u.Start), rfc3339(u.End)}
		}
		list = append(list, agent)
	}
	slices.SortStableFunc(list, func(a, b Agent) int { return cmp.Compare(a.Host, b.Host) })
	return list
}
