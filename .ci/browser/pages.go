package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// addresses are all pages, by name.
func (w *walk) addresses() [][2]string {
	s, both := "/sweeps/"+w.sweep, fmt.Sprintf("%s/%d,%s/0,%s/1", w.sweep, w.best, w.sweep, w.sweep)
	return [][2]string{
		{"sweeps", "/sweeps"}, {"none", "/sweeps?text=nothing-like-this"}, {"overview", s},
		{"parameters", s + "/parameters"}, {"trials", s + "/trials"},
		{"spec", s + "/spec"}, {"effective", s + "/spec?view=effective"},
		{"difference", s + "/spec?view=difference&against=" + w.other},
		{"trial", fmt.Sprintf("%s/trials/%d", s, w.best)},
		{"html", fmt.Sprintf("%s/trials/%d?artifact=page.html", s, w.best)},
		{"table", fmt.Sprintf("%s/trials/%d?artifact=table.csv", s, w.best)},
		{"failed", s + "/trials/11?stream=stderr"},
		{"compare", "/compare?of=" + both}, {"compare-sweeps", "/compare?of=" + w.sweep + "," + w.other},
		{"compare-none", "/compare"},
		{"workflows", "/workflows"}, {"run", "/workflows/" + w.run}, {"step", "/workflows/" + w.run + "?step=train"},
		{"registered", "/registered"}, {"registered-none", "/registered?text=nothing-like-this"},
		{"registered-one", "/registered/" + flowName},
		{"registered-changes", "/registered/" + flowName + "?version=2&view=changes&trigger=signal"},
		{"registered-unknown", "/registered/no-such"},
		{"cluster", "/cluster?minutes=5"}, {"missing", "/nothing"}, {"unknown", "/sweeps/no-such"},
	}
}

// pages looks at every page in light and dark, on a desk and on a phone.
func (w *walk) pages(context.Context) error {
	for _, look := range []struct {
		name, scheme  string
		width, height int
		phone         bool
	}{{"light", "light", 1360, 900, false}, {"dark", "dark", 1360, 900, false}, {"phone", "light", 390, 844, true}} {
		if err := errors.Join(w.size(look.width, look.height, look.phone), w.colours(look.scheme)); err != nil {
			return err
		}
		for _, a := range w.addresses() {
			name, path := a[0], a[1]
			took, err := w.visit(path)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", name, look.name, err)
			}
			var found []string
			if err := w.eval(checks, &found); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			more, err := w.audited()
			if err != nil {
				return err
			}
			found = append(found, more...)
			for _, one := range found {
				if name == "unknown" && strings.HasPrefix(one, "Failed to load") {
					continue
				}
				w.wrongly("%s, %s: %s", name, look.name, one)
			}
			var shift shifts
			if err := w.eval(shifted, &shift); err != nil {
				return err
			}
			if shift.Sum > 0.1 {
				w.wrongly("%s, %s: what is seen moves by %.2f: %s", name, look.name, shift.Sum,
					strings.Join(shift.What, "; "))
			}
			if look.name == "light" {
				fmt.Printf("%-15s first seen after %4d ms, moves by %.3f\n", name, took.Milliseconds(), shift.Sum)
			}
			if w.screens != "" {
				if err := w.tall(look.width, look.phone, 4000); err != nil {
					return err
				}
				if err := w.keep(name + "-" + look.name); err != nil {
					return err
				}
				if err := w.size(look.width, look.height, look.phone); err != nil {
					return err
				}
			}
		}
	}
	return errors.Join(w.size(1360, 900, false), w.colours("light"))
}

// shifts is how far what is seen has moved while a page came, by the measure of browsers, and the largest of what
// moved.
type shifts struct {
	Sum  float64
	What []string
}

const shifted = `new Promise((done) => {
  let sum = 0;
  const what = [], named = (n) => n?.nodeType === 1 ? n.tagName.toLowerCase() + "." + n.className : n?.parentElement?.className ?? "";
  new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) {
    sum += e.value;
    if (e.value > 0.02) for (const s of e.sources) what.push(e.value.toFixed(3) + " " + named(s.node) + " from " + Math.round(s.previousRect.y) + " to " + Math.round(s.currentRect.y));
  } }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done({ Sum: sum, What: what }), 60);
})`

// acts does what a person does on the pages, and measures how long the page takes.
func (w *walk) acts(context.Context) error {
	s := "/sweeps/" + w.sweep
	if _, err := w.visit(s); err != nil {
		return err
	}
	timed := func(what string, act func() error, until string) error {
		if err := act(); err != nil {
			return err
		}
		begun := time.Now()
		err := w.await(what, until)
		fmt.Printf("%-40s %4d ms\n", what, time.Since(begun).Milliseconds())
		return err
	}
	if err := timed("to the parameters", func() error { return w.click(".tabs a", "Parameters") },
		`document.querySelectorAll(".slices canvas").length > 3`); err != nil {
		return err
	}
	if err := w.click(`section[aria-label="Ranks"] canvas`, ""); err != nil {
		return err
	}
	if err := w.await("the pair in the address", `/[?&]cx=/.test(location.hash)`); err != nil {
		return err
	}
	if err := timed("to the trials", func() error { return w.click(".tabs a", "Trials") },
		`document.querySelectorAll("tbody .state").length > 5`); err != nil {
		return err
	}
	// two trials are chosen and compared
	for _, n := range []string{"Choose trial"} {
		if err := w.eval(fmt.Sprintf(`[...document.querySelectorAll("input[aria-label^='%s']")].slice(0, 2).forEach((e) => e.click())`, n), nil); err != nil {
			return err
		}
	}
	if err := w.click("a.button", "Compare 2"); err != nil {
		return err
	}
	if err := w.await("the comparison",
		`document.querySelectorAll(".heads .card").length === 2 && document.querySelector("section[aria-label='Curves'] canvas")`); err != nil {
		return err
	}
	// an artifact that is a page does nothing, and the page that shows it is as it was
	if _, err := w.visit(fmt.Sprintf("%s/trials/%d?artifact=page.html", s, w.best)); err != nil {
		return err
	}
	if err := w.await("the frame", `document.querySelector("iframe.page")`); err != nil {
		return err
	}
	time.Sleep(500 * time.Millisecond) // what it might do it would have done
	var title string
	if err := w.eval("document.title", &title); err != nil {
		return err
	}
	if strings.Contains(title, "RAN") {
		w.wrongly("a script of an artifact ran")
	}
	var inside string
	err := w.eval(fmt.Sprintf(`fetch(document.querySelector("iframe.page").src).then((r) => r.headers.get("Content-Security-Policy"))`), &inside)
	if err != nil {
		return err
	}
	if !strings.Contains(inside, "sandbox;") || !strings.Contains(inside, "default-src 'none'") {
		w.wrongly("an artifact's page has the policy %q", inside)
	}
	// the log has colours and is searched
	if err := w.await("colours in the log", `document.querySelector(".log .ansi-2")`); err != nil {
		return err
	}
	if err := w.eval(`(() => { const e = document.querySelector("input[aria-label='Find in the log']"); e.value = "accuracy"; e.dispatchEvent(new Event("input", { bubbles: true })); })()`, nil); err != nil {
		return err
	}
	if err := w.await("what is found",
		`document.querySelectorAll(".log mark").length > 3 && /find=accuracy/.test(location.hash)`); err != nil {
		return err
	}
	return w.keys("/sweeps/" + w.sweep)
}

// keys goes through a page by the tab key: each step leads on, and is seen.
func (w *walk) keys(path string) error {
	if _, err := w.visit(path); err != nil {
		return err
	}
	var names []string
	for range 25 {
		for _, kind := range []string{"keyDown", "keyUp"} {
			if err := w.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": "Tab", "code": "Tab",
				"windowsVirtualKeyCode": 9}, nil); err != nil {
				return err
			}
		}
		var at struct {
			Name string
			Seen bool
		}
		err := w.eval(`(() => { const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect(); return { Name: e.tagName + " " + (e.getAttribute("aria-label") || e.textContent).trim().slice(0, 40), Seen: e !== document.body && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && b.bottom > 0 && b.top < innerHeight }; })()`, &at)
		if err != nil {
			return err
		}
		if !at.Seen {
			w.wrongly("the keyboard is at %q, which is not seen", at.Name)
		}
		names = append(names, at.Name)
	}
	if !strings.Contains(names[0], "content") {
		w.wrongly("the first step of the tab key is to %q", names[0])
	}
	return nil
}

// large measures pages of a sweep of many trials.
func (w *walk) large(context.Context) error {
	if w.many == 0 {
		return nil
	}
	var s struct {
		ID string `json:"sweep"`
	}
	begun := time.Now()
	if err := w.ask(&s, "submit", "many.yaml", "--json", "--wait"); err != nil {
		return err
	}
	fmt.Printf("%d trials ran in %v\n", w.many, time.Since(begun).Round(time.Second))
	for _, path := range []string{"", "/parameters", "/trials"} {
		begun = time.Now()
		took, err := w.visit("/sweeps/" + s.ID + path)
		if err != nil {
			return err
		}
		var heap float64
		if err := w.eval("performance.memory.usedJSHeapSize / 1e6", &heap); err != nil {
			return err
		}
		fmt.Printf("%d trials%-12s first seen after %4d ms, all after %4d ms, heap %.0f MB\n", w.many, path,
			took.Milliseconds(), time.Since(begun).Milliseconds(), heap)
		if err := w.keep("many" + strings.ReplaceAll(path, "/", "-")); err != nil {
			return err
		}
	}
	return nil
}

// report looks at the page that kaon report writes.
func (w *walk) report(context.Context) error {
	file := filepath.Join(w.folder, "report.html")
	if err := w.command("report", w.sweep, "--output", file).Run(); err != nil {
		return fmt.Errorf("kaon report: %w", err)
	}
	if err := w.page.open("file://" + file); err != nil {
		return err
	}
	if err := w.has("Standing"); err != nil {
		return err
	}
	return w.look("report")
}
