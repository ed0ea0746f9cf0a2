package engine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// graphs draws graphs with for-each and loops in them.
func graphs(t *rapid.T, depth int, count *int) *workflow.Graph {
	g := &workflow.Graph{}
	for pos := range rapid.IntRange(1, 5).Draw(t, "nodes") {
		*count++
		n := &workflow.Node{Name: fmt.Sprintf("n%d", *count)}
		kind := rapid.IntRange(0, 9).Draw(t, "kind")
		switch {
		case kind == 0:
		case kind == 1 && depth < 2:
			n.Each = &workflow.Each{
				Over: []workflow.Binding{{Name: fmt.Sprintf("i%d", *count), List: "parameters.list"}}, Parallel: rapid.IntRange(0, 2).Draw(t, "parallel"),
				Tolerate: rapid.IntRange(0, 2).Draw(t, "tolerate"), Ordered: rapid.Bool().Draw(t, "ordered"), Body: graphs(t, depth+1, count),
			}
		case kind == 2 && depth < 2:
			body := graphs(t, depth+1, count)
			n.Loop = &workflow.Loop{Until: fmt.Sprintf(`steps.%s.attempt > 1 || parameters.once`, body.Nodes[0].Name), Times: 2, Body: body}
		default:
			n.Step = &workflow.Step{Name: n.Name, Type: "command", Retry: workflow.Retry{Times: rapid.IntRange(0, 2).Draw(t, "retries")}}
			if rapid.IntRange(0, 5).Draw(t, "mode") == 0 {
				n.Step.OnFailure = workflow.Continue
			}
			n.Step.Breakpoint = rapid.IntRange(0, 19).Draw(t, "breakpoint") == 0
			if rapid.IntRange(0, 7).Draw(t, "timed") == 0 {
				n.Step.Timeout = time.Second
			}
		}
		for from := range pos {
			if rapid.Bool().Draw(t, "edge") {
				when := ""
				if rapid.IntRange(0, 4).Draw(t, "guard") == 0 {
					when = rapid.SampledFrom([]string{"parameters.once", "!parameters.once"}).Draw(t, "when")
				}
				n.After = append(n.After, workflow.Edge{From: from, When: when})
			}
		}
		if len(n.After) > 1 {
			n.Join.AtLeast = rapid.IntRange(0, len(n.After)).Draw(t, "join")
		}
		g.Nodes = append(g.Nodes, n)
	}
	return g
}

func policy(s *workflow.Step) engine.Policy {
	return engine.Policy{
		Optional: s.OnFailure == workflow.Continue, Hold: s.Breakpoint, Timeout: s.Timeout,
		Retry: func(_ engine.Fault, failures int) (time.Duration, bool) {
			return time.Duration(failures%2) * time.Second, failures <= s.Retry.Times
		},
	}
}

// world runs an engine against attempts that end as is drawn, and holds its laws as it goes.
type world struct {
	*rapid.T
	flow    engine.Flow
	e       *engine.Engine
	log     []engine.Event
	running map[string]engine.Task
	last    map[string]int // attempts by key
	ids     map[string]bool
	now     int64
	over    bool
	round   map[string]int // of restarts, when a step began last, by key
	rounds  int
	former  bool // a restart was as in logs of a kaon that bounded none
}

func (w *world) step(ev engine.Event) {
	ev.At = w.now
	w.log = append(w.log, ev)
	w.over = w.over && ev.Kind != engine.Restart
	w.former = w.former || ev.Kind == engine.Restart && !ev.Bounded
	for _, x := range w.e.Step(ev) {
		switch x.Kind {
		case engine.Start:
			if _, runs := w.running[x.Task.Key]; runs {
				w.Fatalf("%s starts while it runs", x.Task.Key)
			}
			if x.Task.Attempt != w.last[x.Task.Key]+1 || w.ids[x.Task.ID] {
				w.Fatalf("attempt %d of %s (%s) follows %d", x.Task.Attempt, x.Task.Key, x.Task.ID, w.last[x.Task.Key])
			}
			w.waited(x.Task)
			w.round[x.Task.Key] = w.rounds
			w.last[x.Task.Key], w.ids[x.Task.ID], w.running[x.Task.Key] = x.Task.Attempt, true, x.Task
			w.bounded()
		case engine.Stop:
			if w.running[x.Task.Key].ID != x.Task.ID {
				w.Fatalf("%s is stopped and does not run", x.Task.ID)
			}
		case engine.End:
			w.over = true
			if len(w.running) > 0 {
				w.Fatalf("the run ends while %v run", w.running)
			}
		}
	}
}

// bounded holds that no more iterations of a for-each have steps that run than its bound, and none of one that is ordered before those before
// it have ended.
func (w *world) bounded() {
	if w.former {
		return
	}
	iterations := map[string]map[int]bool{}
	for _, t := range w.running {
		around := aroundOf(w.flow.Main, t.Node)
		if around == nil && w.flow.Finally != nil {
			around = aroundOf(w.flow.Finally, t.Node)
		}
		if len(around) != len(t.Index)+1 {
			w.Fatalf("%s is within %d", t.Key, len(around)-1)
		}
		for i, n := range around[:len(around)-1] {
			if n.Each == nil {
				continue
			}
			bound := n.Each.Parallel
			if n.Each.Ordered {
				bound = 1
			}
			of := fmt.Sprint(n.Name, t.Index[:i])
			if iterations[of] == nil {
				iterations[of] = map[int]bool{}
			}
			iterations[of][t.Index[i]] = true
			if bound > 0 && len(iterations[of]) > bound {
				w.Fatalf("of %s run the iterations %v, %d may", of, iterations[of], bound)
			}
		}
	}
}

// aroundOf are the nodes around one, the outermost first, and itself; none: it is not there.
func aroundOf(g *workflow.Graph, n *workflow.Node) []*workflow.Node {
	for _, one := range g.Nodes {
		if one == n {
			return []*workflow.Node{n}
		}
		if body := one.Body(); body != nil {
			if found := aroundOf(body, n); found != nil {
				return append([]*workflow.Node{one}, found...)
			}
		}
	}
	return nil
}

// waited holds that all, or as many as it needs, that a step waits for have ended.
func (w *world) waited(t engine.Task) {
	states := map[string]engine.State{}
	for _, s := range w.e.View(true).Steps {
		states[s.Key] = s.State
	}
	suffix := t.Key[len(t.Node.Name):]
	g := graphOf(w.flow.Main, t.Node)
	if g == nil {
		return // of the graph that follows
	}
	ended := 0
	for _, edge := range t.Node.After {
		if states[g.Nodes[edge.From].Name+suffix].Ended() {
			ended++
		}
	}
	if least := t.Node.Join.AtLeast; least == 0 && ended < len(t.Node.After) || ended < least {
		w.Fatalf("%s starts when %d of %d that it waits for have ended", t.Key, ended, len(t.Node.After))
	}
}

func graphOf(g *workflow.Graph, n *workflow.Node) *workflow.Graph {
	for _, one := range g.Nodes {
		if one == n {
			return g
		}
		for _, body := range []*workflow.Graph{one.Body()} {
			if body != nil {
				if found := graphOf(body, n); found != nil {
					return found
				}
			}
		}
	}
	return nil
}

// restored holds that another engine with the same events is the same.
func (w *world) restored() {
	other := engine.New(w.flow)
	for _, ev := range w.log {
		other.Step(ev)
	}
	if a, b := other.Outstanding(), w.e.Outstanding(); len(a)+len(b) > 0 && !reflect.DeepEqual(a, b) {
		w.Fatalf("restored, these are under way:\n%+v\nand were\n%+v", a, b)
	}
	a, _ := json.Marshal(other.View(true))
	b, _ := json.Marshal(w.e.View(true))
	if string(a) != string(b) || other.Next() != w.e.Next() {
		w.Fatalf("restored, it is\n%s\nand was\n%s", a, b)
	}
	w.e = other
}

// play lets attempts end until the run has.
func (w *world) play() {
	for steps := 0; !w.over; steps++ {
		if steps > 5000 {
			w.Fatalf("it does not end")
		}
		if len(w.running) != len(w.e.Outstanding()) {
			w.Fatalf("%d run, the engine knows %d", len(w.running), len(w.e.Outstanding()))
		}
		if rapid.IntRange(0, 9).Draw(w.T, "crash") == 0 {
			w.restored()
		}
		keys := slices.Sorted(func(yield func(string) bool) {
			for key := range w.running {
				if !yield(key) {
					return
				}
			}
		})
		action := rapid.IntRange(0, 39).Draw(w.T, "action")
		switch next := w.e.Next(); {
		case action == 0:
			w.step(engine.Event{Kind: engine.Cancel})
		case action == 1 && len(keys) > 0:
			w.step(engine.Event{Kind: engine.Skip, Key: keys[0]})
		case action < 4 && len(keys) > 0:
			w.step(engine.Event{Kind: []engine.Kind{engine.Queued, engine.Placed}[action-2], Names: keys[:1+len(keys)/2]})
		case next > 0 && (len(keys) == 0 || action < 8):
			w.now = next
			w.step(engine.Event{Kind: engine.Due})
		case len(keys) > 0:
			key := rapid.SampledFrom(keys).Draw(w.T, "ends")
			t := w.running[key]
			delete(w.running, key)
			ev := engine.Event{Kind: engine.Ended, Key: key, Attempt: t.Attempt, State: engine.Succeeded, Outputs: map[string]any{"x": int64(1)}}
			if rapid.IntRange(0, 3).Draw(w.T, "fails") == 0 {
				ev.State, ev.Fault, ev.Reason = engine.Failed, engine.User, "it was drawn"
			}
			w.now++
			w.step(ev)
			stale := ev
			w.step(stale) // told twice, it changes nothing
		default:
			w.approve()
		}
	}
}

// approve lets go of what holds.
func (w *world) approve() {
	for _, s := range w.e.View(true).Steps {
		if held, _ := w.e.Holds(s.Key); held {
			w.step(engine.Event{Kind: engine.Approve, Key: s.Key})
			return
		}
	}
	v, _ := json.Marshal(w.e.View(true))
	w.Fatalf("nothing runs, and nothing holds: %s", v)
}

// allEnded holds that nothing waits in a run that has ended.
func (w *world) allEnded() {
	for _, s := range w.e.View(true).Steps {
		if len(s.Counts) == 0 && !s.State.Ended() && len(s.Key) > 0 && s.Began > 0 {
			w.Errorf("%s is %s in a run that has ended", s.Key, s.State)
		}
	}
}

// ranAgain holds that no step behind one that a restart named has succeeded with what it had before.
func (w *world) ranAgain(names []string) {
	behind := map[string]bool{}
	for _, name := range names {
		after(w.flow.Main, name, behind)
	}
	for _, s := range w.e.View(true).Steps {
		name, _, _ := strings.Cut(s.Key, "[")
		single := s.Counts == nil && s.Type == "command"
		if behind[name] && single && s.State == engine.Succeeded && w.round[s.Key] < w.rounds {
			w.Fatalf("a restart from %v keeps %s of round %d, now is %d", names, s.Key, w.round[s.Key], w.rounds)
		}
	}
}

// after adds the names of all steps that follow one of a name, and answers whether it is in the graph.
func after(g *workflow.Graph, name string, to map[string]bool) (there bool) {
	if g == nil {
		return false
	}
	found := make([]bool, len(g.Nodes))
	for i, n := range g.Nodes {
		follows := slices.ContainsFunc(n.After, func(e workflow.Edge) bool { return found[e.From] })
		if follows {
			addNames(n, to)
		}
		found[i] = follows || n.Name == name || after(n.Body(), name, to)
		there = there || found[i]
	}
	return there
}

func addNames(n *workflow.Node, to map[string]bool) {
	to[n.Name] = true
	if body := n.Body(); body != nil {
		for _, inner := range body.Nodes {
			addNames(inner, to)
		}
	}
}

// What a restart runs again has all behind it run again, the iterations too that have succeeded of a for-each that has failed.
func TestRestartKeepsNoIterationBehindIt(t *testing.T) {
	step := func(name string) *workflow.Step { return &workflow.Step{Name: name, Type: "command"} }
	g, err := workflow.Build(workflow.Sequence(workflow.Do(step("x")), workflow.ForEach(workflow.Do(step("a")), workflow.Over("i", "[1, 2]"))))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Flow{Main: g})
	var began []string
	take := func(ev engine.Event) {
		for _, x := range e.Step(ev) {
			if x.Kind == engine.Start {
				began = append(began, fmt.Sprint(x.Task.Key, " ", x.Task.Attempt))
			}
		}
	}
	end := func(key string, attempt int, s engine.State) {
		take(engine.Event{Kind: engine.Ended, Key: key, Attempt: attempt, State: s})
	}
	take(engine.Event{Kind: engine.Begin})
	end("x", 1, engine.Succeeded)
	end("a[0]", 1, engine.Succeeded)
	end("a[1]", 1, engine.Failed)
	take(engine.Event{Kind: engine.Restart}) // what failed alone
	end("a[1]", 2, engine.Failed)
	take(engine.Event{Kind: engine.Restart, Names: []string{"x"}})
	end("x", 2, engine.Succeeded)
	if want := []string{"x 1", "a[0] 1", "a[1] 1", "a[1] 2", "x 2", "a[0] 2", "a[1] 3"}; !slices.Equal(began, want) {
		t.Errorf("these began: %q, want %q", began, want)
	}
}

// A restart begins the iterations again that have failed as their bound allows, in their order, and those that it does not come to keep what
// they have for the next restart.
func TestRestartKeepsToTheBound(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		step := func(name string) *workflow.Step { return &workflow.Step{Name: name, Type: "command"} }
		g, err := workflow.Build(workflow.ForEach(workflow.Sequence(workflow.Do(step("a")), workflow.Do(step("b"))), workflow.Over("i", "[1, 2, 3, 4]")))
		if err != nil {
			t.Fatal(err)
		}
		each := g.Nodes[0].Each
		each.Tolerate, each.Ordered = 4, ordered
		if each.Parallel = 2; ordered {
			each.Parallel = 0
		}
		e := engine.New(engine.Flow{Main: g})
		attempts, began := map[string]int{}, []string{}
		var running []string
		take := func(ev engine.Event) {
			for _, x := range e.Step(ev) {
				if x.Kind == engine.Start {
					attempts[x.Task.Key] = x.Task.Attempt
					running, began = append(running, x.Task.Key), append(began, x.Task.Key)
				}
			}
		}
		round := func(ev engine.Event, of func(key string) engine.State) string {
			began = nil
			take(ev)
			most := 0
			for len(running) > 0 {
				most = max(most, len(running))
				key := running[0]
				running = running[1:]
				take(engine.Event{Kind: engine.Ended, Key: key, Attempt: attempts[key], State: of(key)})
			}
			state, _ := e.State()
			return fmt.Sprintf("%d at once, %s: %s", most, strings.Join(began, " "), state)
		}
		fails := func(what string) func(string) engine.State {
			return func(key string) engine.State {
				if strings.HasPrefix(key, what) {
					return engine.Failed
				}
				return engine.Succeeded
			}
		}
		want := []string{"2 at once, a[0] a[1] b[0] b[1] a[2] a[3] b[2] b[3]: succeeded", "2 at once, b[0] b[1] b[2] b[3]: succeeded"}
		if ordered {
			want = []string{"1 at once, a[0] b[0] a[1] b[1] a[2] b[2] a[3] b[3]: succeeded", "1 at once, b[0] b[1] b[2] b[3]: succeeded"}
		}
		if got := round(engine.Event{Kind: engine.Begin}, fails("b")); got != want[0] {
			t.Errorf("it is %s, want %s", got, want[0])
		}
		if got := round(engine.Event{Kind: engine.Restart, Names: []string{"b"}, Bounded: true}, fails("x")); got != want[1] {
			t.Errorf("restarted, it is %s, want %s", got, want[1])
		}
		each.Tolerate = 0
		first := round(engine.Event{Kind: engine.Restart, Names: []string{"a"}, Bounded: true}, fails("b"))
		again := round(engine.Event{Kind: engine.Restart, Bounded: true}, fails("x"))
		wants := []string{"2 at once, a[0] a[1] b[0] b[1]: failed", "2 at once, b[0] b[1] a[2] a[3] b[2] b[3]: succeeded"}
		if ordered {
			wants = []string{"1 at once, a[0] b[0]: failed", "1 at once, b[0] a[1] b[1] a[2] b[2] a[3] b[3]: succeeded"}
		}
		if first != wants[0] || again != wants[1] {
			t.Errorf("one that does not tolerate is %s, then %s", first, again)
		}
		round(engine.Event{Kind: engine.Restart, Names: []string{"b"}, Bounded: true}, fails("b"))
		if got := round(engine.Event{Kind: engine.Restart, Bounded: true}, fails("x")); got != want[1] {
			t.Errorf("what had succeeded before is run again: %s", got)
		}
	}
}

func TestEngineKeepsItsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := 0
		flow := engine.Flow{Main: graphs(t, 0, &count), Policy: policy}
		if rapid.Bool().Draw(t, "finally") {
			flow.Finally = graphs(t, 2, &count)
		}
		w := &world{T: t, flow: flow, e: engine.New(flow), running: map[string]engine.Task{}, last: map[string]int{}, ids: map[string]bool{},
			round: map[string]int{}, now: 1}
		list := []any{}
		for i := range rapid.IntRange(0, 4).Draw(t, "items") {
			list = append(list, int64(i))
		}
		w.step(engine.Event{Kind: engine.Begin, Parameters: map[string]any{"list": list, "once": rapid.Bool().Draw(t, "once")}})
		w.play()
		w.allEnded()
		for range rapid.IntRange(0, 2).Draw(t, "restarts") {
			var names []string
			if rapid.Bool().Draw(t, "named") {
				names = []string{fmt.Sprintf("n%d", rapid.IntRange(1, count).Draw(t, "from"))}
			}
			w.rounds++
			w.step(engine.Event{Kind: engine.Restart, Names: names, Bounded: rapid.IntRange(0, 4).Draw(t, "former") > 0})
			w.play()
			w.ranAgain(names)
			w.allEnded()
			w.restored()
		}
	})
}

// The time of an attempt does not pass while it waits for a place, also for an engine that is given the events again, and passes from then on.
func TestTimeOfAttemptsThatWait(t *testing.T) {
	flow := engine.Flow{Policy: policy, Main: &workflow.Graph{Nodes: []*workflow.Node{{Name: "a", Step: &workflow.Step{Name: "a", Type: "command", Timeout: time.Second}}}}}
	e := engine.New(flow)
	var log []engine.Event
	take := func(kind engine.Kind, at int64) []engine.Effect {
		log = append(log, engine.Event{Kind: kind, At: at, Names: []string{"a", "gone"}})
		return e.Step(log[len(log)-1])
	}
	take(engine.Begin, 1000)
	if e.Next() != 2000 {
		t.Errorf("it is over at %d", e.Next())
	}
	take(engine.Queued, 1001)
	take(engine.Due, 5000)
	if e = engine.New(flow); e.Next() != 0 {
		t.Error(e.Next())
	}
	for _, ev := range log {
		e.Step(ev)
	}
	if all := e.Outstanding(); e.Next() != 0 || len(all) != 1 || all[0].Stop != "" || !all[0].Queued {
		t.Errorf("it is over at %d, and %+v", e.Next(), all)
	}
	take(engine.Placed, 6000)
	if all := e.Outstanding(); e.Next() != 7000 || all[0].Queued {
		t.Errorf("it is over at %d, and %+v", e.Next(), all)
	}
	take(engine.Placed, 6500)
	if out := take(engine.Due, 7000); len(out) != 1 || out[0].Kind != engine.Stop || out[0].Task.Stop != engine.Timeout {
		t.Errorf("then follows %+v", out)
	}
}
