package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/sweep"
)

// stored writes a sweep that has ended, of so many trials, into the results.
func (w *world) stored(id string, trials int) {
	w.t.Helper()
	var records []results.Record
	for i := range trials {
		x := i * 7919 % trials
		records = append(records, results.Record{
			Sweep: id, Trial: i, Points: []results.Point{{Metrics: map[string]float64{"loss": float64(x)}}},
			End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1, StartMs: 1, EndMs: 2, Params: json.RawMessage(fmt.Sprintf(`{"x":%d}`, x))},
		})
	}
	batches, err := store.Batches(records)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, batch := range batches {
		if err := w.bucket.Put(w.t.Context(), results.BatchName(id, uint64(i), ""), bytes.NewReader(batch)); err != nil {
			w.t.Fatal(err)
		}
	}
	text := fmt.Sprintf("method: random\nrun_cap: %d\nmetric: {name: loss, goal: minimize}\nparameters: {x: {min: 0, max: %d}}\ncommand: echo\n", trials, trials-1)
	if err := w.bucket.Put(w.t.Context(), results.ObjectName(id, results.SpecFile), bytes.NewReader([]byte(text))); err != nil {
		w.t.Fatal(err)
	}
	err = store.WriteSweep(w.t.Context(), w.bucket, store.Sweep{
		Version: 1, ID: id, Name: id, State: string(sweep.PhaseSucceeded), Method: "random", Trials: trials, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize},
		Created: "2026-01-01T00:00:00Z", Finished: "2026-01-01T01:00:00Z",
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Pages of a long list are those of one order, by whatever it is sorted, from its begin or from far within; what matters is said of few points.
func TestLongLists(t *testing.T) {
	w := newWorld(t)
	const trials = 21_000
	w.stored("long", trials)
	for _, sort := range []string{"value", "loss", "params.x"} {
		for _, desc := range []bool{false, true} {
			for _, from := range []int{0, 19_990, 5000, 20_995} { // far within is what is kept; before and behind it are of the same order
				query := url.Values{"sort": {sort}, "desc": {fmt.Sprint(desc)}, "limit": {"20"}, "cursor": {cursorAt(from)}}
				if from == 0 {
					query.Del("cursor")
				}
				page := get[Page[Trial]](w, access.Viewer, "/sweeps/long/trials?"+query.Encode())
				if page.Total != trials || len(page.Items) != min(20, trials-from) {
					t.Fatalf("by %s from %d: %d of %d", sort, from, len(page.Items), page.Total)
				}
				for i, one := range page.Items {
					want := from + i
					if desc {
						want = trials - 1 - want
					}
					if one.Value == nil || int(*one.Value) != want {
						t.Fatalf("by %s, descending %v, from %d: %d is %v", sort, desc, from, i, one.Value)
					}
				}
			}
		}
	}
	if r := get[Explanation](w, access.Viewer, "/sweeps/long/importance"); r.Best != 1000 || r.Trials != 1000 || len(r.Importance) != 1 || r.Importance[0].Share < 0.9 || len(r.Region) != 1 {
		t.Errorf("what matters is %+v", r)
	}
	if status, text, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/sweeps/long/trials?sort=gain", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("by a metric that is none: %d %s", status, text)
	}
}

// Kept orders are bounded in memory: those used last stay.
func TestOrdersAreBounded(t *testing.T) {
	var o orders
	for i := range 20 {
		o.put(orderOf{sweep: fmt.Sprint(i)}, make([]int32, 1_000_000))
		o.get(orderOf{sweep: "0"})
	}
	if o.size > keptOrders || len(o.list) != 16 || o.get(orderOf{sweep: "0"}) == nil || o.get(orderOf{sweep: "1"}) != nil || o.get(orderOf{sweep: "19"}) == nil {
		t.Errorf("%d orders in %d bytes", len(o.list), o.size)
	}
}
