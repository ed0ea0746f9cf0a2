package offers

import (
	"testing"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Mesos makes a number of every attribute that looks like one, and writes it its own way: 1.50 on an agent's
// command line is 1.5 in its offers.
func TestNumbersCompareAsNumbers(t *testing.T) {
	agent := &Agent{Attributes: []Attribute{
		{Name: "ver", Value: "1.5", Scalar: true}, {Name: "big", Value: "100000", Scalar: true}, {Name: "label", Value: "1.5"},
	}}
	for _, c := range []struct {
		field, value string
		want         bool
	}{
		{"ver", "1.50", true}, {"ver", "1.5", true}, {"ver", " 1.5 ", true}, {"ver", "15e-1", true}, {"ver", "1.5004", true},
		{"ver", "1.501", false}, {"ver", "1.5x", false}, {"ver", "", false}, {"big", "1e5", true},
		{"label", "1.5", true}, {"label", "1.50", false}, {"none", "1.5", false},
	} {
		r := compile(resource.Constraint{Field: c.field, Operator: resource.Is, Value: c.value})
		if got := r.accepts(agent); got != c.want {
			t.Errorf("%s IS %q: %v", c.field, c.value, got)
		}
	}
}
