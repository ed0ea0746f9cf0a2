package embedded

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// bundle is an amount of resources in a fixed order of names, as an agent declares them. Scalars are kept in
// thousandths, which is Mesos's own precision: 0.1 taken ten times from 1 leaves nothing.
type bundle []amount

// amount is one resource of a bundle. Exactly one of milli, ranges and set is used, as kind says.
type amount struct {
	name   string // a reserved resource carries its role, "cpus@role": nothing here offers those
	kind   mesos.Value_Type
	milli  int64
	ranges []span
	set    []string
}

// span is an inclusive range of ports.
type span struct{ begin, end uint64 }

// parseBundle reads resources as an API call or an agent's configuration gives them. Entries of one name add up.
func parseBundle(resources []mesos.Resource) bundle {
	var b bundle
	for i := range resources {
		r := &resources[i]
		a := amount{name: r.Name, kind: r.GetType()}
		if role := r.GetRole(); role != "" && role != "*" || len(r.Reservations) > 0 || r.Disk != nil || r.Revocable != nil || r.Shared != nil {
			a.name += "@" + role
		}
		switch a.kind {
		case mesos.SCALAR:
			a.milli = milli(r.GetScalar().GetValue())
		case mesos.RANGES:
			for _, s := range r.GetRanges().GetRange() {
				a.ranges = append(a.ranges, span{s.Begin, s.End})
			}
			a.ranges = joinSpans(a.ranges)
		case mesos.SET:
			a.set = slices.Sorted(slices.Values(r.GetSet().GetItem()))
			a.set = slices.Compact(a.set)
		}
		b.add(a)
	}
	return b
}

func milli(v float64) int64 {
	if v < 0 {
		return int64(v*1000 - 0.5)
	}
	return int64(v*1000 + 0.5)
}

func (a amount) empty() bool { return a.milli == 0 && len(a.ranges) == 0 && len(a.set) == 0 }

func (b bundle) empty() bool {
	for _, a := range b {
		if !a.empty() {
			return false
		}
	}
	return true
}

func (b bundle) find(name string) int {
	for i := range b {
		if b[i].name == name {
			return i
		}
	}
	return -1
}

func (b bundle) clone() bundle {
	out := slices.Clone(b)
	for i := range out {
		out[i].ranges = slices.Clone(out[i].ranges)
		out[i].set = slices.Clone(out[i].set)
	}
	return out
}

func (b *bundle) add(a amount) {
	i := b.find(a.name)
	if i < 0 {
		*b = append(*b, a)
		return
	}
	have := &(*b)[i]
	have.milli += a.milli
	if len(a.ranges) > 0 {
		have.ranges = joinSpans(slices.Concat(have.ranges, a.ranges))
	}
	if len(a.set) > 0 {
		have.set = slices.Compact(slices.Sorted(slices.Values(slices.Concat(have.set, a.set))))
	}
}

// plus returns b and o together; the order of names is b's.
func (b bundle) plus(o bundle) bundle {
	out := b.clone()
	for _, a := range o {
		out.add(a)
	}
	return out
}

// minus returns b without o; o must be contained in b. Names stay, so that the order of an agent's resources is
// the same in every offer.
func (b bundle) minus(o bundle) bundle {
	out := b.clone()
	for _, a := range o {
		i := out.find(a.name)
		if i < 0 {
			continue
		}
		out[i].milli -= a.milli
		if len(a.ranges) > 0 {
			out[i].ranges = cutSpans(out[i].ranges, a.ranges)
		}
		if len(a.set) > 0 {
			out[i].set = slices.DeleteFunc(out[i].set, func(s string) bool { return slices.Contains(a.set, s) })
		}
	}
	return out
}

// contains tells whether o can be taken from b.
func (b bundle) contains(o bundle) bool {
	for _, a := range o {
		if a.empty() {
			continue
		}
		i := b.find(a.name)
		if i < 0 || b[i].kind != a.kind || b[i].milli < a.milli || !coverSpans(b[i].ranges, a.ranges) {
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

// resources renders the bundle for an offer: what is empty is left out, and each entry says to which role it is
// allocated.
func (b bundle) resources(role string) []mesos.Resource {
	out := make([]mesos.Resource, 0, len(b))
	any, allocated := "*", &mesos.Resource_AllocationInfo{Role: &role}
	for _, a := range b {
		if a.empty() {
			continue
		}
		kind := a.kind
		r := mesos.Resource{Name: a.name, Type: &kind, Role: &any, AllocationInfo: allocated}
		switch kind {
		case mesos.SCALAR:
			r.Scalar = &mesos.Value_Scalar{Value: float64(a.milli) / 1000}
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

// text renders the bundle as Mesos prints allocated resources in its messages.
func (b bundle) text(role string) string {
	var parts []string
	for _, a := range b {
		if a.empty() {
			continue
		}
		var v string
		switch a.kind {
		case mesos.SCALAR:
			v = strconv.FormatFloat(float64(a.milli)/1000, 'f', -1, 64)
		case mesos.RANGES:
			var spans []string
			for _, s := range a.ranges {
				spans = append(spans, fmt.Sprintf("%d-%d", s.begin, s.end))
			}
			v = "[" + strings.Join(spans, ", ") + "]"
		case mesos.SET:
			v = "{" + strings.Join(a.set, ", ") + "}"
		}
		parts = append(parts, fmt.Sprintf("%s(allocated: %s):%s", a.name, role, v))
	}
	if len(parts) == 0 {
		return "{}"
	}
	return strings.Join(parts, "; ")
}

// scalarsLast orders an agent's resources as Mesos's allocator offers them: ranges and sets first.
func (b bundle) scalarsLast() bundle {
	scalar := func(a amount) int {
		if a.kind == mesos.SCALAR {
			return 1
		}
		return 0
	}
	out := b.clone()
	slices.SortStableFunc(out, func(x, y amount) int {
		return scalar(x) - scalar(y)
	})
	return out
}

// joinSpans sorts and merges overlapping and adjacent ranges.
func joinSpans(in []span) []span {
	in = slices.Clone(in)
	slices.SortFunc(in, func(a, b span) int {
		return cmp.Compare(a.begin, b.begin)
	})
	var out []span
	for _, s := range in {
		if n := len(out); n > 0 && s.begin <= out[n-1].end+1 {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// cutSpans takes the ranges of cut out of from.
func cutSpans(from, cut []span) []span {
	for _, c := range cut {
		var out []span
		for _, f := range from {
			if c.end < f.begin || c.begin > f.end {
				out = append(out, f)
				continue
			}
			if f.begin < c.begin {
				out = append(out, span{f.begin, c.begin - 1})
			}
			if c.end < f.end {
				out = append(out, span{c.end + 1, f.end})
			}
		}
		from = out
	}
	return from
}

func coverSpans(have, want []span) bool {
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h span) bool { return h.begin <= w.begin && w.end <= h.end }) {
			return false
		}
	}
	return true
}
