package mlflow

import (
	"slices"
	"sync"
	"time"
)

// Bounds of what is kept of one attempt.
const (
	maxKept     = 8 << 20 // bytes of runs, parameters, tags and models
	maxHistory  = 10_000  // values of a metric that get-history knows
	maxValues   = 100_000 // of all metrics
	maxAnswer   = 16 << 20
	maxNested   = 100    // nested runs whose metrics become points
	maxPairs    = 10_000 // parameters, or tags, of a run
	maxLocation = 2048   // bytes of where an experiment's artifacts go, which each of its runs has
	place       = 64     // bytes that an entry takes besides its texts
)

// Tracking is the tracking server of one attempt.
type Tracking struct {
	Folder string            // where artifacts go, as the trial sees it
	Emit   func(line []byte) // a point, as a line of a metrics file has it: {"_step": 3, "loss": 0.5}
	Sent   func()            // after the lines of a request
	Passed func(name string) // a metric that becomes no point
	Now    func() time.Time  // nil: time.Now

	token string
	slots chan struct{} // one for each request that is being answered

	mu          sync.Mutex
	closed      bool
	kept        int // bytes
	values      int // of all metrics, in their histories
	experiments []*experiment
	runs        []*run
	byID        map[string]*run
	nested      int
	models      []*model
	registered  []*registeredModel
	seen        recent
	told        bool // that nested runs are passed over
}

func (t *Tracking) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// keep makes room for what is n bytes long; false: there is none.
func (t *Tracking) keep(n int) bool {
	if t.kept+n+place > maxKept {
		return false
	}
	t.kept += n + place
	return true
}

func (t *Tracking) now() int64 {
	if t.Now != nil {
		return t.Now().UnixMilli()
	}
	return time.Now().UnixMilli()
}

// put sets pairs by their keys. What is replaced makes room.
func (t *Tracking) put(all *[]pair, more ...pair) *problem {
	for _, p := range more {
		at := slices.IndexFunc(*all, func(had pair) bool { return had.Key == p.Key })
		if at < 0 {
			if len(*all) >= maxPairs || !t.keep(len(p.Key)+len(p.Value)) {
				return full()
			}
			*all = append(*all, p)
			continue
		}
		grown := len(p.Value) - len((*all)[at].Value)
		if grown > 0 && t.kept+grown > maxKept {
			return full()
		}
		t.kept += grown
		(*all)[at].Value = p.Value
	}
	return nil
}

// tag sets tags of a run, one of which is its name: that is no other text, so that it is counted.
func (t *Tracking) tag(of *run, more ...pair) *problem {
	for _, p := range more {
		if bad := t.put(&of.tags, p); bad != nil {
			return bad
		}
		if p.Key == nameTag {
			of.info.Name = p.Value
		}
	}
	return nil
}
