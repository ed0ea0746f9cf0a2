package kubernetes

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// quantity is an amount as Kubernetes writes it: 250m, 1.5, 64Mi, 1e3.
type quantity string

// UnmarshalJSON implements json.Unmarshaler: an amount may be a bare number, too.
func (q *quantity) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '"' {
		*q = quantity(b)
		return nil
	}
	var text string
	err := json.Unmarshal(b, &text)
	*q = quantity(text)
	return err
}

var suffixes = map[string]float64{
	"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
}

// value is the amount in its unit; what cannot be read is 0.
func (q quantity) value() float64 {
	text := strings.TrimSpace(string(q))
	at := strings.LastIndexAny(text, "0123456789.") + 1
	number, suffix := text[:at], text[at:]
	factor, known := suffixes[suffix]
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	return v * factor
}

func milliCPU(cpus float64) quantity {
	return quantity(fmt.Sprintf("%dm", int64(math.Ceil(cpus*1000-1e-9))))
}

func mebi(mb float64) quantity { return quantity(fmt.Sprintf("%dMi", int64(math.Ceil(mb-1e-9)))) }

// amounts are quantities by resource.
type amounts map[string]quantity

const (
	cpuName     = "cpu"
	memoryName  = "memory"
	storageName = "ephemeral-storage"
	podsName    = "pods"
)

// gpus is how many GPUs there are, and by which of the names: a node has those of one maker.
func (a amounts) gpus(names []string) (name string, n int) {
	for _, name := range names {
		if n := int(a[name].value()); n > 0 {
			return name, n
		}
	}
	return "", 0
}

// devices are the resources that tasks may ask for by name. GPUs are counted by the names of their makers and as GPUs
// at once, as tasks ask for them; what is GPUs only here is only counted so.
func (a amounts) devices(gpuName string) (names []string) {
	for name, q := range a {
		if resource.CheckExtended(name) == nil && q.value() >= 1 &&
			(name == gpuName) == slices.Contains(resource.GPUNames, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sum is numbers by resource.
type sum map[string]float64

func (s sum) add(a amounts) {
	for name, q := range a {
		s[name] += q.value()
	}
}

func (s sum) max(o sum) {
	for name, v := range o {
		s[name] = max(s[name], v)
	}
}
