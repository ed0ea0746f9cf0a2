package embedded

import (
	"fmt"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// BenchmarkSimulated runs 30,000 tasks of ten seconds, one CPU each, on 700 and on 12,500 simulated agents,
// with a scheduler that fills offers first come first served and acknowledges everything: the cost of the
// core alone.
func BenchmarkSimulated(b *testing.B) {
	for _, agents := range []int{700, 12500} {
		b.Run(fmt.Sprintf("agents=%d/tasks=30000", agents), func(b *testing.B) {
			for b.Loop() {
				updates := runSimulated(b, agents, 30000)
				b.ReportMetric(float64(updates)/1000, "kupdates")
			}
			b.ReportMetric(30000*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
		})
	}
}

func runSimulated(tb testing.TB, agents, tasks int) (updates int) {
	now := time.Unix(1_000_000, 0)
	core := NewCore(CoreConfig{Seed: 1, IP: "127.0.0.1", Behave: func(*mesos.TaskInfo, protocol.AgentID) Script {
		return Script{Duration: 10 * time.Second, Updates: []SimUpdate{{At: 5 * time.Second,
			Data: make([]byte, 100)}}}
	}}, now)
	for i := range agents {
		c := AgentConfig{CPUs: 8, MemoryMB: 32768, Ports: [2]uint64{31000, 32000}}
		core.AddAgent(now, AgentSpec{Name: fmt.Sprint(i), Hostname: fmt.Sprint("h", i), Resources: c.Resources(),
			Simulated: true}, "", nil)
	}
	core.Take()
	refuse := 3600.0
	var id *mesos.FrameworkID
	next, done := 0, 0
	call := func(c *scheduler.Call) {
		c.FrameworkID = id
		if a := core.Call(now, "s", "", c); a.Status >= 300 {
			tb.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	shell, command := false, "kaon"
	settle := func() {
		for effects := core.Take(); len(effects) > 0; effects = core.Take() {
			for _, e := range effects {
				s, ok := e.(protocol.SendEvent)
				if !ok {
					continue
				}
				switch s.Event.Type {
				case scheduler.Event_SUBSCRIBED:
					id = s.Event.Subscribed.FrameworkID
				case scheduler.Event_OFFERS:
					for _, o := range s.Event.Offers.Offers {
						var launch []mesos.TaskInfo
						for _, r := range o.Resources {
							for free := r.GetScalar().GetValue(); r.Name == "cpus" && free >= 1 && next < tasks; free-- {
								launch = append(launch, mesos.TaskInfo{
									Name: "t", TaskID: mesos.TaskID{Value: fmt.Sprint("sweep.", next, ".0")}, AgentID: o.AgentID,
									Resources: AgentConfig{CPUs: 1}.Resources(),
									Executor: &mesos.ExecutorInfo{Type: mesos.ExecutorInfo_CUSTOM,
										ExecutorID: mesos.ExecutorID{Value: "ex"},
										Command:    &mesos.CommandInfo{Shell: &shell, Value: &command}},
								})
								next++
							}
						}
						call(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{
							OfferIDs: []mesos.OfferID{o.ID}, Filters: &mesos.Filters{RefuseSeconds: &refuse},
							Operations: []mesos.Offer_Operation{{Type: mesos.Offer_Operation_LAUNCH,
								Launch: &mesos.Offer_Operation_Launch{TaskInfos: launch}}},
						}})
					}
				case scheduler.Event_UPDATE:
					st := s.Event.Update.Status
					updates++
					if protocol.Terminal(st.GetState()) {
						done++
					}
					call(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE,
						Acknowledge: &scheduler.Call_Acknowledge{AgentID: *st.AgentID, TaskID: st.TaskID, UUID: st.UUID}})
				}
			}
		}
	}
	call(&scheduler.Call{Type: scheduler.Call_SUBSCRIBE,
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: &mesos.FrameworkInfo{User: "u", Name: "f"}}})
	settle()
	for done < tasks {
		next := core.Next()
		if next.IsZero() {
			tb.Fatalf("stuck at %d of %d tasks", done, tasks)
		}
		now = next
		core.Tick(now)
		settle()
	}
	return updates
}

// The deck's sweep, thirty thousand tasks on seven hundred agents, ends in the simulation and is the same
// twice.
func TestSimulationRepeats(t *testing.T) {
	if a, b := runSimulated(t, 70, 3000), runSimulated(t, 70, 3000); a != b || a != 9000 {
		t.Fatalf("%d and %d updates, want 9000", a, b)
	}
}
