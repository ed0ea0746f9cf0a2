package scheduler

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// TestStories plays the scripts in testdata/stories. A command is an event; what follows is the Ready after it and
// a pass: journal entries (J), calls (C) and notices (N), in order.
//
//	submit s trials=3 retries=1 objective=loss asha=2 plateau=3 budget=1h steps=9 …   offer a1 cpus=4 [arch=arm64] [cold] (mem and disk abound; cold: the executors there have ended)
//	update s.0.1 RUNNING [uuid=u1] [loss=1,2 first=0] [exit=0] [reason=…] [says=with_words] [starved=memory] [squeezed] [from=a1] [at=7 (its second)] [garbled]
//	tick 30s   subscribe [f2]   disconnect   crash [away=24h]   pause s   resume s   executor-gone s.0.1 86   stop s   stop-trial s 1   agent-gone a1   won s [trial=1] [attempt=2]   retry s   stored s 3
//	cordon a1 [deadline=10s]   cordon - rack=r1   uncordon   offer … leaves=1h [for=2h] (since the story began)   inverse i1 a1 leaves=1h [for=2h]   rescind-inverse i1
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		s := &story{now: storyBegin, mem: &journal.Memory{}, core: NewCore(testConfig()), runs: map[offers.AgentID][]offers.ExecutorID{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.command(t, d)
			r := s.core.Turn(s.now)
			s.started(r.Calls)
			if err := s.mem.Append(r.Journal); err != nil {
				t.Fatal(err)
			}
			return render(r)
		})
	})
}

type story struct {
	core    *Core
	mem     *journal.Memory
	now     time.Time
	offers  int
	cordons []Cordon
	runs    map[offers.AgentID][]offers.ExecutorID // executors that were started there and did not end
}

// started notes the executors that launches start.
func (s *story) started(calls []cluster.Call) {
	for _, c := range calls {
		a, ok := c.(cluster.Accept)
		if !ok {
			continue
		}
		for _, t := range a.Tasks {
			if !slices.Contains(s.runs[a.Agent], t.Executor.ID) {
				s.runs[a.Agent] = append(s.runs[a.Agent], t.Executor.ID)
			}
		}
	}
}

func (s *story) command(t *testing.T, d *datadriven.TestData) {
	arg := func(i int) string { return d.CmdArgs[i].Key }
	step := func(ev cluster.Event) { s.core.Step(s.now, ev) }
	do := func(cmd Command) { s.core.Do(s.now, cmd) }
	switch d.Cmd {
	case "submit":
		do(Submit{ID: arg(0), Spec: storySpec(t, d).spec()})
	case "offer":
		var cpus int
		d.ScanArgs(t, "cpus", &cpus)
		s.offers++
		var attributes []offers.Attribute
		for _, name := range []string{"arch", "cpu_arch", "rack"} {
			var value string
			if d.MaybeScanArgs(t, name, &value) {
				attributes = append(attributes, offers.Attribute{Name: name, Value: value})
			}
		}
		step(cluster.Offered{Offers: []offers.Offer{{
			ID: offers.OfferID(fmt.Sprintf("o%d", s.offers)), Agent: offers.AgentID(arg(0)), Hostname: arg(0),
			Attributes: attributes, Executors: s.listed(d, offers.AgentID(arg(0))), Unavailable: storyUnavailability(t, d),
			Amounts: []offers.Amount{
				{Name: "cpus", Scalar: resource.Milli(cpus) * resource.Unit}, {Name: "mem", Scalar: 1e9}, {Name: "disk", Scalar: 1e9},
			},
		}}})
	case "inverse":
		step(cluster.InverseOffered{Offers: []cluster.InverseOffer{{ID: offers.OfferID(arg(0)), Agent: offers.AgentID(strings.Trim(arg(1), "-")), Unavailable: storyUnavailability(t, d)}}})
	case "rescind-inverse":
		step(cluster.InverseRescinded{Offer: offers.OfferID(arg(0))})
	case "update":
		step(cluster.Updated{Status: storyStatus(t, d)})
	case "tick":
		wait, err := time.ParseDuration(arg(0))
		if err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(wait)
		s.core.Tick(s.now)
	case "subscribe":
		framework := cluster.FrameworkID("f1")
		if len(d.CmdArgs) > 0 {
			framework = cluster.FrameworkID(arg(0))
		}
		step(cluster.Subscribed{Framework: framework, Master: "m"})
	case "cordon", "uncordon":
		s.cordons = nil
		if d.Cmd == "cordon" {
			one := Cordon{ID: "c", Agent: arg(0)}
			if d.MaybeScanArgs(t, "rack", &one.Value) {
				one.Agent, one.Attribute = "", "rack"
			}
			var deadline string
			if d.MaybeScanArgs(t, "deadline", &deadline) {
				wait, err := time.ParseDuration(deadline)
				if err != nil {
					t.Fatal(err)
				}
				one.Deadline = s.now.Add(wait)
			}
			s.cordons = []Cordon{one}
		}
		do(SetCordons{List: s.cordons})
	case "disconnect":
		step(cluster.Disconnected{})
	case "crash":
		var away string
		if d.MaybeScanArgs(t, "away", &away) { // before somebody starts it again
			wait, err := time.ParseDuration(away)
			if err != nil {
				t.Fatal(err)
			}
			s.now = s.now.Add(wait)
		}
		cfg := testConfig()
		cfg.Cordons = s.cordons
		core, err := Restore(s.now, cfg, s.mem.Load())
		if err != nil {
			t.Fatal(err)
		}
		s.core = core
	case "executor-gone": // the executor of a task, and its exit code
		_, trial, _, _ := cluster.TaskID(arg(0)).Parse()
		att := s.core.runs["s"].live[trial]
		var exit int
		fmt.Sscan(arg(1), &exit)
		s.runs[att.agent] = slices.DeleteFunc(s.runs[att.agent], func(id offers.ExecutorID) bool { return id == att.executor })
		step(cluster.ExecutorGone{Agent: att.agent, Executor: att.executor, Wait: exit << 8})
	case "agent-gone":
		step(cluster.AgentGone{Agent: offers.AgentID(arg(0))})
	case "stop":
		do(Stop{Sweep: arg(0)})
	case "pause":
		do(Pause{Sweep: arg(0)})
	case "resume":
		do(Resume{Sweep: arg(0)})
	case "forget":
		do(Forget{Sweep: arg(0)})
	case "retry":
		do(Retry{Sweep: arg(0)})
	case "won":
		w := journal.AttemptRef{Attempt: 1}
		d.MaybeScanArgs(t, "trial", &w.Trial)
		d.MaybeScanArgs(t, "attempt", &w.Attempt)
		do(Won{Sweep: arg(0), Winner: w, Manifest: []byte("{}"), Params: []byte("{}")})
	case "stop-trial", "stored":
		var n int
		fmt.Sscan(arg(1), &n)
		if d.Cmd == "stored" {
			do(RecordsStored{Sweep: arg(0), Through: uint64(n)})
		} else {
			do(StopTrial{Sweep: arg(0), Trial: n, Reason: "stopped early"})
		}
	default:
		t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	}
}

// storyBegin is when all stories begin.
var storyBegin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func storyUnavailability(t *testing.T, d *datadriven.TestData) (u offers.Unavailability) {
	var in, lasts string
	if !d.MaybeScanArgs(t, "leaves", &in) {
		return u
	}
	wait, err := time.ParseDuration(in)
	if err != nil {
		t.Fatal(err)
	}
	u.Start = storyBegin.Add(wait)
	if d.MaybeScanArgs(t, "for", &lasts) {
		if wait, err = time.ParseDuration(lasts); err != nil {
			t.Fatal(err)
		}
		u.End = u.Start.Add(wait)
	}
	return u
}

// listed is the executors that an offer of an agent names; none when it is cold.
func (s *story) listed(d *datadriven.TestData, id offers.AgentID) []offers.ExecutorID {
	if d.HasArg("cold") {
		delete(s.runs, id)
	}
	return slices.Clone(s.runs[id])
}

func storySpec(t *testing.T, d *datadriven.TestData) testSpec {
	spec := testSpec{Trials: 1}
	for key, to := range map[string]any{
		"trials": &spec.Trials, "retries": &spec.Task.Retries, "objective": &spec.Objective,
		"parallel": &spec.Limits.Parallel, "failed": &spec.Limits.Failed, "first": &spec.Limits.FirstFailures,
	} {
		d.MaybeScanArgs(t, key, to)
	}
	var target, wall, timeout string
	if d.MaybeScanArgs(t, "timeout", &timeout) {
		spec.Task.Timeout, _ = time.ParseDuration(timeout)
	}
	if d.MaybeScanArgs(t, "target", &target) {
		spec.Target = new(float64)
		fmt.Sscan(target, spec.Target)
	}
	if d.MaybeScanArgs(t, "wall", &wall) {
		spec.Limits.Wall, _ = time.ParseDuration(wall)
	}
	if queue := ""; d.MaybeScanArgs(t, "queue", &queue) {
		spec.Limits.Queue, _ = time.ParseDuration(queue)
	}
	if eta := ""; d.MaybeScanArgs(t, "asha", &eta) {
		e := sweep.EarlyStop{Rule: sweep.ASHA, Rungs: [][]int64{{1, 2, 4, 8}}}
		fmt.Sscan(eta, &e.Eta)
		spec.Early = append(spec.Early, e)
	}
	var patience int
	if d.MaybeScanArgs(t, "plateau", &patience) {
		spec.Early = append(spec.Early, sweep.EarlyStop{Rule: sweep.Plateau, Patience: int64(patience)})
	}
	if budget := ""; d.MaybeScanArgs(t, "budget", &budget) {
		spec.Limits.TrialTime, _ = time.ParseDuration(budget)
	}
	var steps int
	if d.MaybeScanArgs(t, "steps", &steps) {
		spec.Limits.Steps = int64(steps)
	}
	if d.HasArg("contained") {
		spec.Task.Isolation = sweep.Contained
	}
	if d.HasArg("then") {
		spec.Then = &sweep.Then{Command: sweep.Command{Shell: "publish"}}
	}
	return spec
}

func storyStatus(t *testing.T, d *datadriven.TestData) cluster.Status {
	st := cluster.Status{Task: cluster.TaskID(d.CmdArgs[0].Key), State: cluster.TaskState(d.CmdArgs[1].Key), Agent: "a1"}
	var r task.Report
	var uuid, from, list string
	var exit, at int
	d.MaybeScanArgs(t, "first", &r.First)
	if d.MaybeScanArgs(t, "at", &at) {
		st.Time = time.Unix(int64(at), 0)
	}
	d.MaybeScanArgs(t, "reason", &st.Reason)
	switch {
	case st.Reason == "", st.Reason == "REASON_AGENT_DRAINING":
		st.Source = "SOURCE_EXECUTOR"
	case strings.HasPrefix(st.Reason, "REASON_EXECUTOR_"), strings.HasPrefix(st.Reason, "REASON_CONTAINER_"):
		st.Source = "SOURCE_AGENT"
	default:
		st.Source = "SOURCE_MASTER"
	}
	if says := ""; d.MaybeScanArgs(t, "says", &says) {
		st.Message = strings.ReplaceAll(says, "_", " ")
	}
	if d.HasArg("unfetched") {
		st.Message = "Failed to launch container: Failed to fetch all URIs for container 'x': exited with status 1"
	}
	if d.MaybeScanArgs(t, "uuid", &uuid) {
		st.UUID = []byte(uuid)
	}
	if d.MaybeScanArgs(t, "from", &from) {
		st.Agent = offers.AgentID(from)
	}
	if d.MaybeScanArgs(t, "loss", &list) {
		r.Points = storyPoints(list)
	}
	if d.MaybeScanArgs(t, "with", &list) { // another attempt, the number of its first point, and points: s.1.1@3:0.5/0.4
		other, rest, _ := strings.Cut(list, "@")
		first, values, _ := strings.Cut(rest, ":")
		p := task.Part{Task: other, Points: storyPoints(values)}
		fmt.Sscan(first, &p.First)
		r.Others = append(r.Others, p)
	}
	if d.MaybeScanArgs(t, "exit", &exit) {
		r.End = &task.End{Exit: exit, Stderr: []string{"no such file"}}
		if st.Message != "" {
			r.End.Stderr = []string{st.Message}
		}
	}
	if starved := ""; d.MaybeScanArgs(t, "starved", &starved) {
		r.End = &task.End{Starved: starved}
	}
	if full, filled := "", ""; d.MaybeScanArgs(t, "full", &full) {
		r.End = &task.End{Exit: 1, Full: full}
		if d.MaybeScanArgs(t, "filled", &filled) {
			r.End.Filled = "it held " + filled
		}
	}
	if unanswered := ""; d.MaybeScanArgs(t, "unanswered", &unanswered) {
		r.End = &task.End{Exit: -1, Error: unanswered + " does not answer", Unanswered: true}
	}
	if d.HasArg("squeezed") {
		r.End = &task.End{Exit: 137, Squeezed: true}
	}
	if r.Points != nil || r.End != nil || r.Others != nil {
		st.Data = task.Encode(r)
	}
	if d.HasArg("garbled") {
		st.Data = []byte{task.Version, 0xff}
	}
	return st
}

func storyPoints(list string) (points []results.Point) {
	for _, v := range strings.Split(list, "/") {
		var x float64
		fmt.Sscan(v, &x)
		points = append(points, results.Point{Metrics: map[string]float64{"loss": x}})
	}
	return points
}

func render(r Ready) string {
	var b strings.Builder
	for _, e := range r.Journal {
		fmt.Fprintf(&b, "J %s\n", renderEntry(e))
	}
	for _, c := range r.Calls {
		fmt.Fprintf(&b, "C %s\n", renderCall(c))
	}
	for _, n := range r.Notices {
		if s := renderNotice(n); s != "" {
			fmt.Fprintf(&b, "N %s\n", s)
		}
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

func renderEntry(e journal.Entry) string {
	switch e := e.(type) {
	case journal.FrameworkEntry:
		return "framework " + string(e.ID)
	case journal.SweepEntry:
		return strings.TrimSpace(fmt.Sprintf("sweep %s %s %s", e.ID, e.Phase, e.Reason))
	case journal.TrialEntry:
		s := fmt.Sprintf("trial %s/%d %v attempt %d", e.Sweep, e.Trial, e.State, e.Attempt)
		if e.Agent != "" {
			s += fmt.Sprintf(" on %s, %d points", e.Agent, e.Points)
		}
		if e.Stop != nil && e.Stop.Decision != nil {
			s += ", " + e.Stop.Decision.Reason
		}
		return s
	case journal.RecordEntry:
		return "record " + renderRecord(e.Number, e.Record)
	case journal.TruncateEntry:
		return fmt.Sprintf("forget %s through %d", e.Sweep, e.Through)
	case journal.ExecutorEntry:
		if e.Resources == nil {
			return fmt.Sprintf("no executor on %s", e.Agent)
		}
		return fmt.Sprintf("executor on %s", e.Agent)
	}
	return fmt.Sprintf("%T", e)
}

func renderRecord(n uint64, r results.Record) string {
	s := fmt.Sprintf("%d: %s/%d attempt %d", n, r.Sweep, r.Trial, r.Attempt)
	if len(r.Points) > 0 {
		s += fmt.Sprintf(", points %d to %d", r.First, r.First+uint64(len(r.Points))-1)
	}
	if r.End != nil {
		s += fmt.Sprintf(", %s", r.End.State)
		if !r.End.Final {
			s += " but not for good"
		}
		if r.End.Stop != nil {
			s += " by " + r.End.Stop.Reason
		}
	}
	return s
}

func renderCall(c cluster.Call) string {
	switch c := c.(type) {
	case cluster.Accept:
		var ids []string
		for _, t := range c.Tasks {
			id := string(t.ID)
			if program := t.Executor.Argv[0]; program != "./kaon" {
				id += " by " + program
			}
			if n := len(t.Executor.URIs); n > 0 && t.Executor.URIs[n-1].Cache {
				id += " with inputs"
			}
			ids = append(ids, id)
		}
		return fmt.Sprintf("accept %v of %s: %s", c.Offers, c.Agent, strings.Join(ids, " "))
	case cluster.Decline:
		return fmt.Sprintf("decline %v for %v", c.Offers, c.Refuse)
	case cluster.AcceptInverse:
		return fmt.Sprintf("promise to leave by %v, refused for %v", c.Offers, c.Refuse)
	case cluster.DeclineInverse:
		return fmt.Sprintf("do not leave by %v, refused for %v", c.Offers, c.Refuse)
	case cluster.Kill:
		return fmt.Sprintf("kill %s on %s", c.Task, c.Agent)
	case cluster.Acknowledge:
		return fmt.Sprintf("acknowledge %s %s", c.Task, c.UUID)
	case cluster.Shutdown:
		return "shut down the executor on " + string(c.Agent)
	case cluster.Reconcile:
		return fmt.Sprintf("reconcile %v", c.Tasks)
	}
	return strings.ToLower(callName(c))
}

func renderNotice(n Notice) string {
	switch n := n.(type) {
	case TrialMoved:
		s := fmt.Sprintf("%s/%d %v → %v", n.Sweep, n.Trial, n.From, n.To)
		if n.Reason != "" {
			s += ": " + n.Reason
		}
		return s
	case Recorded:
		return "recorded " + renderRecord(n.Number, n.Record)
	case SweepEnded:
		b, _ := json.Marshal(n.Counts)
		return fmt.Sprintf("%s ended, %s: %s %s", n.Sweep, n.Phase, n.Reason, b)
	case SweepForgotten:
		return n.Sweep + " is forgotten"
	case NeverStarted:
		return fmt.Sprintf("%s/%d to %d never started", n.Sweep, n.From, n.To-1)
	case Anomaly:
		return "anomaly: " + n.Message
	case PrefetchDisabled:
		return fmt.Sprintf("prefetch disabled, last: %s", n.Reason)
	case AgentIncompatible:
		return fmt.Sprintf("foreign %s %q", n.Agent, n.Architecture)
	case PassDone:
		var parts []string
		for i := range n.Refusals {
			if why := n.Refusals[i].Refusal.Reasons(); len(why.Excluded) > 0 || why.Leaving != nil {
				parts = append(parts, n.Refusals[i].Refusal.Sentence())
			}
		}
		return strings.Join(parts, "\n")
	case AgentAvoided:
		return fmt.Sprintf("avoid %s: %s", n.Agent, n.Reason)
	case Select:
		return "select the winner of " + n.Sweep
	case SweepEnding:
		return fmt.Sprintf("%s is ending: %s", n.Sweep, n.Reason)
	}
	return ""
}
