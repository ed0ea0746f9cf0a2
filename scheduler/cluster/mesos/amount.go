package mesos

import (
	"slices"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

const anyRole = "*"

// fromMesos reads one resource of an offer. role is the offer's allocation role, which masters before 1.6
// left out of the resources themselves.
func fromMesos(r *mesosapi.Resource, role string) offers.Amount {
	a := offers.Amount{
		Name:        r.Name,
		Reservation: reservation(r),
		Revocable:   r.Revocable != nil,
		Opaque:      r.Disk != nil || r.ProviderID != nil || r.Shared != nil || labelled(r),
		Source:      source(r, role),
	}
	switch r.GetType() {
	case mesosapi.SCALAR:
		a.Scalar = resource.FromFloat(r.GetScalar().GetValue())
	case mesosapi.RANGES:
		for _, x := range r.GetRanges().GetRange() {
			a.Ranges = append(a.Ranges, offers.Range{Begin: x.Begin, End: x.End})
		}
	case mesosapi.SET:
		a.Set = slices.Clone(r.GetSet().GetItem())
	default:
		a.Opaque = true
	}
	return a
}

// source is all that Mesos said of a resource but its quantity, encoded: plain bytes, so that the journal can
// keep it and a task sent after a restart carries its executor's resources as the one before did, to the last
// field.
func source(r *mesosapi.Resource, role string) string {
	s := *r
	if s.AllocationInfo == nil && role != "" {
		s.AllocationInfo = &mesosapi.Resource_AllocationInfo{Role: &role}
	}
	s.Scalar, s.Ranges, s.Set = nil, nil, nil
	b, err := s.Marshal()
	if err != nil {
		return "" // a required field is missing, which no master leaves out
	}
	return string(b)
}

// parseSource reads what source wrote; nil for an amount of unknown origin.
func parseSource(s string) *mesosapi.Resource {
	if s == "" {
		return nil
	}
	r := new(mesosapi.Resource)
	if r.Unmarshal([]byte(s)) != nil {
		return nil
	}
	return r
}

// reservation is the role a resource is reserved for: the top of the stack of refined reservations, or, in
// the older format, the resource's role.
func reservation(r *mesosapi.Resource) string {
	role := r.GetRole()
	if n := len(r.Reservations); n > 0 {
		role = r.Reservations[n-1].GetRole()
	}
	if role == anyRole {
		return ""
	}
	return role
}

// labelled tells whether a reservation carries labels, by which the framework that made it finds it again:
// it is within our role, but not ours.
func labelled(r *mesosapi.Resource) bool {
	if len(r.GetReservation().GetLabels().GetLabels()) > 0 {
		return true
	}
	for i := range r.Reservations {
		if len(r.Reservations[i].GetLabels().GetLabels()) > 0 {
			return true
		}
	}
	return false
}

// toMesos writes one amount as a resource. An amount that was read from an offer keeps all that Mesos said
// of it (reservations, allocation) and changes only the quantity; another is taken from role.
func toMesos(a offers.Amount, role string) mesosapi.Resource {
	var r mesosapi.Resource
	if known := parseSource(a.Source); known != nil {
		r = *known
	} else {
		r = mesosapi.Resource{Name: a.Name, AllocationInfo: &mesosapi.Resource_AllocationInfo{Role: &role}}
		if a.Reservation != "" {
			r.Role = &a.Reservation
		}
	}
	switch {
	case a.Ranges != nil:
		r.Type = mesosapi.RANGES.Enum()
		r.Ranges = &mesosapi.Value_Ranges{Range: make([]mesosapi.Value_Range, len(a.Ranges))}
		for i, x := range a.Ranges {
			r.Ranges.Range[i] = mesosapi.Value_Range{Begin: x.Begin, End: x.End}
		}
	case a.Set != nil:
		r.Type = mesosapi.SET.Enum()
		r.Set = &mesosapi.Value_Set{Item: slices.Clone(a.Set)}
	default:
		r.Type = mesosapi.SCALAR.Enum()
		r.Scalar = &mesosapi.Value_Scalar{Value: float64(a.Scalar) / float64(resource.Unit)}
	}
	return r
}

func resources(amounts []offers.Amount, role string) []mesosapi.Resource {
	if len(amounts) == 0 {
		return nil
	}
	out := make([]mesosapi.Resource, len(amounts))
	for i, a := range amounts {
		out[i] = toMesos(a, role)
	}
	return out
}

// allocated returns the allocation role of the first amount that knows its own, or else the given one.
func allocated(amounts []offers.Amount, otherwise string) string {
	for _, a := range amounts {
		if known := parseSource(a.Source); known.GetAllocationInfo() != nil {
			return known.GetAllocationInfo().GetRole()
		}
	}
	return otherwise
}
