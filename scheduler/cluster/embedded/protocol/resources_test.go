package protocol

import (
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"
)

// Resources follow the arithmetic of sets: what is taken out and put back is what was there.
func TestResources(t *testing.T) {
	draw := func(t *rapid.T, name string) Resources {
		var rs []mesos.Resource
		for _, n := range []string{"cpus", "mem"} {
			rs = append(rs, mesos.Resource{Name: n, Type: mesos.SCALAR.Enum(),
				Scalar: &mesos.Value_Scalar{Value: float64(rapid.IntRange(0, 5000).Draw(t, name+n)) / 1000}})
		}
		ports := mesos.Resource{Name: "ports", Type: mesos.RANGES.Enum(), Ranges: &mesos.Value_Ranges{}}
		for range rapid.IntRange(0, 3).Draw(t, name+"ranges") {
			begin := rapid.Uint64Range(0, 20).Draw(t, name+"begin")
			ports.Ranges.Range = append(ports.Ranges.Range, mesos.Value_Range{Begin: begin,
				End: begin + rapid.Uint64Range(0, 9).Draw(t, name+"size")})
		}
		return ParseResources(append(rs, ports))
	}
	same := func(a, b Resources) bool { return a.Contains(b) && b.Contains(a) }
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		if !a.Plus(b).Contains(a) || !a.Plus(b).Contains(b) {
			t.Fatalf("%s + %s = %s", a.Text("*"), b.Text("*"), a.Plus(b).Text("*"))
		}
		if a.Contains(b) && !same(a.Minus(b).Plus(b), a) {
			t.Fatalf("%s - %s + %s = %s", a.Text("*"), b.Text("*"), b.Text("*"), a.Minus(b).Plus(b).Text("*"))
		}
		if !same(ParseResources(a.Offered("*")), a) {
			t.Fatalf("%s does not survive an offer", a.Text("*"))
		}
		if !a.Minus(a).Empty() || !a.Contains(a) {
			t.Fatalf("%s and itself", a.Text("*"))
		}
	})
}
