package fairness

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Queue is a tenant's share as an operator has set it.
type Queue struct {
	Name   string  `json:"queue"`  // words with a slash between: eng/ml is below eng
	Weight float64 `json:"weight"` // beside the others below the same queue; 0: 1

	Limit     Amounts `json:"limit,omitempty"`      // of all that runs in it and below
	UserLimit Amounts `json:"user_limit,omitempty"` // of what each user runs there

	// Guarantee is what the queue gets before shares are asked about, and others are ended for where it wants it.
	Guarantee Amounts `json:"guarantee,omitempty"`
}

// Amounts are amounts by the name of what they are of: cpus; memory and disk in MB of 2^20 bytes; gpus; ports; trials,
// of which a bundle counts as one; or any other resource of agents.
type Amounts map[string]float64

// Trials is the name of trials that run among Amounts.
const Trials = "trials"

// Bounds of what a queue may be given.
const (
	mostWeight  = 1e6
	largest     = 1e12
	mostAmounts = 32
)

// Check says what is wrong with what a queue was given, its name apart.
func (q *Queue) Check() error {
	if !(q.Weight >= 0 && q.Weight <= mostWeight) {
		return fmt.Errorf("weight %v: want a number above 0, at most %v (0 or unset: 1)", q.Weight, float64(mostWeight))
	}
	for _, one := range []struct {
		what string
		all  Amounts
	}{{"limit", q.Limit}, {"user_limit", q.UserLimit}, {"guarantee", q.Guarantee}} {
		if len(one.all) > mostAmounts {
			return fmt.Errorf("%s: %d resources, at most %d may be named", one.what, len(one.all), mostAmounts)
		}
		for _, name := range one.all.names() {
			if n := one.all[name]; !(n >= 0 && n <= largest) || name == Trials && n != math.Trunc(n) {
				return fmt.Errorf("%s: %s %v: want an amount from 0 up", one.what, name, n)
			}
		}
	}
	for _, name := range q.Guarantee.names() {
		if most, limited := q.Limit[name]; limited && q.Guarantee[name] > most {
			return fmt.Errorf("guarantee: %s %v is more than its limit of %v", name, q.Guarantee[name], most)
		}
	}
	return nil
}

// weight is the weight of a queue that may not have been given one.
func (q *Queue) weight() float64 {
	if q.Weight > 0 {
		return q.Weight
	}
	return 1
}

// Limits says whether the queue limits anything.
func (q *Queue) Limits() bool { return len(q.Limit)+len(q.UserLimit) > 0 }

// Above says whether a queue is another, or above it.
func Above(queue, other string) bool {
	return strings.HasPrefix(other, queue) && (len(other) == len(queue) || other[len(queue)] == '/')
}

// Within says whether a queue is one of some, or below one.
func Within(queues []string, queue string) bool {
	return slices.ContainsFunc(queues, func(one string) bool { return Above(one, queue) })
}

func (a Amounts) names() []string { return slices.Sorted(maps.Keys(a)) }

// String is the amounts for people: 8 cpus, 16 GB of memory.
func (a Amounts) String() string {
	var parts []string
	for _, name := range a.names() {
		parts = append(parts, AmountText(name, a[name]))
	}
	return strings.Join(parts, ", ")
}

// AmountText is one amount for people: 8 cpus, 16 GB of memory.
func AmountText(name string, n float64) string {
	switch {
	case name != "memory" && name != "disk":
		if n == 1 {
			name = strings.TrimSuffix(name, "s")
		}
		return fmt.Sprintf("%v %s", n, name)
	case n >= 1024 && n*10/1024 == math.Trunc(n*10/1024):
		return fmt.Sprintf("%v GB of %s", n/1024, name)
	}
	return fmt.Sprintf("%v MB of %s", n, name)
}
