package offers

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func scalarOffer(id string, agent int, cpus, mem float64) Offer {
	return Offer{
		ID: OfferID(id), Agent: AgentID(fmt.Sprintf("agent-%03d", agent)), Hostname: fmt.Sprintf("host-%03d", agent), Role: "kaon",
		Amounts: []Amount{
			{Name: "cpus", Scalar: resource.Milli(cpus * 1000)},
			{Name: "mem", Scalar: resource.Milli(mem * 1000)},
		},
	}
}

func TestPackMergesFragmentsOfOneAgent(t *testing.T) {
	x := NewIndex()
	x.Add(scalarOffer("a", 1, 1, 512), scalarOffer("b", 1, 1, 512), scalarOffer("c", 2, 1, 512))
	plan := x.Pack(noon, []Demand{{Resources: resource.Resources{CPUs: 2000, Mem: 1024000}, Count: 2}}, Options{})
	if len(plan.Launches) != 1 || len(plan.Launches[0].Offers) != 2 {
		t.Fatalf("got %+v, want one launch on both offers of agent-001", plan.Launches)
	}
	if len(plan.Unplaced) != 1 || plan.Unplaced[0].Count != 1 {
		t.Fatalf("got refusals %+v, want one trial waiting", plan.Unplaced)
	}
	if len(plan.Declines) != 1 || plan.Declines[0].Offers[0] != "c" || plan.Declines[0].Refuse != defaultRefuseShort {
		t.Fatalf("got declines %+v, want c for the short time", plan.Declines)
	}
	if x.Offers() != 0 || x.Rescind("a") {
		t.Fatal("offers of the plan are still in the index")
	}
	const why = "1 trial waits: 2 agents short of cpus (by 1 at least); 2 agents short of mem (by 512 at least); would fit 1 agent when empty"
	if got := plan.Unplaced[0].Sentence(); got != why {
		t.Errorf("got  %q\nwant %q", got, why)
	}
}
