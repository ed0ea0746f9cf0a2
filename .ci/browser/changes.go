package main

import (
	"context"
	"fmt"
	"slices"
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
		func() error { return w.choose("select[aria-label=State]", "failed") }, func() error {
			return w.has("No such sweep")
		},
		func() error { return w.click("button", "Show all") }, rows(w.other, w.sweep),
		change(`{"archived": true}`), again, rows(w.sweep),
		func() error { return w.fill("input[type=search]", w.other) }, func() error {
			return w.click("button", "Look among archived")
		},
		rows(w.other), again, rows(w.other), func() error { return w.look("sweeps-archived") },
		change(`{"archived": false}`),
	})
}

// slowFile is a sweep of which one trial runs for long, one fails, and the others wait.
const slowFile = `name: slow
parameters:
  x: {values: [1, 2, 3, 4]}
method: grid
command: "[ ${param.x} != 1 ] || exit 3; exec sleep 600"
limits: {parallel: 1}
task:
  resources: {cpus: 0.1, memory: 8MB}
`

// does does on pages what is done to sweeps, trials and agents, by mouse and by keyboard.
func (w *walk) does(context.Context) error {
	var s struct {
		ID string `json:"sweep"`
	}
	if err := w.write("slow.yaml", slowFile); err != nil {
		return err
	}
	if err := w.ask(&s, "submit", "slow.yaml", "--json"); err != nil {
		return err
	}
	visit := func(path string) func() error { return func() error { _, err := w.visit(path); return err } }
	has := func(words string) func() error { return func() error { return w.has(words) } }
	press := func(selector, words string) func() error { return func() error { return w.press(selector, words) } }
	fill := func(selector, text string) func() error { return func() error { return w.fill(selector, text) } }
	enter := func() error {
		for _, kind := range []string{"keyDown", "keyUp"} {
			key := map[string]any{"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13,
				"text": "\r"}
			if err := w.call("Input.dispatchKeyEvent", key, nil); err != nil {
				return err
			}
		}
		return nil
	}
	one := "/sweeps/" + s.ID
	stop := func(number int) []func() error {
		return []func() error{
			visit(fmt.Sprintf("%s/trials/%d", one, number)), press("button", "Stop trial"),
			has("The other trials go on"),
			fill("#asked-reason", "as a test"), enter, has("as a test"),
		}
	}
	host := `document.querySelector("section[aria-label=Agents] tbody td").innerText`
	steps := slices.Concat(
		[]func() error{
			visit(one), press("button", "Pause"), has("2 trials wait: paused"), press("button", "Resume"),
			press("dd button", "count"), has("as asked for"), visit("/cluster"),
			func() error {
				return w.await("what waits",
					fmt.Sprintf(`document.querySelector("section[aria-label=Waits]")?.innerText.includes(%q)`, s.ID))
			},
			func() error { return w.look("waits") },
			visit(one + "/trials/1"), has("running"),
		}, stop(1), stop(3), stop(2),
		[]func() error{
			visit(one), press("button", "Retry failed"), has("1 failed trial will be run again"),
			func() error { return w.look("retry") }, press("dialog button", "Retry failed"), has("Retry failed: done."),
			visit(one), press("button", "Extend"), has("It has 4 trials"), fill("#asked-trials", "50000000"),
			press("dialog button", "Extend"),
			func() error {
				return w.await("the problem",
					`/run_cap/.test(document.querySelector("dialog [role=alert]")?.innerText)`)
			},
			func() error { return w.look("extend") }, press("dialog button", "Cancel"),
			press("button", "Label"), fill("#asked-labels", "first second"), enter, has("Label: done."),
			func() error { return w.await("labels", `document.querySelectorAll("a.tag").length === 2`) },
			press("a.tag", "second"), func() error {
				return w.await("the list", `document.querySelectorAll("tbody tr").length === 1`)
			},
			visit(one), func() error {
				return w.await("its end", `/failed/.test(document.querySelector("main .state").innerText)`)
			},
			press("button", "Archive"), has("Nothing is deleted"), press("dialog button", "Archive"), has("archived"),
			press("button", "Unarchive"),
			press("dialog button", "Unarchive"), has("Unarchive: done."),
			visit("/cluster"), press("td button", "Cordon"), fill("#asked-reason", "a fan"), func() error {
				return w.look("cordon")
			},
			press("dialog button", "Cordon"), has("a fan"), press("td button", "Uncordon"), has("gets work again"),
			press("dialog button", "Uncordon"), has("Uncordon: done."),
			func() error { return w.await("a host", host) },
		})
	return first(steps)
}

// pretending has requests for addresses like a pattern answered with what an expression makes of the answer.
func (p *page) pretending(pattern, expression string) error {
	return p.eval(fmt.Sprintf(`(() => {
		window.through ??= window.fetch;
		const changed = (answer) => %s, again = async (r) => new Response(JSON.stringify(changed(await r.json())), { status: 200 });
		window.fetch = (at, how) => RegExp(%q).test(at) ? through(at, how).then(again) : through(at, how);
	})()`, expression, pattern), nil)
}

// cuts looks whether lists that are cut say so.
func (w *walk) cuts(context.Context) error {
	wide := "name: wide\nmethod: random\nrun_cap: 60\nmetric: {name: m0, goal: minimize}\nparameters:\n"
	line, values := "", ""
	for i := range 22 {
		wide += fmt.Sprintf("  p%d: {distribution: uniform, min: 0, max: 1}\n", i)
	}
	for i := range 12 {
		line += fmt.Sprintf(`, "m%d": %%s`, i)
		values += fmt.Sprintf(" ${param.p%d}", i)
	}
	wide += "command: |\n  printf '{" + line[2:] + "}\\n'" + values + "\ntask:\n  resources: {cpus: 0.1, memory: 8MB}\n"
	var s struct {
		ID string `json:"sweep"`
	}
	if err := w.write("wide.yaml", wide); err != nil {
		return err
	}
	if err := w.ask(&s, "submit", "wide.yaml", "--json", "--wait"); err != nil {
		return err
	}
	has := func(words string) func() error { return func() error { return w.has(words) } }
	return first([]func() error{
		func() error { _, err := w.visit("/sweeps/" + s.ID); return err },
		has("the first 14 of 22 parameters"), has("the first 50 of 60 trials; the first 20 of 22 parameters"),
		has("Not shown: "),
		func() error { return w.keep("wide") },
		func() error { _, err := w.visit("/sweeps/" + s.ID + "/trials/0"); return err },
		has("the first 8 of 12 metrics"),
		func() error { _, err := w.visit("/cluster"); return err }, has("1 agent"),
		func() error {
			return w.pretending("/agents",
				`Array.from({ length: 1234 }, (_, i) => ({ ...answer[0], agent: "a" + i, host: "h" + i, running: i }))`)
		},
		has("500 of 1,234 agents: those where most runs"),
		func() error { return w.look("agents") },
		func() error {
			return w.pretending("/status", `({ ...answer, running: Array.from({ length: 700 }, (_, i) =>
				({ sweep: "s", trial: i, attempt: 1, state: "running", host: "h" + i % 9 })) })`)
		},
		has("the first 300 of 700 attempts"),
	})
}

// chosen looks whether ranges hold for the learning curves, and whether a dark page is printed in light colours.
func (w *walk) chosen(context.Context) error {
	curves := func(into *int) error {
		const shown = `document.querySelector("section[aria-label='Learning curves']")?.innerText`
		if err := w.await("learning curves", `/\d+ trials?.*, the better/.test(`+shown+`)`); err != nil {
			return err
		}
		return w.eval(`Number(/(\d+) trials?/.exec(`+shown+`)[1])`, into)
	}
	var all, some, better int
	one := "/sweeps/" + w.sweep
	err := first([]func() error{
		func() error { _, err := w.visit(one); return err }, func() error { return curves(&all) },
		func() error { _, err := w.visit(one + "?ranges=accuracy%3A0.9%3A1"); return err },
		func() error { return w.has("of those chosen") }, func() error { return curves(&some) },
		func() error {
			const ask = `fetch("/v1/sweeps/%s/curves").then((r) => r.json()).then((l) => l.filter((c) => c.points.length && c.value >= 0.9).length)`
			return w.eval(fmt.Sprintf(ask, w.sweep), &better)
		},
	})
	if err != nil {
		return err
	}
	if some != better || some >= all || some == 0 {
		w.wrongly("of %d curves %d are of the ranges chosen, and %d are shown", all, better, some)
	}
	var printed [4]string
	err = first([]func() error{
		func() error { return w.colours("dark") },
		func() error { _, err := w.visit(one); return err },
		func() error {
			return w.eval(`(() => { const at = () => [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor];
				window.printed = [...at()]; addEventListener("beforeprint", () => { window.printed.push(at()[0]); }); })()`, nil)
		},
		func() error { return w.call("Page.printToPDF", map[string]any{"printBackground": true}, nil) },
		func() error {
			return w.eval(`[...window.printed, document.documentElement.dataset.theme]`, &printed)
		},
		func() error { return w.colours("light") },
	})
	if err == nil && (printed[0] != "dark" || printed[2] != "light" || printed[3] != "dark") {
		w.wrongly("before, while and after it is printed a page is %q", printed)
	}
	return err
}
