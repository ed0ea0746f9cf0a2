package fairness

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// vector is amounts in thousandths, by dimension.
type vector []int64

// none is an element of a vector of limits that limits nothing.
const none = -1

func (v vector) add(w vector, n int) {
	for d := range v {
		v[d] += int64(n) * w[d]
	}
}

// dimensions are what amounts are of. The last are trials, of which nobody has a share.
type dimensions []string

// fixed are the dimensions that have a field.
var fixed = dimensions{"cpus", "memory", "disk", "gpus", "ports"}

// vector is what so many tasks have together.
func (dims dimensions) vector(r *resource.Resources, tasks int) vector {
	v := make(vector, len(dims))
	v[0], v[1], v[2], v[3] = int64(r.CPUs), int64(r.Mem), int64(r.Disk), int64(r.GPUs)
	v[4] = int64(r.Ports) * int64(resource.Unit)
	if len(r.Named) > 0 {
		for d := len(fixed); d < len(dims)-1; d++ {
			v[d] = int64(r.Named[dims[d]])
		}
	}
	v[len(dims)-1] = int64(tasks) * int64(resource.Unit)
	return v
}

// limits is amounts as a vector; what they do not name is not limited.
func (dims dimensions) limits(a Amounts) vector {
	v := make(vector, len(dims))
	for d, name := range dims {
		v[d] = none
		if n, named := a[name]; named {
			v[d] = int64(math.Round(n * float64(resource.Unit)))
		}
	}
	return v
}

// shares is which part of the whole a vector is, by dimension. Of what nobody has there is no share.
type shares []float64

func (s shares) of(v, total vector) {
	for d := range s {
		s[d] = 0
		if d < len(s)-1 && total[d] > 0 {
			s[d] = float64(v[d]) / float64(total[d])
		}
	}
}

// dominant is the largest, and which it is.
func (s shares) dominant() (most float64, at int) {
	for d, x := range s {
		if x > most {
			most, at = x, d
		}
	}
	return most, at
}
