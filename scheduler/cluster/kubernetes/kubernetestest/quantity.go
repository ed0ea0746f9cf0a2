package kubernetestest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var suffixes = map[string]float64{
	"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
}

// quantity reads an amount such as 500m, 2, 1.5Gi or 1e3.
func quantity(v any) (float64, error) {
	if n, ok := v.(float64); ok {
		return n, nil
	}
	s, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("%v is no quantity", v)
	}
	digits := strings.TrimRight(s, "numkMGTPEi")
	if factor, known := suffixes[s[len(digits):]]; known {
		if n, err := strconv.ParseFloat(digits, 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n * factor, nil
		}
	}
	return 0, fmt.Errorf("quantities must match the regular expression "+
		"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': %q", s)
}

// amounts are quantities by resource.
type amounts map[string]float64

func readAmounts(v any) amounts {
	m, _ := v.(map[string]any)
	out := amounts{}
	for name, value := range m {
		out[name], _ = quantity(value) // checked when the object came
	}
	return out
}

func (a amounts) add(b amounts) {
	for name, n := range b {
		a[name] += n
	}
}

func (a amounts) atLeast(b amounts) {
	for name, n := range b {
		a[name] = max(a[name], n)
	}
}

// requested is what a pod counts for on its node: its containers together, or the init container that asks for more,
// and its overhead.
func requested(pod Object) amounts {
	sum := amounts{}
	for _, c := range items(pod.Get("spec", "containers")) {
		sum.add(readAmounts(dig(c, "resources", "requests")))
	}
	for _, c := range items(pod.Get("spec", "initContainers")) {
		sum.atLeast(readAmounts(dig(c, "resources", "requests")))
	}
	sum.add(readAmounts(pod.Get("spec", "overhead")))
	sum["pods"] = 1
	return sum
}
