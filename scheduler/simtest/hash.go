package simtest

import (
	"fmt"
	"hash/fnv"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// mixReady keeps a hash of everything the core ever asked for.
func (w *world) mixReady(r scheduler.Ready) {
	if !w.hashing {
		return
	}
	for _, e := range r.Journal {
		if rec, ok := e.(journal.RecordEntry); ok {
			end := rec.Record.End
			rec.Record.End = nil
			if end != nil && end.Stop != nil {
				w.mixHash(end.Stop.Reason)
				plain := *end
				plain.Stop = nil
				end = &plain
			}
			w.mixHash(fmt.Sprintf("%v %+v", rec, end))
			continue
		}
		if t, ok := e.(journal.TrialEntry); ok && t.Stop != nil {
			w.mixHash(fmt.Sprintf("%+v %+v", t.Stop.Marks, t.Stop.Decision))
			t.Stop = nil
			e = t
		}
		w.mixHash(fmt.Sprintf("%T%v", e, e))
	}
	for _, c := range r.Calls {
		w.mixHash(fmt.Sprintf("%T%+v", c, callText(c)))
	}
	w.mixHash(fmt.Sprint(len(r.Notices)))
}

func (w *world) mixHash(text string) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", w.hash, text)
	w.hash = h.Sum64()
}

// callText is a call without pointers.
func callText(c cluster.Call) any {
	a, ok := c.(cluster.Accept)
	if !ok {
		return c
	}
	var out []any
	for _, t := range a.Tasks {
		out = append(out, t.ID, t.Data, t.Executor.ID)
		for _, r := range t.Resources {
			out = append(out, r.Name, r.Scalar)
		}
	}
	return append(out, a.Agent, a.Offers, a.Refuse)
}
