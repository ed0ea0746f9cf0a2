package offers

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// TestStories runs the scripts of testdata. A line of `offers` is "id agent name=amount …", where name@role
// is a reservation, name=low-high a port range, and an amount in letters an attribute; a line of `pack` is
// "count name=amount … [field OPERATOR value] …", with "?" behind a soft constraint.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &story{t: t, x: NewIndex(), now: noon}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t = t
			out := s.run(d)
			if err := s.x.Check(); err != nil {
				t.Fatal(err)
			}
			return out
		})
	})
}

type story struct {
	t       *testing.T
	x       *Index
	now     time.Time
	demands []Demand
}

func (s *story) run(d *datadriven.TestData) string {
	switch d.Cmd {
	case "offers":
		for line := range strings.Lines(d.Input) {
			s.x.Add(s.offer(line))
		}
		return fmt.Sprintf("%d offers of %d agents\n", s.x.Offers(), len(s.x.Agents()))
	case "pack":
		return s.pack(d)
	case "ended": // agent demand count
		s.x.TaskEnded(AgentID(d.CmdArgs[0].Key), inKaon(s.demands[s.number(d.CmdArgs[1].Key)]), s.number(d.CmdArgs[2].Key))
		return s.agents()
	case "started":
		s.x.TaskStarted(AgentID(d.CmdArgs[0].Key), inKaon(s.demands[s.number(d.CmdArgs[1].Key)]), s.number(d.CmdArgs[2].Key))
		return s.agents()
	case "executor-gone":
		s.x.ExecutorGone(AgentID(d.CmdArgs[0].Key), ExecutorID(d.CmdArgs[1].Key).In("kaon"))
		return s.agents()
	case "rescind":
		return fmt.Sprintf("known: %v, %d offers left\n", s.x.Rescind(OfferID(d.CmdArgs[0].Key)), s.x.Offers())
	case "remove":
		s.x.RemoveAgent(AgentID(d.CmdArgs[0].Key))
		return s.agents()
	case "reset":
		s.x.Reset()
		return s.agents()
	case "wait":
		by, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			s.t.Fatal(err)
		}
		s.now = s.now.Add(by)
		return fmt.Sprintf("%d offers\n", s.x.Offers())
	case "agents":
		return s.agents()
	case "could": // an agent that is excepted; the demand
		demand := s.demand(d.Input)
		return fmt.Sprintln(s.x.Could(&demand, func(id AgentID) bool { return string(id) == d.CmdArgs[0].Key }))
	}
	s.t.Fatalf("unknown command %s", d.Cmd)
	return ""
}

func (s *story) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *story) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// inKaon is the demand of tasks on offers of the stories' role.
func inKaon(d Demand) *Demand {
	d.Role = "kaon"
	return &d
}

func (s *story) offer(line string) Offer {
	words := strings.Fields(line)
	o := Offer{ID: OfferID(words[0]), Agent: AgentID(words[1]), Hostname: "host-" + words[1], Role: "kaon"}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		a := Amount{}
		a.Name, a.Reservation, _ = strings.Cut(name, "@")
		low, high, ranged := strings.Cut(value, "-")
		f, err := strconv.ParseFloat(value, 64)
		switch {
		case name == "role":
			o.Role = value
		case name == "executor":
			o.Executors = append(o.Executors, ExecutorID(value).In(o.Role))
		case strings.HasPrefix(name, "revocable-"):
			o.Amounts = append(o.Amounts, Amount{Name: name[len("revocable-"):], Revocable: true, Scalar: resource.Milli(f * 1000)})
		case ranged:
			a.Ranges = []Range{{uint64(s.number(low)), uint64(s.number(high))}}
			o.Amounts = append(o.Amounts, a)
		case err == nil:
			a.Scalar = resource.Milli(f * 1000)
			o.Amounts = append(o.Amounts, a)
		case strings.Contains(value, ","):
			o.Attributes = append(o.Attributes, Attribute{Name: name, Set: strings.Split(value, ",")})
		default:
			o.Attributes = append(o.Attributes, Attribute{Name: name, Value: value})
		}
	}
	return o
}

var constraintPattern = regexp.MustCompile(`\[(\S+) (\S+?)(?: (\S+))?\](\??)`)

func (s *story) demand(line string) Demand {
	d := Demand{Job: "s"}
	for _, m := range constraintPattern.FindAllStringSubmatch(line, -1) {
		d.Constraints = append(d.Constraints, resource.Constraint{Field: m[1], Operator: m[2], Value: m[3], Soft: m[4] != ""})
	}
	words := strings.Fields(constraintPattern.ReplaceAllString(line, ""))
	d.Count = s.number(words[0])
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		f, _ := strconv.ParseFloat(value, 64)
		m := resource.Milli(f * 1000)
		switch name {
		case "cpus":
			d.Resources.CPUs = m
		case "mem":
			d.Resources.Mem = m
		case "disk":
			d.Resources.Disk = m
		case "gpus":
			d.Resources.GPUs = m
		case "ports":
			d.Resources.Ports = s.number(value)
		case "overhead":
			d.Overhead.CPUs = m
		case "executor":
			d.Executor = ExecutorID(value)
		case "image":
			d.Image = value
		case "sweep":
			d.Job = value
		case "role":
			d.Role = value
		case "takes":
			d.Takes = s.duration(value)
		case "priority":
			d.Priority = s.number(value)
		default:
			d.Resources.Named = map[string]resource.Milli{name: m}
		}
	}
	return d
}

func (s *story) pack(d *datadriven.TestData) string {
	o := Options{}
	exclude := func(id AgentID, x Exclusion) {
		if o.Exclude == nil {
			o.Exclude = map[AgentID]Exclusion{}
		}
		o.Exclude[id] = x
	}
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "policy":
			o.Policy = Policy(arg.Vals[0])
		case "contended":
			o.MoreWaits = true
		case "cap":
			o.Caps = map[AgentID]int{AgentID(arg.Vals[0]): s.number(arg.Vals[1])}
		case "avoid":
			exclude(AgentID(arg.Vals[0]), Exclusion{Until: s.now.Add(time.Hour)})
		case "leaves": // agent, in how long, and for how long it will be away
			from := s.now.Add(s.duration(arg.Vals[1]))
			u := Unavailability{Start: from}
			if len(arg.Vals) > 2 {
				u.End = from.Add(s.duration(arg.Vals[2]))
			}
			if o.Leaves == nil {
				o.Leaves = map[AgentID]Unavailability{}
			}
			o.Leaves[AgentID(arg.Vals[0])] = u
		case "last":
			o.Last = map[AgentID]bool{AgentID(arg.Vals[0]): true}
		case "foreign": // agent, architecture
			x := Exclusion{Name: strings.Join(arg.Vals[1:], ""), Reason: "of another architecture, which no executor is built for"}
			if x.Name != "" {
				x.Reason = "of architecture " + x.Name + ", which no executor is built for"
			}
			exclude(AgentID(arg.Vals[0]), x)
		case "score": // prefers agents with the least cpus
			o.Policy = Scored
			o.Score = func(_ *Demand, c *Candidate) float64 { return 1 / (1 + float64(c.Free.CPUs)) }
		}
	}
	s.demands = nil
	for line := range strings.Lines(d.Input) {
		s.demands = append(s.demands, s.demand(line))
	}
	plan := s.x.Pack(s.now, s.demands, o)
	var out strings.Builder
	for _, l := range plan.Launches {
		fmt.Fprintf(&out, "launch on %s with %v\n", l.Agent, l.Offers)
		for _, g := range l.Grants {
			fmt.Fprintf(&out, "  %d × #%d %s", g.Count, g.Demand, amounts(g.Resources))
			if g.NewExecutor != nil {
				fmt.Fprintf(&out, ", new executor %s", amounts(g.NewExecutor))
			}
			fmt.Fprintln(&out)
		}
	}
	for _, dc := range plan.Declines {
		fmt.Fprintf(&out, "decline %v for %v\n", dc.Offers, dc.Refuse)
	}
	for i := range plan.Unplaced {
		fmt.Fprintf(&out, "#%d: %s\n", plan.Unplaced[i].Demand, plan.Unplaced[i].Sentence())
	}
	return out.String()
}

func amounts(list []Amount) string {
	var parts []string
	for _, a := range list {
		text := amount(a.Scalar)
		if a.Ranges != nil {
			text = fmt.Sprint(a.Ranges)
		}
		if a.Reservation != "" {
			text += " of " + a.Reservation
		}
		parts = append(parts, a.Name+" "+text)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (s *story) agents() string {
	var out strings.Builder
	for _, a := range s.x.Agents() {
		fmt.Fprintf(&out, "%s: capacity %s, used %s, %d tasks, executors %v\n", a.ID,
			amount(a.Capacity.CPUs), amount(a.Used.CPUs), a.Tasks(), workers(a))
	}
	for _, h := range s.x.Snapshot().Holdings() {
		fmt.Fprintf(&out, "%s offers %s cpus, %s mem in %d offers\n", h.Agent, amount(h.Free.CPUs), amount(h.Free.Mem), len(h.Offers))
	}
	return out.String()
}

func workers(a *Agent) []string {
	list := []string{}
	for _, w := range a.Executors {
		list = append(list, fmt.Sprintf("%s:%d", w.ID, w.Tasks))
	}
	return list
}
