package offers

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Unplaced says as data why tasks of one demand still wait. It refers to the pass it came from; Reasons may
// be asked later and from any goroutine.
type Unplaced struct {
	Demand int
	Count  int // tasks waiting
	Quota  int // of them, held back by the caller, who fills it in
	pass   *pass
}

// Reasons counts why a demand waits, as of the end of its pass. An agent is counted under every reason it
// has.
type Reasons struct {
	Agents    int `json:"agents"`   // known
	Offering  int `json:"offering"` // had offers in the pass
	Avoided   int `json:"avoided,omitempty"`
	Capped    int `json:"capped,omitempty"` // got as many launches as an unproven agent may
	OtherRole int `json:"other_role,omitempty"`
	// of those that would hold it if nothing ran there, those that an operator wants no work on
	Cordoned int `json:"cordoned,omitempty"`
	// of those that would hold it if nothing ran there, those that are away too soon for it
	Leaving     *Leaving    `json:"maintenance,omitempty"`
	Excluded    []Excluded  `json:"architecture,omitempty"` // known agents excluded for good; the name in JSON is older
	Constraints []Violation `json:"constraints,omitempty"`
	Resources   []Shortage  `json:"resources,omitempty"`
	Quota       int         `json:"quota,omitempty"` // tasks held back by quota
	// known agents that are not excluded for good and whose attributes meet the hard constraints
	Eligible  int     `json:"eligible"`
	FitsEmpty int     `json:"fits_empty"`        // of them, those that would hold it if nothing ran there
	Largest   []Limit `json:"largest,omitempty"` // when none would
}

// Leaving counts agents that are planned to be away before a task could end there, and names the one that is first.
type Leaving struct {
	Agents int       `json:"agents"`
	Host   string    `json:"host"` // or the agent's id
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // absent: nobody knows
}

// with is the count with one more agent.
func (l *Leaving) with(a *Agent, u Unavailability) *Leaving {
	host := a.Hostname
	if host == "" {
		host = string(a.ID)
	}
	one := Leaving{1, host, u.Start.UTC(), u.End.UTC()}
	if u.End.IsZero() {
		one.To = time.Time{}
	}
	if l == nil {
		return &one
	}
	if l.Agents++; one.From.Before(l.From) {
		one.Agents = l.Agents
		return &one
	}
	return l
}

// String says it for people.
func (l *Leaving) String() string {
	when := Unavailability{l.From, l.To}
	if l.Agents == 1 {
		return fmt.Sprintf("agent %s is under maintenance %s", l.Host, when)
	}
	return fmt.Sprintf("%d agents are under maintenance, agent %s %s", l.Agents, l.Host, when)
}

// Excluded counts the known agents that are excluded for good, by reason.
type Excluded struct {
	Name   string `json:"architecture,omitempty"` // of the reason; the name in JSON is older
	Agents int    `json:"agents"`
	Reason string `json:"-"`
}

// Violation counts the offering agents that break one hard constraint.
type Violation struct {
	Constraint resource.Constraint `json:"constraint"`
	Agents     int                 `json:"agents"`
	Unmet      *Unmet              `json:"unmet,omitempty"` // when no known agent's attributes meet it
}

// Unmet is what the known agents have where a constraint asks for something else: a value misspelt, or an
// attribute.
type Unmet struct {
	Values []string `json:"values,omitempty"` // different ones of the attribute, sorted, at most unmetValues of them
	More   int      `json:"more,omitempty"`   // values beyond those
}

// unmetValues is as many values as a line for people can hold.
const unmetValues = 8

// String says what agents have, for people.
func (u *Unmet) String() string {
	switch {
	case len(u.Values) == 0:
		return "no agent has that attribute"
	case u.More > 0:
		return fmt.Sprintf("agents have %s and %d more", strings.Join(u.Values, ", "), u.More)
	}
	return "agents have " + strings.Join(u.Values, ", ")
}

// Shortage counts the offering agents that have too little of one resource, of those that meet the
// constraints.
type Shortage struct {
	Resource string         `json:"resource"`
	Agents   int            `json:"agents"`
	Least    resource.Milli `json:"least"` // the smallest amount that is missing, in thousandths
}

// Limit is the most of a resource that any one agent has, where that is less than is asked for.
type Limit struct {
	Resource string         `json:"resource"`
	Asked    resource.Milli `json:"asked"`
	Largest  resource.Milli `json:"largest"`
}

// Reasons looks at every agent: O(agents × constraints).
func (r *Unplaced) Reasons() Reasons {
	p := r.pass
	in := newDiagnosis(p, &p.demands[r.Demand])
	in.out.Quota = r.Quota
	left := p.leftovers()
	for i := range p.bins {
		in.checkBin(&p.bins[i], &left[i])
	}
	for i := range p.agents {
		in.checkEmptyAgent(int32(i))
	}
	return in.result()
}

// Each is what one of the tasks asks for.
func (r *Unplaced) Each() resource.Resources { return r.pass.demands[r.Demand].Resources }

// Sentence is the unplaced demand for people, worst reason first.
func (r *Unplaced) Sentence() string { return r.Reasons().Sentence(r.Count) }

// Sentence is the reasons why so many tasks wait, for people.
func (r Reasons) Sentence(waiting int) string {
	return fmt.Sprintf("%s: %s", plural(waiting, "trial waits", "trials wait"), r.String())
}

// String is the reasons as one line for people, worst first.
func (r Reasons) String() string {
	if r.Agents == 0 {
		return "no agent is known yet"
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case r.Eligible == 0 && len(r.Excluded) > 0:
		add("no agent of this cluster can run it")
	case r.Eligible == 0:
		add("no agent of this cluster meets its constraints")
	case r.FitsEmpty == 0:
		add("fits no agent of this cluster, even empty")
		for _, l := range r.Largest {
			if l.Largest == 0 && kindOf(l.Resource) == fixedDims {
				add("no agent has %s", l.Resource)
				continue
			}
			add("needs %s %s where the largest agent has %s", amount(l.Asked), l.Resource, amount(l.Largest))
		}
	}
	if r.Quota > 0 {
		add("%d held back by the quota of the queue", r.Quota)
	}
	if r.Cordoned > 0 {
		add("%s or drained by an operator", plural(r.Cordoned, "agent cordoned", "agents cordoned"))
	}
	if r.Leaving != nil {
		add("%s", r.Leaving)
	}
	for _, x := range r.Excluded {
		reason := x.Reason
		if reason == "" {
			reason = "excluded"
		}
		add("%s %s", plural(x.Agents, "agent", "agents"), reason)
	}
	for _, v := range r.Constraints {
		excluded := plural(v.Agents, "agent excluded", "agents excluded")
		if v.Unmet != nil {
			add("%s by %s (%s)", excluded, constraintText(v.Constraint), v.Unmet)
		} else {
			add("%s by %s", excluded, constraintText(v.Constraint))
		}
	}
	for _, s := range r.Resources {
		add("%s of %s (by %s at least)", plural(s.Agents, "agent short", "agents short"), s.Resource, amount(s.Least))
	}
	if r.OtherRole > 0 {
		add("%s to another role", plural(r.OtherRole, "agent offered", "agents offered"))
	}
	if r.Avoided > 0 {
		add("%s after failures", plural(r.Avoided, "agent avoided", "agents avoided"))
	}
	if r.Capped > 0 {
		add("%s until proved", plural(r.Capped, "agent capped", "agents capped"))
	}
	if silent := r.Agents - r.Offering; silent > 0 {
		add("%s nothing now", plural(silent, "agent offers", "agents offer"))
	}
	if r.FitsEmpty > 0 {
		add("would fit %s", plural(r.FitsEmpty, "agent when empty", "agents when empty"))
	}
	return strings.Join(parts, "; ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// amount writes thousandths as the shortest decimal.
func amount(m resource.Milli) string {
	whole, part := m/resource.Unit, m%resource.Unit
	if part == 0 {
		return fmt.Sprintf("%d", whole)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%03d", whole, part), "0")
}

func constraintText(c resource.Constraint) string {
	if c.Value == "" {
		return fmt.Sprintf("[%s, %s]", c.Field, c.Operator)
	}
	return fmt.Sprintf("[%s, %s, %s]", c.Field, c.Operator, c.Value)
}
