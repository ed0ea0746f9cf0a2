package ui_test

import "testing"

// A page in dark colours is printed in light ones, and is dark again afterwards; what was chosen holds over what the system has.
const themeTest = `
const on = {};
globalThis.addEventListener = (name, f) => (on[name] ??= []).push(f);
globalThis.dispatchEvent = (e) => (on[e.type] ?? []).forEach((f) => f(e));
let changed;
const system = { matches: true, addEventListener: (_, f) => { changed = f; } }, kept = {};
globalThis.matchMedia = () => system;
globalThis.localStorage = { getItem: (k) => kept[k] ?? null, setItem: (k, v) => { kept[k] = v; } };
globalThis.document = { documentElement: { dataset: {} } };
const { applyTheme } = await import("./theme.mjs");
const theme = () => document.documentElement.dataset.theme, told = [];
addEventListener("theme", () => told.push(theme())); // plots are drawn anew
applyTheme();
dispatchEvent(new Event("beforeprint"));
dispatchEvent(new Event("afterprint"));
system.matches = false;
changed();
kept["kaon-theme"] = "dark";
changed();
dispatchEvent(new Event("beforeprint"));
if (theme() !== "light") throw new Error("it is printed " + theme());
dispatchEvent(new Event("afterprint"));
if (String(told) !== "dark,light,dark,light,dark,light,dark") throw new Error(String(told));
`

func TestPrintedInLight(t *testing.T) { runNode(t, themeTest) }
