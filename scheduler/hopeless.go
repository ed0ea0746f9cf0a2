package scheduler

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

// hope is who could do better after an attempt that never became one.
type hope uint8

const (
	again    hope = iota // anybody, another time
	others               // other agents: this one lacks what the spec names, a user or an image
	nobody               // nobody: the task itself is wrong
	noneEver             // nobody, and that goes for every trial of the sweep
)

// refusingAgents that all lack what the spec names stand for the cluster, however large it is.
const refusingAgents = 3

// unknownUsers and unknownImages are what agents and container engines say, in lower case, of a user or an image that
// there is not. Registries that are out of reach, or want credentials first, say other things.
var (
	unknownUsers = []string{
		"no such user", "unknown user", "unable to find user", "failed to get user information", "failed to getuid",
		"failed to get uid", "failed to get gid",
	}
	unknownImages = []string{
		"no such image", "manifest unknown", "manifest for", "name unknown", "repository does not exist", "pull access denied",
		"invalid reference format", "failed to parse image",
	}
)

// hopeOf reads from an update whether what it tells can become right.
func hopeOf(s cluster.Status) hope {
	message := strings.ToLower(s.Message)
	says := func(words string) bool { return strings.Contains(message, words) }
	switch {
	case strings.HasSuffix(s.Reason, "_UNAUTHORIZED"):
		return noneEver
	case s.Reason == "REASON_TASK_INVALID" || s.Reason == "REASON_TASK_GROUP_INVALID":
		if says("more than available") || says("not compatible") || says("duplicate") {
			return again // what runs on the agent was not what we believed
		}
		return nobody
	case s.Source == "SOURCE_EXECUTOR" || !s.State.Final():
		return again
	case slices.ContainsFunc(unknownUsers, says), slices.ContainsFunc(unknownImages, says):
		return others
	}
	return again
}

// settleHope ends what cannot become right: the trial, and where it goes for all trials the sweep.
func (c *Core) settleHope(att *attempt, v verdict) verdict {
	switch v.hope {
	case again:
		if !att.started.IsZero() {
			att.run.refusing = nil
		}
		return v
	case others:
		if !slices.Contains(att.run.refusing, att.agent) {
			att.run.refusing = append(att.run.refusing, att.agent)
		}
		if !c.refusedEverywhere(att) {
			return v
		}
		v.hope = noneEver
	}
	if v.kind == lost {
		v.kind = failed
	}
	return v
}

// refusedEverywhere reports whether all agents that could take an attempt lack what it needs, or enough of them.
func (c *Core) refusedEverywhere(att *attempt) bool {
	refusing := att.run.refusing
	return len(refusing) >= refusingAgents ||
		!c.cfg.Packer.Could(att.demand, func(id offers.AgentID) bool { return slices.Contains(refusing, id) })
}

// giveUp ends a sweep none of whose trials can be started.
func (c *Core) giveUp(att *attempt, v verdict) {
	if v.hope == noneEver && v.kind == failed {
		c.halt(att.run, sweep.PhaseFailed, fmt.Sprintf("stopped, as no trial of it can be started: %s", v.reason), true)
	}
}
