package protocol

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Resources is an amount of resources in a fixed order of names, as an agent declares them. Scalars are kept
// in thousandths, which is Mesos's own precision: 0.1 taken ten times from 1 leaves nothing.
type Resources []Amount

// Amount is one resource. Exactly one of Milli, ranges and set is used, as Kind says.
type Amount struct {
	Name   string // a reserved resource carries its role, "cpus@role": nothing here offers those
	Kind   mesos.Value_Type
	Milli  int64
	ranges []portRange
	set    []string
}

// portRange is an inclusive range of ports.
type portRange struct{ begin, end uint64 }

// ParseResources reads resources as an API call or an agent's configuration gives them. Entries of one name
// add up.
func ParseResources(resources []mesos.Resource) Resources {
	var b Resources
	for i := range resources {
		r := &resources[i]
		a := Amount{Name: r.Name, Kind: r.GetType()}
		if role := r.GetRole(); role != "" && role != "*" || len(r.Reservations) > 0 || r.Disk != nil ||
			r.Revocable != nil || r.Shared != nil {
			a.Name += "@" + role
		}
		switch a.Kind {
		case mesos.SCALAR:
			a.Milli = int64(resource.FromFloat(r.GetScalar().GetValue()))
		case mesos.RANGES:
			for _, s := range r.GetRanges().GetRange() {
				a.ranges = append(a.ranges, portRange{s.Begin, s.End})
			}
			a.ranges = joinRanges(a.ranges)
		case mesos.SET:
			a.set = slices.Sorted(slices.Values(r.GetSet().GetItem()))
			a.set = slices.Compact(a.set)
		}
		b.add(a)
	}
	return b
}

func (a Amount) empty() bool { return a.Milli == 0 && len(a.ranges) == 0 && len(a.set) == 0 }

// Empty tells whether nothing is left of any resource.
func (b Resources) Empty() bool {
	for _, a := range b {
		if !a.empty() {
			return false
		}
	}
	return true
}

// Find returns the index of a resource by name, -1 when it is not there.
func (b Resources) Find(name string) int {
	for i := range b {
		if b[i].Name == name {
			return i
		}
	}
	return -1
}

// Clone returns a copy that shares nothing with b.
func (b Resources) Clone() Resources {
	out := slices.Clone(b)
	for i := range out {
		out[i].ranges = slices.Clone(out[i].ranges)
		out[i].set = slices.Clone(out[i].set)
	}
	return out
}

// add adds an amount; ranges and sets are united.
func (b *Resources) add(a Amount) {
	i := b.Find(a.Name)
	if i < 0 {
		*b = append(*b, a)
		return
	}
	have := &(*b)[i]
	have.Milli += a.Milli
	if len(a.ranges) > 0 {
		have.ranges = joinRanges(slices.Concat(have.ranges, a.ranges))
	}
	if len(a.set) > 0 {
		have.set = slices.Compact(slices.Sorted(slices.Values(slices.Concat(have.set, a.set))))
	}
}

// Plus returns b and o together; the order of names is b's.
func (b Resources) Plus(o Resources) Resources {
	out := b.Clone()
	for _, a := range o {
		out.add(a)
	}
	return out
}

// Minus returns b without o; o must be contained in b. Names stay, so that the order of an agent's resources
// is the same in every offer.
func (b Resources) Minus(o Resources) Resources {
	out := b.Clone()
	for _, a := range o {
		i := out.Find(a.Name)
		if i < 0 {
			continue
		}
		out[i].Milli -= a.Milli
		if len(a.ranges) > 0 {
			out[i].ranges = cutRanges(out[i].ranges, a.ranges)
		}
		if len(a.set) > 0 {
			out[i].set = slices.DeleteFunc(out[i].set, func(s string) bool { return slices.Contains(a.set, s) })
		}
	}
	return out
}

// Contains tells whether o can be taken from b.
func (b Resources) Contains(o Resources) bool {
	for _, a := range o {
		if a.empty() {
			continue
		}
		i := b.Find(a.Name)
		if i < 0 || b[i].Kind != a.Kind || b[i].Milli < a.Milli || !coverRanges(b[i].ranges, a.ranges) {
			return false
		}
		for _, item := range a.set {
			if !slices.Contains(b[i].set, item) {
				return false
			}
		}
	}
	return true
}

// Offered renders them for an offer: what is empty is left out, and each entry says to which role it is
// allocated.
func (b Resources) Offered(role string) []mesos.Resource {
	out := make([]mesos.Resource, 0, len(b))
	any, allocated := "*", &mesos.Resource_AllocationInfo{Role: &role}
	for _, a := range b {
		if a.empty() {
			continue
		}
		kind := a.Kind
		r := mesos.Resource{Name: a.Name, Type: &kind, Role: &any, AllocationInfo: allocated}
		switch kind {
		case mesos.SCALAR:
			r.Scalar = &mesos.Value_Scalar{Value: float64(a.Milli) / 1000}
		case mesos.RANGES:
			r.Ranges = &mesos.Value_Ranges{}
			for _, s := range a.ranges {
				r.Ranges.Range = append(r.Ranges.Range, mesos.Value_Range{Begin: s.begin, End: s.end})
			}
		case mesos.SET:
			r.Set = &mesos.Value_Set{Item: a.set}
		}
		out = append(out, r)
	}
	return out
}

// Text renders them as Mesos prints allocated resources in its messages.
func (b Resources) Text(role string) string {
	var parts []string
	for _, a := range b {
		if a.empty() {
			continue
		}
		var v string
		switch a.Kind {
		case mesos.SCALAR:
			v = strconv.FormatFloat(float64(a.Milli)/1000, 'f', -1, 64)
		case mesos.RANGES:
			var spans []string
			for _, s := range a.ranges {
				spans = append(spans, fmt.Sprintf("%d-%d", s.begin, s.end))
			}
			v = "[" + strings.Join(spans, ", ") + "]"
		case mesos.SET:
			v = "{" + strings.Join(a.set, ", ") + "}"
		}
		parts = append(parts, fmt.Sprintf("%s(allocated: %s):%s", a.Name, role, v))
	}
	if len(parts) == 0 {
		return "{}"
	}
	return strings.Join(parts, "; ")
}

// ScalarsLast orders an agent's resources as Mesos's allocator offers them: ranges and sets first.
func (b Resources) ScalarsLast() Resources {
	scalar := func(a Amount) int {
		if a.Kind == mesos.SCALAR {
			return 1
		}
		return 0
	}
	out := b.Clone()
	slices.SortStableFunc(out, func(x, y Amount) int {
		return scalar(x) - scalar(y)
	})
	return out
}

// joinRanges sorts and merges overlapping and adjacent ranges.
func joinRanges(in []portRange) []portRange {
	in = slices.Clone(in)
	slices.SortFunc(in, func(a, b portRange) int {
		return cmp.Compare(a.begin, b.begin)
	})
	var out []portRange
	for _, s := range in {
		if n := len(out); n > 0 && s.begin <= out[n-1].end+1 {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// cutRanges takes the ranges of cut out of from.
func cutRanges(from, cut []portRange) []portRange {
	for _, c := range cut {
		var out []portRange
		for _, f := range from {
			if c.end < f.begin || c.begin > f.end {
				out = append(out, f)
				continue
			}
			if f.begin < c.begin {
				out = append(out, portRange{f.begin, c.begin - 1})
			}
			if c.end < f.end {
				out = append(out, portRange{c.end + 1, f.end})
			}
		}
		from = out
	}
	return from
}

// coverRanges tells whether every range of want lies within one of have.
func coverRanges(have, want []portRange) bool {
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h portRange) bool { return h.begin <= w.begin && w.end <= h.end }) {
			return false
		}
	}
	return true
}
