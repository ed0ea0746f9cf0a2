package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// flowFile is a workflow as people register them: parameters of several types, triggers, a for-each.
const flowFile = `name: nightly
description: trains on what a day has brought, and publishes a model that is better than the last
tags: [vision]
parameters:
  day: {type: string, default: "2026-01-31", description: whose data is trained on}
  parts: {type: "list[string]", default: [north, south, west]}
  epochs: {type: integer, default: 3}
  optimizer: {choices: [sgd, adam], default: adam}
  publish: {type: boolean, default: true}
run_strategy: sequential
triggers:
  - {cron: "30 2 * * MON-FRI", zone: Europe/Berlin, parameters: {day: "${trigger.date}"}}
  - {signal: new-data, parameters: {day: "${trigger.payload.day}"}}
steps:
  fetch: {type: notify, message: "the data of ${parameters.day}"}
  train: {type: notify, message: "${part}: ${parameters.epochs} epochs of ${parameters.optimizer}"}
  select: {type: notify, message: which is best}
  publish: {type: notify, message: published}
graph: >
  fetch -> parts **(part = parts) --< train >-- select -> publish
`

const flowName = "nightly"

// flows registers a workflow in two versions, and has runs of it, by hand and by a signal. Before that, pages say how.
func (w *walk) flows(context.Context) error {
	for path, says := range map[string]string{"/registered": "kaon workflow register FILE",
		"/workflows": "kaon workflow run FILE"} {
		if _, err := w.visit(path); err != nil {
			return err
		}
		if err := w.has(says); err != nil {
			return err
		}
	}
	folder := filepath.Join(w.folder, "flow")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	file := filepath.Join(folder, "nightly.yaml")
	first := strings.NewReplacer("epochs: {type: integer, default: 3}", "epochs: {type: integer, default: 2}",
		"  - {signal: new-data, parameters: {day: \"${trigger.payload.day}\"}}\n", "").Replace(flowFile)
	for _, text := range []string{first, flowFile} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
		if err := w.ask(&struct{}{}, "workflow", "register", file, "--json"); err != nil {
			return err
		}
	}
	var begun struct {
		Run string `json:"run"`
	}
	if err := w.ask(&begun, "workflow", "run", flowName, "--server", "own", "--detach", "--json", "--label",
		"walk"); err != nil {
		return err
	}
	w.run = begun.Run
	if err := w.runEnded(begun.Run); err != nil {
		return err
	}
	if err := w.ask(&begun, "workflow", "trigger", flowName, "new-data", "-p", "day=2026-02-01", "--json"); err != nil {
		return err
	}
	return w.runEnded(begun.Run)
}

// runEnded waits for the end of a run.
func (w *walk) runEnded(id string) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var raw string
		if err := w.eval(fmt.Sprintf(`fetch("/v1/workflows/%s").then((r) => r.text())`, id), &raw); err != nil {
			return err
		}
		var run struct {
			State string `json:"state"`
			Live  bool   `json:"live"`
		}
		if err := json.Unmarshal([]byte(raw), &run); err != nil {
			return err
		}
		if !run.Live && run.State == "succeeded" {
			return nil
		}
		if !run.Live && run.State != "" && run.State != "waiting" {
			return fmt.Errorf("run %s has %s", id, run.State)
		}
	}
	return fmt.Errorf("run %s does not end", id)
}

// fill writes into a field, as a person does who replaces what is in it.
func (p *page) fill(selector, text string) error {
	err := p.await(selector,
		fmt.Sprintf(`((e) => e && (!e.closest("dialog") || e.closest("dialog").open))(document.querySelector(%q))`,
			selector))
	if err != nil {
		return err
	}
	if err := p.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select?.(); })()`,
		selector), nil); err != nil {
		return err
	}
	return p.call("Input.insertText", map[string]any{"text": text}, nil)
}

// choose takes an option.
func (p *page) choose(selector, value string) error {
	return p.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event("change", { bubbles: true })); })()`, selector, value), nil)
}

// registered does on the page of a registered workflow what is done there.
func (w *walk) registered(context.Context) error {
	one := "/registered/" + flowName
	if _, err := w.visit(one); err != nil {
		return err
	}
	for _, says := range []string{"Monday to Friday at 02:30, Europe/Berlin", "on the signal new-data",
		"one after another"} {
		if err := w.has(says); err != nil {
			return err
		}
	}
	for _, act := range []func(string) error{w.runsByForm, w.pinned, w.paused, w.fills, w.signals, w.keys} {
		if err := act(one); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) runsByForm(one string) error {
	if _, err := w.visit(one); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return w.press("button", "Run…") },
		func() error { return w.fill("#parameter-epochs", "many") },
		func() error { return w.press("dialog button", "Run it") },
		func() error { return w.has("a whole number is needed") },
		func() error { return w.look("registered-run") },
		func() error { return w.fill("#parameter-epochs", "7") },
		func() error { return w.choose("#parameter-optimizer", "sgd") },
		func() error { return w.press("dialog button", "Run it") },
		func() error { return w.await("the page of the run", `/^#\/workflows\/nightly-/.test(location.hash)`) },
		func() error { return w.press("summary", "5 parameters") },
		func() error {
			return w.await("what was typed",
				`/epochs\s+7\b/.test(document.body.innerText) && /optimizer\s+sgd/.test(document.body.innerText)`)
		},
	}
	return first(steps)
}

func (w *walk) pinned(one string) error {
	if _, err := w.visit(one); err != nil {
		return err
	}
	return first([]func() error{
		func() error { return w.press("button", "Pin version 1") },
		func() error { return w.has("pinned; the newest is 2") },
		func() error { return w.press("button", "the newest again") },
		func() error { return w.await("no pin", `!document.body.innerText.includes("pinned")`) },
		func() error { return w.press("button", "Changes") },
		func() error {
			return w.await("what has changed",
				`document.querySelectorAll(".difference .more").length === 2 && document.querySelectorAll(".difference .less").length === 1`)
		},
	})
}

func (w *walk) paused(one string) error {
	if _, err := w.visit(one); err != nil {
		return err
	}
	return first([]func() error{
		func() error { return w.press("button", "Pause triggers") },
		func() error { return w.press("dialog button", "Pause triggers") },
		func() error { return w.has("paused: they begin nothing") },
		func() error {
			return w.await("no signal",
				`[...document.querySelectorAll("button")].find((b) => b.textContent === "Signal…").disabled`)
		},
		func() error { return w.press("button", "Unpause triggers") },
		func() error { return w.await("triggers", `!document.body.innerText.includes("they begin nothing")`) },
	})
}

func (w *walk) fills(one string) error {
	if _, err := w.visit(one); err != nil {
		return err
	}
	return first([]func() error{
		func() error { return w.press("button", "Backfill…") },
		func() error { return w.fill("#fill-begin", "2026-01-05") },
		func() error { return w.fill("#fill-to", "2026-01-06") },
		func() error { return w.press("dialog button", "Show its times") },
		func() error { return w.has("2 times: ") },
		func() error { return w.look("registered-fill") },
		func() error { return w.press("dialog button", "Begin 2 runs") },
		func() error {
			return w.await("both runs",
				`[...document.querySelectorAll("section[aria-label=Runs] td")].filter((e) => e.innerText.startsWith("cron, backfill")).length === 2`)
		},
	})
}

func (w *walk) signals(one string) error {
	if _, err := w.visit(one + "?trigger=signal"); err != nil {
		return err
	}
	return first([]func() error{
		func() error { return w.press("button", "Signal…") },
		func() error { return w.fill("#signal-payload", "[1]") },
		func() error { return w.press("dialog button", "Send it") },
		func() error { return w.has("The payload is a JSON object") },
		func() error { return w.fill("#signal-payload", `{"day": "2026-02-02"}`) },
		func() error { return w.press("dialog button", "Send it") },
		func() error { return w.has("1 run begun or queued.") },
		func() error {
			return w.await("two runs", `document.querySelectorAll("section[aria-label=Runs] tbody tr").length === 2`)
		},
	})
}

// viewer looks as somebody who may only look: what is not theirs to do says why.
func (w *walk) viewer(context.Context) error {
	var token struct {
		Secret string `json:"secret"`
	}
	if err := w.ask(&token, "token", "create", "visitor", "--role", "viewer", "--json"); err != nil {
		return err
	}
	if _, err := w.visit("/registered/" + flowName); err != nil {
		return err
	}
	return first([]func() error{
		func() error { return w.press("button", "log out") },
		func() error { return w.fill("#token", token.Secret) },
		func() error { return w.press("button", "Log in") },
		func() error { return w.has("visitor, viewer") },
		func() error {
			_, err := w.visit("/registered/" + flowName)
			return err
		},
		func() error {
			return w.await("buttons that say why not",
				`((all) => all.length > 4 && all.every((b) => b.disabled && b.title.includes("You are viewer")))([...document.querySelectorAll("main button")].filter((b) => /Run…|triggers|Unregister|Backfill|Signal|^pin$/.test(b.textContent)))`)
		},
		func() error { return w.look("registered-viewer") },
		func() error { _, err := w.visit("/sweeps/" + w.sweep); return err },
		func() error { return w.await("buttons of a sweep that say why not", denied("main .bar .bar button")) },
		func() error { _, err := w.visit("/cluster"); return err },
		func() error { return w.await("buttons of an agent that say why not", denied("td button")) },
	})
}

// denied is true where all buttons of a selector say that viewers may not press them.
func denied(selector string) string {
	return fmt.Sprintf(`((all) => all.length > 0 && all.every((b) => b.disabled && b.title === "You are viewer."))(
		[...document.querySelectorAll(%q)])`, selector)
}

// look checks a page as it stands, and keeps what is seen.
func (w *walk) look(name string) error {
	var found []string
	if err := errors.Join(w.settled(), w.eval(checks, &found)); err != nil {
		return err
	}
	more, err := w.audited()
	if err != nil {
		return err
	}
	for _, one := range append(found, more...) {
		w.wrongly("%s: %s", name, one)
	}
	return w.keep(name)
}

// first does one after another, up to the first that goes wrong.
func first(steps []func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// press clicks when nothing moves any more.
func (w *walk) press(selector, words string) error {
	if err := w.settled(); err != nil {
		return err
	}
	return w.click(selector, words)
}
