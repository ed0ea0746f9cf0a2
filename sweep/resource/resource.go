package resource

import "math"

// Milli is an amount in thousandths of its unit, the fixed point that Mesos itself rounds scalars to
// (three decimals). Sums and comparisons of Milli are exact.
type Milli int64

// Unit is one whole unit: one cpu, one MB, one gpu.
const Unit Milli = 1000

// FromFloat rounds to thousandths as Mesos does; nonsense (negative, NaN, beyond 64 bits) counts as nothing.
func FromFloat(x float64) Milli {
	m := math.Round(x * float64(Unit))
	if !(m > 0 && m < math.MaxInt64) {
		return 0
	}
	return Milli(m)
}

// Resources is what one task asks for. The zero value asks for nothing.
type Resources struct {
	CPUs  Milli            `json:"cpus"`            // cores
	Mem   Milli            `json:"mem"`             // MB of 2^20 bytes, as Mesos counts
	Disk  Milli            `json:"disk"`            // MB of 2^20 bytes
	GPUs  Milli            `json:"gpus"`            // devices
	Ports int              `json:"ports,omitempty"` // how many ports of the host
	Named map[string]Milli `json:"named,omitempty"` // any other scalar resource, in its own unit; never changed once set
}
