package api

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// bounds are the upper bounds of the buckets of histograms, in seconds.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// histogram counts durations as Prometheus wants them; the library's own have buckets that it alone can read.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64 // the last: longer than all bounds
	nanos   atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	i := 0
	for i < len(bounds) && d.Seconds() > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.nanos.Add(int64(d))
}

// write writes the histogram as NAME with labels, such as `operation="get-sweep"`.
func (h *histogram) write(w io.Writer, name, labels string) {
	var sum uint64
	for i := range h.buckets {
		sum += h.buckets[i].Load()
		le := "+Inf"
		if i < len(bounds) {
			le = fmt.Sprint(bounds[i])
		}
		fmt.Fprintf(w, "%s_bucket{%s,le=%q} %d\n", name, labels, le, sum)
	}
	fmt.Fprintf(w, "%s_sum{%s} %g\n%s_count{%s} %d\n", name, labels, time.Duration(h.nanos.Load()).Seconds(), name,
		labels, sum)
}
