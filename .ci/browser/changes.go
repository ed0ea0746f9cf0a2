package main

import (
	"context"
	"fmt"
	"strings"
)

// failing has requests for addresses like a pattern refused with some words; with empty ones they go through again.
func (p *page) failing(pattern, words string) error {
	return p.eval(fmt.Sprintf(`(() => {
		window.through ??= window.fetch;
		const words = %q, refuse = async () => new Response(JSON.stringify({ detail: words }), { status: 500 });
		window.fetch = (at, how) => words && RegExp(%q).test(at) ? refuse() : through(at, how);
	})()`, words, pattern), nil)
}

// told looks at what the page of the cluster says when it cannot get a sweep, and has it try again.
func (w *walk) told(context.Context) error {
	const did = "section[aria-label='What it did']"
	says := func(what, pattern string) func() error {
		return func() error {
			return w.await(what, fmt.Sprintf(`%s.test(document.querySelector(%q)?.innerText ?? "")`, pattern, did))
		}
	}
	return first([]func() error{
		func() error { _, err := w.visit("/cluster?minutes=60"); return err },
		says("attempts", `/attempts that have ended/`),
		func() error { return w.failing("/columns", "the disk is away") },
		says("what is wrong", `/Not shown: .*: the disk is away/`),
		func() error { return w.failing("", "") },
		func() error { return w.click(did+" button", "Try again") },
		says("attempts again", `/^(?![^]*the disk is away)[^]*attempts that have ended/`),
		func() error { return w.failing("sweeps\\?", "no list") },
		says("what is wrong with the list", `/This is as it was: no list/`),
		func() error { return w.failing("", "") },
		says("attempts at last", `/^(?![^]*no list)[^]*attempts that have ended/`),
	})
}

// lists filters and sorts the list of sweeps, and looks whether the address shows the same to somebody else.
func (w *walk) lists(context.Context) error {
	rows := func(ids ...string) func() error {
		shown := `[...document.querySelectorAll("tbody tr td.cut a")].map((e) => e.title).join()`
		return func() error {
			return w.await("the rows "+strings.Join(ids, ", "), fmt.Sprintf("%s === %q", shown, strings.Join(ids, ",")))
		}
	}
	again := func() error {
		var hash string
		if err := w.eval("location.hash", &hash); err != nil {
			return err
		}
		_, err := w.visit(strings.TrimPrefix(hash, "#"))
		return err
	}
	change := func(body string) func() error {
		const ask = `fetch("/v1/sweeps/%s", { method: "PATCH", body: %q,
			headers: { "X-Kaon-Request": "1", "Content-Type": "application/json" } }).then((r) => r.status)`
		return func() error {
			var status int
			err := w.eval(fmt.Sprintf(ask, w.other, body), &status)
			if err == nil && status != 200 {
				err = fmt.Errorf("%s is answered %d", body, status)
			}
			return err
		}
	}
	return first([]func() error{
		func() error { _, err := w.visit("/sweeps"); return err }, rows(w.other, w.sweep),
		change(`{"labels": []}`),
		func() error { return w.click("th button", "Best") }, func() error { return w.click("th button", "Sweep") },
		func() error { return w.has("Sweep ▲") }, again, func() error { return w.has("Sweep ▲") },
		func() error { return w.click("th button", "Begun") }, rows(w.other, w.sweep),
		func() error { return w.click("th button", "Begun") }, rows(w.sweep, w.other),
		func() error { return w.click("th button", "Begun") }, rows(w.other, w.sweep),
		func() error { return w.click("td button.tag", "vision") }, rows(w.sweep), again, rows(w.sweep),
		func() error { return w.click("button.tag", "vision") }, rows(w.other, w.sweep),
		func() error { return w.choose("select[aria-label=Queue]", "default") }, again, rows(w.other, w.sweep),
		func() error { return w.choose("select[aria-label=State]", "failed") }, func() error { return w.has("No such sweep") },
		func() error { return w.click("button", "Show all") }, rows(w.other, w.sweep),
		change(`{"archived": true}`), again, rows(w.sweep),
		func() error { return w.fill("input[type=search]", w.other) }, func() error { return w.click("button", "Look among archived") },
		rows(w.other), again, rows(w.other), func() error { return w.look("sweeps-archived") },
		change(`{"archived": false}`),
	})
}
