package mesos

import (
	"math"
	"reflect"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

func text(s string) *string { return &s }

func reserved(role string, labels ...mesosapi.Label) mesosapi.Resource_ReservationInfo {
	r := mesosapi.Resource_ReservationInfo{Type: mesosapi.Resource_ReservationInfo_DYNAMIC.Enum(),
		Role: text(role), Principal: text("ops")}
	if labels != nil {
		r.Labels = &mesosapi.Labels{Labels: labels}
	}
	return r
}

func TestAmountsOfEveryKind(t *testing.T) {
	cpus := func(change func(*mesosapi.Resource)) *mesosapi.Resource {
		r := &mesosapi.Resource{Name: "cpus", Type: mesosapi.SCALAR.Enum(),
			Scalar: &mesosapi.Value_Scalar{Value: 1.5}}
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		in   *mesosapi.Resource
		want offers.Amount
	}{
		"unreserved": {cpus(func(r *mesosapi.Resource) { r.Role = text("*") }), offers.Amount{Scalar: 1500}},
		"static, before": {cpus(func(r *mesosapi.Resource) { r.Role = text("eng") }),
			offers.Amount{Scalar: 1500, Reservation: "eng"}},
		"refined": {cpus(func(r *mesosapi.Resource) {
			r.Reservations = []mesosapi.Resource_ReservationInfo{reserved("eng"), reserved("eng/ml")}
		}), offers.Amount{Scalar: 1500, Reservation: "eng/ml"}},
		"somebody's reservation": {cpus(func(r *mesosapi.Resource) {
			r.Reservations = []mesosapi.Resource_ReservationInfo{reserved("eng", mesosapi.Label{Key: "owner"})}
		}), offers.Amount{Scalar: 1500, Reservation: "eng", Opaque: true}},
		"revocable": {cpus(func(r *mesosapi.Resource) { r.Revocable = &mesosapi.Resource_RevocableInfo{} }),
			offers.Amount{Scalar: 1500, Revocable: true}},
		"volume": {cpus(func(r *mesosapi.Resource) { r.Disk = &mesosapi.Resource_DiskInfo{} }),
			offers.Amount{Scalar: 1500, Opaque: true}},
		"provider": {cpus(func(r *mesosapi.Resource) { r.ProviderID = &mesosapi.ResourceProviderID{Value: "x"} }),
			offers.Amount{Scalar: 1500, Opaque: true}},
		"shared": {cpus(func(r *mesosapi.Resource) { r.Shared = &mesosapi.Resource_SharedInfo{} }),
			offers.Amount{Scalar: 1500, Opaque: true}},
		"nonsense": {cpus(func(r *mesosapi.Resource) { r.Scalar.Value = math.NaN() }), offers.Amount{}},
		"ports": {&mesosapi.Resource{Name: "cpus", Type: mesosapi.RANGES.Enum(),
			Ranges: &mesosapi.Value_Ranges{Range: []mesosapi.Value_Range{{Begin: 1, End: 2}}}},
			offers.Amount{Ranges: []offers.Range{{Begin: 1, End: 2}}}},
		"set": {&mesosapi.Resource{Name: "cpus", Type: mesosapi.SET.Enum(),
			Set: &mesosapi.Value_Set{Item: []string{"a"}}}, offers.Amount{Set: []string{"a"}}},
	} {
		got := fromMesos(c.in, "eng/ml")
		back := toMesos(got, "other")
		if role := back.GetAllocationInfo().GetRole(); role != "eng/ml" {
			t.Errorf("%s: allocated to %q", name, role)
		}
		back.AllocationInfo = nil
		if name != "nonsense" && !back.Equal(c.in) {
			t.Errorf("%s: handed back as\n%v, came as\n%v", name, &back, c.in)
		}
		got.Source, c.want.Name = "", "cpus"
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// What Mesos rounds to three decimals comes and goes unchanged, so sums of shares are exact.
func TestMilliIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := resource.Milli(rapid.Int64Range(1, 1<<50).Draw(t, "milli"))
		r := toMesos(offers.Amount{Name: "mem", Scalar: m}, "*")
		if got := fromMesos(&r, "*").Scalar; got != m {
			t.Fatalf("%d came back as %d", m, got)
		}
	})
}

func TestAttributes(t *testing.T) {
	for want, a := range map[string]*mesosapi.Attribute{
		"r1":    {Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: "r1"}},
		"4":     {Type: mesosapi.SCALAR, Scalar: &mesosapi.Value_Scalar{Value: 4}},
		"0.125": {Type: mesosapi.SCALAR, Scalar: &mesosapi.Value_Scalar{Value: .125}},
		"{a,b}": {Type: mesosapi.SET, Set: &mesosapi.Value_Set{Item: []string{"a", "b"}}},
		"[1-5,7-7]": {Type: mesosapi.RANGES, Ranges: &mesosapi.Value_Ranges{Range: []mesosapi.Value_Range{{Begin: 1,
			End: 5}, {Begin: 7, End: 7}}}},
	} {
		if got := attribute(a); got.Value != want || got.Scalar != (a.Type == mesosapi.SCALAR) {
			t.Errorf("got %+v, want %q", got, want)
		}
	}
}
