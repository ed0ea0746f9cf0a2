// What the pages of workflows have in common: states with a mark and a colour, and where a run is found.
import { ui } from "./html.js";
import { stamp } from "./format.js";
import { link } from "./route.js";

const { html } = ui;

export const flowStates = ["succeeded", "running", "failed", "canceled", "skipped", "waiting"];
const marks = { waiting: "·", running: "▶", succeeded: "✓", failed: "✗", skipped: "–", canceled: "■", interrupted: "!" };

/** mark is a state at a glance. */
export function mark(state) { return marks[state] ?? ""; }

/** stateOf is the state of a run: one that nobody works on was interrupted. */
export function stateOf(r) { return !r.live && (r.state === "running" || r.state === "waiting") ? "interrupted" : r.state; }

/** FlowState is a state as a word with its mark and colour. */
export function FlowState({ of }) { return html`<span class=${`flow-state of-${of}`}><b aria-hidden="true">${mark(of)}</b>${of}</span>`; }

/** isLate says whether a run was not done by when it was to be. */
export function isLate(r, now) { return r.late > 0 || (r.due > 0 && r.due <= now && (r.state === "running" || r.state === "waiting")); }

/** Late is a word on a run that is late; nothing on others. */
export function Late({ run, now }) { return isLate(run, now) ? html`<span class="tag late" title=${run.due ? `it was to be done by ${stamp(run.due)}` : "it was not done in time"}>late</span>` : null; }

/** runPath is the path of a run. */
export function runPath(id, rest = "") { return `/workflows/${encodeURIComponent(id)}${rest}`; }

/** registeredPath is the path of a registered workflow. */
export function registeredPath(name, rest = "") { return `/registered-workflows/${encodeURIComponent(name)}${rest}`; }

/** submitters are the roles that may begin runs. */
export const submitters = ["submitter", "operator", "admin"];

/** counted is how the iterations of a step stand, in a few signs. */
export function counted(counts) {
  const total = flowStates.reduce((n, s) => n + (counts[s] ?? 0), 0);
  if (!total) return "";
  const bad = (counts.failed ?? 0) + (counts.canceled ?? 0);
  return `${counts.succeeded ?? 0}/${total}${bad ? ` ✗${bad}` : ""}`;
}

/** FlowTabs leads from runs to what is registered and back. */
export function FlowTabs({ at }) {
  return html`<nav class="tabs" aria-label="Parts of workflows">${[["workflows", "Runs"], ["registered", "Registered"]].map(([name, title]) => html`<a href=${link([name])} aria-current=${name === at ? "page" : undefined}>${title}</a>`)}</nav>`;
}
