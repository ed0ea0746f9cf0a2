package main

import (
	"context"
	"fmt"
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
