// What the pages of workflows have in common: states with a mark and a colour, and where a run is found.
import { ui } from "./html.js";

const { html } = ui;

export const flowStates = ["succeeded", "running", "failed", "canceled", "skipped", "waiting"];
const marks = { waiting: "·", running: "▶", succeeded: "✓", failed: "✗", skipped: "–", canceled: "■", interrupted: "!" };

/** mark is a state at a glance. */
export function mark(state) { return marks[state] ?? ""; }

/** stateOf is the state of a run: one that nobody works on was interrupted. */
export function stateOf(r) { return !r.live && (r.state === "running" || r.state === "waiting") ? "interrupted" : r.state; }

/** FlowState is a state as a word with its mark and colour. */
export function FlowState({ of }) { return html`<span class=${`flow-state of-${of}`}><b aria-hidden="true">${mark(of)}</b>${of}</span>`; }

/** runPath is the path of a run. */
export function runPath(id, rest = "") { return `/workflows/${encodeURIComponent(id)}${rest}`; }

/** counted is how the iterations of a step stand, in a few signs. */
export function counted(counts) {
  const total = flowStates.reduce((n, s) => n + (counts[s] ?? 0), 0);
  if (!total) return "";
  const bad = (counts.failed ?? 0) + (counts.canceled ?? 0);
  return `${counts.succeeded ?? 0}/${total}${bad ? ` ✗${bad}` : ""}`;
}
