package offers

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

func TestSupply(t *testing.T) {
	x := NewIndex()
	offer := func(id OfferID, agent AgentID, role string, cpus, licences int) Offer {
		return Offer{ID: id, Agent: agent, Hostname: string(agent), Role: role, Amounts: []Amount{
			{Name: "cpus", Scalar: resource.Milli(cpus) * resource.Unit}, {Name: "mem", Scalar: 100 * resource.Unit},
			{Name: "licences", Scalar: resource.Milli(licences) * resource.Unit},
		}}
	}
	x.Add(offer("o1", "a1", "", 8, 1), offer("o2", "a2", "", 4, 2), offer("o3", "a3", "", 2, 0))
	running := Demand{Resources: resource.Resources{CPUs: 3 * resource.Unit}}
	x.TaskStarted("a1", &running, 1)
	x.Rescind("o1")
	now := time.Unix(100, 0)
	s := x.Supply(now, Options{Exclude: map[AgentID]Exclusion{"a2": {Until: now.Add(1)}, "a3": {Reason: "foreign"}}})
	if s.Total.CPUs != 12*resource.Unit || s.Total.Named["licences"] != 3*resource.Unit || s.Free.CPUs != 0 {
		t.Errorf("%+v: agents that are left alone for a time count, those for good do not, and neither has anything free", s)
	}
	s = x.Supply(now, Options{})
	if s.Total.CPUs != 14*resource.Unit || s.Free.CPUs != 6*resource.Unit || s.Free.Named["licences"] != 2*resource.Unit {
		t.Errorf("%+v", s)
	}
	for cpus, want := range map[resource.Milli]bool{3: true, 4: true, 5: false} {
		d := Demand{Resources: resource.Resources{CPUs: cpus * resource.Unit, Mem: 100 * resource.Unit}}
		if x.Holds(&d) != want {
			t.Errorf("%d cpus: %v", cpus, !want)
		}
		d.Overhead = resource.Resources{Mem: resource.Unit} // each task brings an executor of its own
		if x.Holds(&d) {
			t.Errorf("%d cpus with an executor of its own", cpus)
		}
	}
	if x.Holds(&Demand{Resources: resource.Resources{Named: map[string]resource.Milli{"licences": 3 * resource.Unit}}}) {
		t.Error("no agent has three licences")
	}
}
