package offers

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// plainIndex is the index in the plainest way: a list of offers.
type plainIndex struct {
	offers []Offer
	times  map[OfferID]time.Time
}

func (p *plainIndex) drop(gone func(Offer) bool) (dropped []OfferID) {
	var kept []Offer
	for _, o := range p.offers {
		if gone(o) {
			dropped = append(dropped, o.ID)
		} else {
			kept = append(kept, o)
		}
	}
	p.offers = kept
	return dropped
}

func (p *plainIndex) free(agent AgentID, role string) resource.Resources {
	var q resource.Resources
	for _, o := range p.offers {
		if o.Agent == agent && o.Role == role {
			q = q.Plus(amountsOf(o.Amounts), 1)
		}
	}
	return q
}

// TestIndexFollowsAPlainList runs random changes on the index and on a list of offers.
func TestIndexFollowsAPlainList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, w := NewIndex(), &world{t: t}
		plain := &plainIndex{times: make(map[OfferID]time.Time)}
		now := noon
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				o := w.offer(70)
				x.Add(o, o)
				plain.offers = append(plain.offers, o)
				plain.times[o.ID] = now
			},
			"rescind": func(t *rapid.T) {
				id := OfferID(rapid.SampledFrom([]string{"o1", "o2", "o5", "o9"}).Draw(t, "id"))
				gone := plain.drop(func(o Offer) bool { return o.ID == id })
				if x.Rescind(id) != (len(gone) == 1) {
					t.Fatalf("rescind %s: index and list disagree whether it is there", id)
				}
			},
			"remove": func(t *rapid.T) {
				id := AgentID(rapid.SampledFrom([]string{"a1", "a2", "a70"}).Draw(t, "agent"))
				x.RemoveAgent(id)
				plain.drop(func(o Offer) bool { return o.Agent == id })
			},
			"reset": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
					x.Reset()
					plain.offers = nil
				}
			},
			"load": func(t *rapid.T) {
				d := &Demand{Job: "s", Executor: "warm", Count: 1}
				x.TaskStarted("a1", d, 2)
				x.TaskEnded("a1", d, 1)
				x.ExecutorGone("a2", "warm")
			},
			"": func(t *rapid.T) {
				if err := x.Check(); err != nil {
					t.Fatal(err)
				}
				if x.Offers() != len(plain.offers) {
					t.Fatalf("%d offers, want %d", x.Offers(), len(plain.offers))
				}
				last := resource.Resources{}
				for _, h := range x.Snapshot().Holdings() {
					if want := plain.free(h.Agent, h.Role); !want.Equal(&h.Free) {
						t.Fatalf("%s %s holds %+v, want %+v", h.Agent, h.Role, h.Free, want)
					}
					if h.Free.CPUs < last.CPUs || h.Free.CPUs == last.CPUs && h.Free.Mem < last.Mem {
						t.Fatalf("holdings out of order: %+v after %+v", h.Free, last)
					}
					last = h.Free
				}
			},
		})
	})
}

// TestSnapshotsNeverChange reads one while the index goes on, from another goroutine: the race detector
// watches.
func TestSnapshotsNeverChange(t *testing.T) {
	x := NewIndex()
	x.Add(scalarOffer("a", 1, 4, 4096), scalarOffer("b", 2, 4, 4096))
	s := x.Snapshot()
	agents, holdings := s.Agents(), s.Holdings()
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 100 {
			if !reflect.DeepEqual(s.Agents(), agents) || !reflect.DeepEqual(s.Holdings(), holdings) {
				t.Error("a snapshot changed")
				return
			}
		}
	}()
	demands := []Demand{{Job: "s", Count: 3}}
	demands[0].Resources.CPUs = 1000
	plan := x.Pack(noon, demands, Options{})
	x.Add(scalarOffer("c", 1, 1, 1))
	x.TaskEnded(plan.Launches[0].Agent, &demands[0], 1)
	x.RemoveAgent("agent-002")
	<-done
	if n := len(x.Agents()); n != 1 {
		t.Errorf("%d agents, want 1", n)
	}
}
