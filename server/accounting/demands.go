package accounting

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// demanded is what an attempt asked for, and in which queue.
type demanded struct {
	queue           string
	cpus, mem, gpus resource.Milli
	known           bool
}

// demandEra is a time in which a sweep had the same resources and queue.
type demandEra struct {
	from    int64       // Unix milliseconds
	spec    *sweep.Spec // nil: it cannot be read
	uniform *demanded   // nil: trials ask for different amounts, or it was not asked yet
}

// mostEras bounds how many changes of a sweep are told apart, since its spec is read for each; of more the last count.
const mostEras = 32

// demands are what attempts of a sweep asked for, by when they began.
type demands struct {
	queue string // where the spec cannot be read
	eras  []demandEra
}

// demandsOf reads a sweep's spec as it was submitted, and as it was after each change of resources or queue.
func demandsOf(known store.Sweep, read func(store.Sweep) (*sweep.Spec, error)) (d demands, wrong error) {
	d.queue = cmp.Or(known.Queue, sweep.DefaultQueue)
	type change struct {
		index int
		at    int64
	}
	var changes []change
	for i, x := range known.Extensions {
		if at, err := time.Parse(time.RFC3339Nano, x.At); err == nil && changesDemand(x.Set) {
			changes = append(changes, change{i, at.UnixMilli()})
		}
	}
	from := int64(0)
	if more := len(changes) - mostEras; more > 0 {
		changes = changes[more:]
	}
	add := func(extensions int) {
		then := known
		then.Extensions = known.Extensions[:extensions]
		spec, err := read(then)
		if wrong == nil {
			wrong = err
		}
		d.eras = append(d.eras, demandEra{from: from, spec: spec})
	}
	for _, c := range changes {
		add(c.index)
		from = c.at
	}
	add(len(known.Extensions))
	return d, wrong
}

// changesDemand tells whether overrides may change what trials ask for or where they wait.
func changesDemand(set []string) bool {
	for _, one := range set {
		key, _, _ := strings.Cut(strings.TrimSpace(one), "=")
		if key = strings.TrimSpace(key); key == "queue" || key == "task" || strings.HasPrefix(key, "task.") {
			return true
		}
	}
	return false
}

// of is what an attempt asked for.
func (d *demands) of(end *results.End) demanded {
	e := &d.eras[0]
	for i := range d.eras {
		if d.eras[i].from <= end.StartMs {
			e = &d.eras[i]
		}
	}
	if e.spec == nil {
		return demanded{queue: d.queue}
	}
	if e.uniform != nil {
		return *e.uniform
	}
	out := demanded{queue: e.spec.InQueue()}
	var point sweep.Point
	if e.spec.DemandVaries() && json.Unmarshal(end.Params, &point) != nil {
		return out
	}
	if need, err := e.spec.Demand(point); err == nil {
		out.cpus, out.mem, out.gpus, out.known = need.CPUs, need.Mem, need.GPUs, true
	}
	if !e.spec.DemandVaries() {
		e.uniform = &out
	}
	return out
}
