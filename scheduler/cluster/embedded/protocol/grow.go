package protocol

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Grown is the resources of an agent that has others by now: the larger amount of each scalar, and what it had of the
// rest.
func Grown(had, has []mesos.Resource) []mesos.Resource {
	out := slices.Clone(had)
	for _, r := range has {
		at := slices.IndexFunc(out, func(o mesos.Resource) bool { return o.Name == r.Name })
		switch {
		case at < 0:
			out = append(out, r)
		case r.GetType() == mesos.SCALAR && out[at].GetScalar().GetValue() < r.GetScalar().GetValue():
			out[at] = r
		}
	}
	return out
}

// Lacks is what b has too little of, among scalars, to be o.
func (b Resources) Lacks(o Resources) (more Resources) {
	for _, a := range o {
		if i := b.Find(a.Name); i >= 0 {
			a.Milli -= b[i].Milli
		}
		if a.Kind == mesos.SCALAR && a.Milli > 0 {
			more = append(more, a)
		}
	}
	return more
}
