package mesos

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// DecodeEvent turns one event of Mesos into ours, as a Driver delivers it; nil when there is nothing to deliver.
// SUBSCRIBED, HEARTBEAT and ERROR belong to the session; operations, which this framework never asks for, give nothing.
func DecodeEvent(e *api.Event) cluster.Event {
	switch e.Type {
	case api.Event_OFFERS:
		list := e.GetOffers().GetOffers()
		out := make([]offers.Offer, len(list))
		for i := range list {
			out[i] = offer(&list[i])
		}
		return cluster.Offered{Offers: out}
	case api.Event_RESCIND:
		return cluster.Rescinded{Offer: offers.OfferID(e.GetRescind().GetOfferID().Value)}
	case api.Event_INVERSE_OFFERS:
		list := e.GetInverseOffers().GetInverseOffers()
		out := make([]cluster.InverseOffer, len(list))
		for i := range list {
			out[i] = inverseOffer(&list[i])
		}
		return cluster.InverseOffered{Offers: out}
	case api.Event_RESCIND_INVERSE_OFFER:
		return cluster.InverseRescinded{Offer: offers.OfferID(e.GetRescindInverseOffer().GetInverseOfferID().Value)}
	case api.Event_UPDATE:
		status := e.GetUpdate().GetStatus()
		return cluster.Updated{Status: update(&status)}
	case api.Event_MESSAGE:
		m := e.GetMessage()
		return cluster.ExecutorMessage{
			Agent:    offers.AgentID(m.GetAgentID().Value),
			Executor: offers.ExecutorID(m.GetExecutorID().Value),
			Data:     m.GetData(),
		}
	case api.Event_FAILURE:
		f := e.GetFailure()
		agent := offers.AgentID(f.GetAgentID().GetValue())
		if f.GetExecutorID() == nil {
			return cluster.AgentGone{Agent: agent}
		}
		return cluster.ExecutorGone{
			Agent:    agent,
			Executor: offers.ExecutorID(f.GetExecutorID().GetValue()),
			Wait:     int(f.GetStatus()),
		}
	}
	return nil
}

func update(s *mesosapi.TaskStatus) cluster.Status {
	out := cluster.Status{
		Task:     cluster.TaskID(s.TaskID.Value),
		Agent:    offers.AgentID(s.GetAgentID().GetValue()),
		Executor: offers.ExecutorID(s.GetExecutorID().GetValue()),
		State:    cluster.TaskState(strings.TrimPrefix(s.GetState().String(), "TASK_")),
		Message:  s.GetMessage(),
		UUID:     s.UUID,
		Data:     s.Data,
		Time:     seconds(s.GetTimestamp()),
	}
	if s.Source != nil {
		out.Source = s.Source.String()
	}
	if s.Reason != nil {
		out.Reason = s.Reason.String()
		if *s.Reason == reasonDraining {
			out.Reason = "REASON_AGENT_DRAINING"
		}
	}
	return out
}

// reasonDraining is one that Mesos has since 1.9, and that mesos-go knows only by its number.
const reasonDraining mesosapi.TaskStatus_Reason = 34

// seconds reads Mesos's timestamps: Unix seconds with a fraction, to the microsecond that a double holds.
func seconds(t float64) time.Time {
	if !(t > 0 && t < 1<<40) {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Round(t * 1e6))).UTC()
}

func offer(o *mesosapi.Offer) offers.Offer {
	role := o.GetAllocationInfo().GetRole()
	out := offers.Offer{
		ID:       offers.OfferID(o.ID.Value),
		Agent:    offers.AgentID(o.AgentID.Value),
		Hostname: o.Hostname,
		Role:     role,
		Amounts:  make([]offers.Amount, len(o.Resources)),
		URL:      agentURL(o.URL),

		Unavailable: unavailability(o.Unavailability),
	}
	for i := range o.Resources {
		out.Amounts[i] = fromMesos(&o.Resources[i], role)
	}
	for i := range o.Attributes {
		out.Attributes = append(out.Attributes, attribute(&o.Attributes[i]))
	}
	for i := range o.ExecutorIDs {
		out.Executors = append(out.Executors, offers.ExecutorID(o.ExecutorIDs[i].Value))
	}
	return out
}

func inverseOffer(o *mesosapi.InverseOffer) cluster.InverseOffer {
	address := o.GetURL().GetAddress()
	return cluster.InverseOffer{
		ID:          offers.OfferID(o.OfferID.Value),
		Agent:       offers.AgentID(o.GetAgentID().GetValue()),
		Hostname:    address.GetHostname(),
		Unavailable: unavailability(&o.Unavailability),
	}
}

// unavailability is without an end when Mesos's has no duration. One that ends before it begins has not been meant so:
// it has none either.
func unavailability(u *mesosapi.Unavailability) (out offers.Unavailability) {
	if u == nil {
		return out
	}
	out.Start = time.Unix(0, u.Start.Nanoseconds).UTC()
	if u.Duration != nil && u.Duration.Nanoseconds >= 0 {
		out.End = out.Start.Add(time.Duration(u.Duration.Nanoseconds))
	}
	return out
}

// agentURL prefers the address over the name: the scheduler's host need not resolve the agents' names.
// Over HTTPS it is the name, which the certificate holds.
func agentURL(u *mesosapi.URL) string {
	if u == nil {
		return ""
	}
	host := u.Address.GetIP()
	if host == "" || (u.Scheme == "https" && u.Address.GetHostname() != "") {
		host = u.Address.GetHostname()
	}
	return u.Scheme + "://" + net.JoinHostPort(host, strconv.Itoa(int(u.Address.Port))) + u.GetPath()
}

// attribute writes scalars in their shortest form and ranges as Mesos's own flags do, [1-5,7-7].
func attribute(a *mesosapi.Attribute) offers.Attribute {
	out := offers.Attribute{Name: a.Name}
	switch a.Type {
	case mesosapi.TEXT:
		out.Value = a.GetText().GetValue()
	case mesosapi.SCALAR:
		out.Value, out.Scalar = strconv.FormatFloat(a.GetScalar().GetValue(), 'f', -1, 64), true
	case mesosapi.SET:
		out.Set = slices.Clone(a.GetSet().GetItem())
		out.Value = "{" + strings.Join(out.Set, ",") + "}"
	case mesosapi.RANGES:
		var parts []string
		for _, r := range a.GetRanges().GetRange() {
			parts = append(parts, fmt.Sprintf("%d-%d", r.Begin, r.End))
		}
		out.Value = "[" + strings.Join(parts, ",") + "]"
	}
	return out
}
