package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// walk is a visit of the dashboard.
type walk struct {
	options
	place
	*page

	sweep, other, run string // ids
	best              int
	problems          []string
	axe               string // axe-core; empty: it could not be fetched
}

func (w *walk) wrongly(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
	fmt.Println("wrong: " + w.problems[len(w.problems)-1])
}

// all is the whole visit.
func (w *walk) all(ctx context.Context) error {
	var s struct {
		ID string `json:"sweep"`
	}
	if w.stored > 0 {
		return first([]func() error{w.enter, func() error { return w.answers(ctx) }, w.verdict})
	}
	if err := w.ask(&s, "submit", "sweep.yaml", "--json", "--label", "vision"); err != nil {
		return err
	}
	w.sweep = s.ID
	if err := w.enter(); err != nil {
		return err
	}
	begun := time.Now()
	steps := []func(context.Context) error{w.running, w.flows, w.ended, w.questions, w.pages, w.acts, w.told, w.lists,
		w.does, w.cuts, w.chosen, w.heap, w.registered,
		w.large, w.report, w.drawn, w.viewer}
	if w.options.flows {
		steps = []func(context.Context) error{w.flows, w.registered, w.viewer}
	}
	if w.options.changes {
		steps = []func(context.Context) error{w.ended, w.told, w.lists, w.does, w.cuts, w.chosen, w.heap}
	}
	if w.options.draw {
		steps = []func(context.Context) error{w.flows, w.ended, w.drawn}
	}
	for _, step := range steps {
		if err := errors.Join(step(ctx), ctx.Err()); err != nil {
			return errors.Join(err, w.verdict())
		}
	}
	fmt.Printf("walked in %v\n", time.Since(begun).Round(time.Second))
	return w.verdict()
}

// verdict is what was wrong, once each.
func (w *walk) verdict() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := append(slices.Clone(w.problems), w.wrong...)
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%d things are wrong:\n  %s", len(all), strings.Join(all, "\n  "))
}

// enter lets the browser in by a link.
func (w *walk) enter() error {
	var link struct {
		URL string `json:"url"`
	}
	if err := w.ask(&link, "ui", "--json"); err != nil {
		return err
	}
	w.address, _, _ = strings.Cut(link.URL, "/#/")
	if err := errors.Join(w.size(1360, 900, false), w.colours("light")); err != nil {
		return err
	}
	if err := w.page.open(link.URL); err != nil {
		return err
	}
	return w.has("Sweeps")
}

// visit goes to a page of the dashboard, from nothing, and says how long it took until that stood there.
func (w *walk) visit(path string) (time.Duration, error) {
	begun := time.Now()
	if err := w.page.open(w.address + "/#" + path); err != nil {
		return 0, err
	}
	if err := w.await("the page",
		`document.querySelector("main h1, main .card, main table, main .note") && !document.querySelector("main > .loading")`); err != nil {
		return 0, err
	}
	took := time.Since(begun)
	return took, w.settled()
}

func (w *walk) keep(name string) error {
	if w.screens == "" {
		return nil
	}
	if err := os.MkdirAll(w.screens, 0o755); err != nil {
		return err
	}
	return w.shot(filepath.Join(w.screens, name+".png"), false)
}

// running looks at the sweep while it runs: points appear without a reload.
func (w *walk) running(context.Context) error {
	if _, err := w.visit("/sweeps/" + w.sweep); err != nil {
		return err
	}
	if err := w.await("ten trials",
		`Number(document.querySelector(".facts dd")?.firstChild?.textContent) >= 10`); err != nil {
		return err
	}
	if err := w.keep("running"); err != nil {
		return err
	}
	if _, err := w.visit("/cluster"); err != nil {
		return err
	}
	return w.keep("running-cluster")
}

// ended waits for the end of the sweep, and has one more to compare with.
func (w *walk) ended(context.Context) error {
	wait := func(id string) error {
		for {
			var s struct {
				Finished string `json:"finished"`
				Best     struct {
					Trial int `json:"trial"`
				} `json:"best"`
			}
			var raw string
			if err := w.eval(fmt.Sprintf(`fetch("/v1/sweeps/%s").then((r) => r.text())`, id), &raw); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(raw), &s); err != nil {
				return err
			}
			if s.Finished != "" {
				w.best = s.Best.Trial
				return nil
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	var s struct {
		ID string `json:"sweep"`
	}
	if err := w.ask(&s, "submit", "--like", w.sweep, "--set", "run_cap=12", "--set", "method=random", "--seed", "3",
		"--json"); err != nil {
		return err
	}
	w.other = s.ID
	return errors.Join(wait(w.other), wait(w.sweep))
}

// questions answers what somebody wants to know who has never seen the pages, each within three clicks of the first
// page.
func (w *walk) questions(context.Context) error {
	first := func() error {
		_, err := w.visit("/sweeps")
		w.clicks = 0
		return err
	}
	toSweep := func() error { return w.click("td a", w.sweep) }
	list := []struct {
		question string
		steps    []func() error
	}{
		{"which parameter matters most", []func() error{toSweep, func() error {
			return w.await("shares",
				`[...document.querySelectorAll("section[aria-label='What matters'] .share span:first-child")].length > 0`)
		}}},
		{"which region to search next", []func() error{toSweep, func() error {
			return w.await("ranges",
				`document.querySelectorAll("section[aria-label='Where the best lie'] tbody tr").length > 2`)
		}}},
		{"which trials failed and why", []func() error{toSweep, func() error {
			return w.click("section[aria-label=Failures] summary", "exit code 1")
		},
			func() error { return w.has("RuntimeError: loss is not finite") }}},
		{"what the cluster did for the last minute", []func() error{func() error { return w.click("nav a", "Cluster") },
			func() error { return w.has("What it did") },
			func() error {
				return w.await("attempts",
					`/attempts that have ended|No attempt has ended/.test(document.querySelector("section[aria-label='What it did']")?.innerText ?? "")`)
			}}},
		{"when a workflow runs next, and how the last run went",
			[]func() error{func() error { return w.click("nav a", "Workflows") }, func() error {
				return w.click(".tabs a", "Registered")
			},
				func() error {
					return w.await("both",
						fmt.Sprintf(`((row) => row && /in \d+/.test(row.innerText) && row.innerText.includes("succeeded"))([...document.querySelectorAll("tbody tr")].find((r) => r.innerText.includes(%q)))`, flowName))
				}}},
		{"how to run the winner again", []func() error{toSweep, func() error {
			return w.has(fmt.Sprintf("kaon try %s/%d", w.sweep, w.best))
		}}},
	}
	for _, q := range list {
		if err := first(); err != nil {
			return err
		}
		for _, step := range q.steps {
			if err := step(); err != nil {
				return fmt.Errorf("%s: %w", q.question, err)
			}
		}
		fmt.Printf("answered in %d clicks: %s\n", w.clicks, q.question)
		if w.clicks > 3 {
			w.wrongly("%s: %d clicks", q.question, w.clicks)
		}
	}
	return nil
}
