package cluster_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Whatever is put, and in whatever order the lanes are served, the calls about one agent leave in the order of Put, each
// once, and a RECONCILE leaves when all calls before it were answered.
func TestLanesKeepTheOrderOfAnAgentAndReconcileWaits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lanes cluster.Lanes
		var busy [cluster.LaneCount]cluster.Call
		put, taken := 0, 0
		serial := map[offers.AgentID]int{} // of the last call taken, by agent
		open := map[string]bool{}          // calls that were put and not answered
		before := map[string][]string{}    // of a RECONCILE: what it has to wait for
		name := func(call cluster.Call) string {
			if r, ok := call.(cluster.Reconcile); ok {
				return "reconcile " + string(r.Tasks[0].Task)
			}
			return string(call.(cluster.Kill).Task)
		}
		serve := func(lane int) {
			if call := busy[lane]; call != nil {
				delete(open, name(call))
			}
			call := lanes.Take(lane)
			if busy[lane] = call; call == nil {
				return
			}
			taken++
			if k, ok := call.(cluster.Kill); ok {
				var n int
				fmt.Sscan(string(k.Task), &n)
				if n <= serial[k.Agent] {
					t.Fatalf("call %d about %s leaves after call %d", n, k.Agent, serial[k.Agent])
				}
				serial[k.Agent] = n
			}
			for _, earlier := range before[name(call)] {
				if open[earlier] {
					t.Fatalf("%s leaves before %s was answered", name(call), earlier)
				}
			}
		}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "serve") {
				serve(rapid.IntRange(0, cluster.LaneCount-1).Draw(t, "lane"))
				continue
			}
			put++
			task := cluster.TaskID(fmt.Sprint(put))
			var call cluster.Call = cluster.Kill{Task: task, Agent: offers.AgentID(fmt.Sprintf("a%d", rapid.IntRange(0, 30).Draw(t, "agent")))}
			if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
				call = cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: task}}}
				for earlier := range open {
					before[name(call)] = append(before[name(call)], earlier)
				}
			}
			open[name(call)] = true
			lanes.Put(call)
		}
		for range put + 1 { // every round takes one at least, while there is any
			for lane := range cluster.LaneCount {
				serve(lane)
			}
		}
		if taken != put || len(open) > 0 {
			t.Fatalf("%d of %d calls left, %d unanswered", taken, put, len(open))
		}
	})
}
