package mesos

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// EncodeCall turns one of our calls into Mesos's, as a Driver for that framework sends it. role is what
// resources of unknown origin are taken from. The error names a call of unknown type.
func EncodeCall(call cluster.Call, id cluster.FrameworkID, role string) (*api.Call, error) {
	framework := string(id)
	var c *api.Call
	switch call := call.(type) {
	case cluster.Accept:
		c = accept(call, framework, role)
	case cluster.Decline:
		c = &api.Call{Type: api.Call_DECLINE, Decline: &api.Call_Decline{OfferIDs: offerIDs(call.Offers),
			Filters: refuse(call.Refuse)}}
	case cluster.AcceptInverse:
		c = &api.Call{Type: api.Call_ACCEPT_INVERSE_OFFERS, AcceptInverseOffers: &api.Call_AcceptInverseOffers{
			InverseOfferIDs: offerIDs(call.Offers), Filters: refuse(call.Refuse)}}
	case cluster.DeclineInverse:
		c = &api.Call{Type: api.Call_DECLINE_INVERSE_OFFERS, DeclineInverseOffers: &api.Call_DeclineInverseOffers{
			InverseOfferIDs: offerIDs(call.Offers), Filters: refuse(call.Refuse)}}
	case cluster.Kill:
		c = calls.Kill(string(call.Task), string(call.Agent))
		if call.Grace > 0 {
			grace := &mesosapi.DurationInfo{Nanoseconds: call.Grace.Nanoseconds()}
			c.Kill.KillPolicy = &mesosapi.KillPolicy{GracePeriod: grace}
		}
	case cluster.Acknowledge:
		c = calls.Acknowledge(string(call.Agent), string(call.Task), call.UUID)
	case cluster.Reconcile:
		c = calls.Reconcile()
		for _, t := range call.Tasks {
			task := api.Call_Reconcile_Task{TaskID: mesosapi.TaskID{Value: string(t.Task)}}
			if t.Agent != "" {
				task.AgentID = &mesosapi.AgentID{Value: string(t.Agent)}
			}
			c.Reconcile.Tasks = append(c.Reconcile.Tasks, task)
		}
	case cluster.Message:
		// which must be there, though it be empty
		c = calls.Message(string(call.Agent), string(call.Executor), append([]byte{}, call.Data...))
	case cluster.Shutdown:
		c = calls.Shutdown(string(call.Executor), string(call.Agent))
	case cluster.Suppress:
		c = calls.Suppress()
	case cluster.Revive:
		c = calls.Revive()
	case cluster.Teardown:
		c = &api.Call{Type: api.Call_TEARDOWN}
	default:
		return nil, fmt.Errorf("send %T: unknown call", call)
	}
	c.FrameworkID = &mesosapi.FrameworkID{Value: framework}
	return c, nil
}

func offerIDs(ids []offers.OfferID) []mesosapi.OfferID {
	out := make([]mesosapi.OfferID, len(ids))
	for i, id := range ids {
		out[i].Value = string(id)
	}
	return out
}

// refuse is always written: without it Mesos would refuse for five seconds.
func refuse(d time.Duration) *mesosapi.Filters {
	s := max(d, 0).Seconds()
	return &mesosapi.Filters{RefuseSeconds: &s}
}

func accept(a cluster.Accept, framework, role string) *api.Call {
	c := &api.Call{Type: api.Call_ACCEPT, Accept: &api.Call_Accept{OfferIDs: offerIDs(a.Offers),
		Filters: refuse(a.Refuse)}}
	if len(a.Tasks) == 0 {
		return c
	}
	tasks := make([]mesosapi.TaskInfo, len(a.Tasks))
	var last *mesosapi.ExecutorInfo
	for i := range a.Tasks {
		t := &a.Tasks[i]
		role := allocated(t.Resources, role)
		if last == nil || !reflect.DeepEqual(t.Executor, a.Tasks[i-1].Executor) {
			last = executorInfo(t.Executor, framework, role)
		}
		tasks[i] = mesosapi.TaskInfo{
			Name:      t.Name,
			TaskID:    mesosapi.TaskID{Value: string(t.ID)},
			AgentID:   mesosapi.AgentID{Value: string(a.Agent)},
			Resources: resources(t.Resources, role),
			Executor:  last,
			Data:      t.Data,
		}
	}
	c.Accept.Operations = []mesosapi.Offer_Operation{calls.OpLaunch(tasks...)}
	return c
}

func executorInfo(e cluster.ExecutorInfo, framework, role string) *mesosapi.ExecutorInfo {
	no := false
	command := &mesosapi.CommandInfo{Shell: &no}
	if len(e.Argv) > 0 {
		command.Value = &e.Argv[0]
		command.Arguments = e.Argv // with argv[0], as execve wants it
	}
	for _, u := range e.URIs {
		uri := mesosapi.CommandInfo_URI{Value: u.Value, Executable: &u.Executable, Extract: &u.Extract,
			Cache: &u.Cache}
		if u.OutputFile != "" {
			uri.OutputFile = &u.OutputFile
		}
		command.URIs = append(command.URIs, uri)
	}
	if len(e.Env) > 0 {
		command.Environment = &mesosapi.Environment{}
		for _, pair := range e.Env {
			name, value, _ := strings.Cut(pair, "=")
			command.Environment.Variables = append(command.Environment.Variables,
				mesosapi.Environment_Variable{Name: name, Value: &value})
		}
	}
	info := &mesosapi.ExecutorInfo{
		Type:        mesosapi.ExecutorInfo_CUSTOM,
		ExecutorID:  mesosapi.ExecutorID{Value: string(e.ID)},
		FrameworkID: &mesosapi.FrameworkID{Value: framework},
		Command:     command,
		Resources:   resources(e.Resources, allocated(e.Resources, role)),
	}
	if e.Name != "" {
		info.Name = &e.Name
	}
	if e.Container != nil {
		inContainer(info, &e)
	}
	return info
}

// SubscribeCall is the SUBSCRIBE of a Driver made from c. id is empty for a framework that has none yet. The
// error is that of the configuration.
func SubscribeCall(c Config, id cluster.FrameworkID) (*api.Call, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	return calls.Subscribe(c.frameworkInfo(id)), nil
}
