package main

import (
	"context"
	"fmt"
	"time"
)

// quick has timers of pages run forty times as fast, and lets replayed events come by their real streams. looks counts
// how often a page has asked how a sweep stands.
const quick = `(() => {
	const after = window.setTimeout, ask = window.fetch, Stream = window.EventSource;
	window.looks = 0;
	window.setTimeout = (f, ms, ...rest) => after(f, (ms || 0) / 40, ...rest);
	window.fetch = (at, how) => { if (/[/]sweeps[/][^/?]+$/.test(at)) window.looks++; return ask(at, how); };
	window.EventSource = class extends Stream { constructor(at) { super(at); window.stream = this; } };
	window.replay = (sweep, until) => {
		let trial = 0;
		const one = () => {
			if (window.looks >= until) return;
			for (const kind of ["trial", "points", "sweep"]) {
				const data = JSON.stringify({ kind, sweep, trial: trial++ % 40 });
				window.stream.dispatchEvent(new MessageEvent("event", { data }));
			}
			after(one, 5);
		};
		one();
	};
})()`

// What a page may keep of ten minutes: the rest are caches of the browser that fill up.
const (
	mostHeap  = 3e6 // bytes
	mostNodes = 500
)

// heap replays what happens to a sweep in ten minutes, some 750 looks at what has changed, and sees what the page
// keeps.
func (w *walk) heap(context.Context) error {
	var script struct {
		ID string `json:"identifier"`
	}
	if err := w.call("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": quick}, &script); err != nil {
		return err
	}
	defer w.call("Page.removeScriptToEvaluateOnNewDocument", map[string]any{"identifier": script.ID}, nil)
	if _, err := w.visit("/sweeps/" + w.sweep); err != nil {
		return err
	}
	if err := w.await("the stream of events", `window.stream?.readyState === 1`); err != nil {
		return err
	}
	type kept struct{ heap, nodes, listeners float64 }
	after := func(looks int) (k kept, err error) {
		if err := w.eval(fmt.Sprintf(`replay(%q, %d)`, w.sweep, looks), nil); err != nil {
			return k, err
		}
		for seen, begun := 0, time.Now(); seen < looks; time.Sleep(200 * time.Millisecond) {
			if err := w.eval("window.looks", &seen); err != nil {
				return k, err
			}
			if time.Since(begun) > 10*time.Minute {
				return k, fmt.Errorf("the page has looked %d times at what has changed, and not %d", seen, looks)
			}
		}
		if err := w.settled(); err != nil {
			return k, err
		}
		var usage struct {
			Used float64 `json:"usedSize"`
		}
		var dom struct {
			Nodes     float64 `json:"nodes"`
			Listeners float64 `json:"jsEventListeners"`
		}
		err = first([]func() error{
			func() error { return w.call("HeapProfiler.collectGarbage", nil, nil) },
			func() error { return w.call("Runtime.getHeapUsage", nil, &usage) },
			func() error { return w.call("Memory.getDOMCounters", nil, &dom) },
		})
		return kept{usage.Used, dom.Nodes, dom.Listeners}, err
	}
	begun := time.Now()
	before, err := after(100)
	if err != nil {
		return err
	}
	now, err := after(850)
	if err != nil {
		return err
	}
	fmt.Printf("ten minutes of a sweep's page, replayed in %v: heap %.1f MB, then %.1f MB; %.0f nodes, then %.0f; "+
		"%.0f listeners, then %.0f\n",
		time.Since(begun).Round(time.Second), before.heap/1e6, now.heap/1e6, before.nodes, now.nodes, before.listeners,
		now.listeners)
	if now.heap > before.heap+mostHeap || now.nodes > before.nodes+mostNodes ||
		now.listeners > before.listeners+mostNodes {
		w.wrongly("what a sweep's page keeps grows: %+v, then %+v", before, now)
	}
	return nil
}
