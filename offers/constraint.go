package offers

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// constraint is one constraint, compiled. It means what Marathon documents, and where Marathon leaves room:
//   - IS compares text, and numbers with a scalar attribute, in thousandths as Mesos does. LIKE and UNLIKE match the whole
//     value, a number's in its shortest form. Of a set attribute any item may match (for UNLIKE none).
//   - An agent without the attribute meets UNLIKE and nothing else.
//   - UNIQUE, MAX_PER, GROUP_BY and CLUSTER without a value count the running tasks of the demand's job. CLUSTER
//     with a value is IS.
//   - GROUP_BY keeps the counts of the groups within one of each other; its value is the least number of groups to
//     expect. Groups are the values of the agents that pass the demand's other rules.
type constraint struct {
	resource.Constraint
	like  *regexp.Regexp // nil when the value is no regular expression: it matches nothing
	limit int            // of MAX_PER, or the groups expected by GROUP_BY
}

func compile(c resource.Constraint) constraint {
	r := constraint{Constraint: c}
	switch c.Operator {
	case resource.Like, resource.Unlike:
		r.like, _ = regexp.Compile("^(?:" + c.Value + ")$")
	case resource.MaxPer, resource.GroupBy:
		r.limit, _ = strconv.Atoi(strings.TrimSpace(c.Value))
	case resource.Unique:
		r.limit = 1
	}
	return r
}

// counts says whether the rule depends on where tasks of the job run, not on the agent alone.
func (r *constraint) counts() bool {
	switch r.Operator {
	case resource.Unique, resource.MaxPer, resource.GroupBy:
		return true
	case resource.Cluster:
		return r.Value == ""
	}
	return false
}

// accepts says whether the agent meets the part of the rule that depends on the agent alone.
func (r *constraint) accepts(a *Agent) bool {
	at, present := a.attribute(r.Field)
	if !present {
		return r.Operator == resource.Unlike
	}
	switch r.Operator {
	case resource.Is, resource.Cluster:
		return r.counts() || at.equals(r.Value)
	case resource.Like:
		return r.like != nil && at.any(r.like.MatchString)
	case resource.Unlike:
		return r.like != nil && !at.any(r.like.MatchString)
	case resource.Unique, resource.MaxPer, resource.GroupBy:
		return true
	}
	return false
}

// equals compares the attribute with a constraint's value.
func (a *Attribute) equals(value string) bool {
	if a.Scalar {
		x, err := strconv.ParseFloat(a.Value, 64)
		y, wrong := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err == nil && wrong == nil {
			return math.Abs(x-y) < 0.0005
		}
	}
	return a.any(func(v string) bool { return v == value })
}

// any says whether the attribute's value, or one item of its set, passes.
func (a *Attribute) any(pass func(string) bool) bool {
	if a.Set == nil {
		return pass(a.Value)
	}
	for _, item := range a.Set {
		if pass(item) {
			return true
		}
	}
	return false
}

// text is the attribute as a key for counting.
func (a *Attribute) text() string {
	if a.Set == nil {
		return a.Value
	}
	return strings.Join(a.Set, ",")
}
