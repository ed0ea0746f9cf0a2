// What waits, and for what, as the server says it; and what a sweep has used so far.
import { ui } from "./html.js";
import { get } from "./api.js";
import { Card } from "./parts.js";
import { link } from "./route.js";
import { count, firstOf, plural, value } from "./format.js";

const { html } = ui;
const most = 100;

/** whyOf is why trials of a sweep wait, in words; empty: none does, or nobody knows why. */
export function whyOf(s) {
  const why = s.paused ? ["paused: none begins until the sweep is resumed"] : [];
  return s.trials.waiting > 0 ? [...why, s.waiting].filter(Boolean).join("; ") : "";
}

/** waitsOf are sweeps with trials that wait, of those that the server has: {sweep, queue, waiting, why}, those first of which
    most wait. */
export function waitsOf(sweeps) {
  const at = sweeps.filter((s) => s.trials.waiting > 0 && !["succeeded", "failed", "stopped"].includes(s.state));
  return at.map((s) => ({ sweep: s.sweep, queue: s.queue || "default", waiting: s.trials.waiting, why: whyOf(s) || "for their turn" }))
    .sort((a, b) => b.waiting - a.waiting || (a.sweep < b.sweep ? -1 : 1));
}

/** Waits is the card of the cluster; nothing where nothing waits. */
export function Waits({ sweeps }) {
  const list = waitsOf(sweeps), shown = list.slice(0, most);
  if (list.length === 0) return null;
  return html`<${Card} title="Waits" note=${firstOf(shown.length, list.length, "sweep")}><div class="scroll" tabindex="0" role="region"
    aria-label="Table of what waits"><table><thead><tr><th>Sweep</th><th>Queue</th><th class="number">Trials</th><th>For what</th></tr></thead>
    <tbody>${shown.map((s) => html`<tr key=${s.sweep}><td><a href=${link(["sweeps", s.sweep])}>${s.sweep}</a></td><td>${s.queue}</td>
      <td class="number">${count(s.waiting)}</td><td class="breaks">${s.why}</td></tr>`)}</tbody></table></div></${Card}>`;
}

/** usedOf is what attempts of a sweep that have ended took, in words, of the answer of /usage by sweep. */
export function usedOf(usage, id) {
  const row = usage.items.find((r) => r.key === id), gap = (usage.gaps ?? []).find((g) => g.sweep === id);
  if (!row) return gap ? `not known: ${gap.reason}` : "nothing yet";
  const amounts = [[row.cpu_hours, "CPU hours"], [row.gb_hours, "GB hours"], [row.gpu_hours, "GPU hours"]];
  const said = amounts.filter(([n]) => n > 0).map(([n, unit]) => `${value(n)} ${unit}`);
  const rest = [row.unknown && `without ${plural(row.unknown, "attempt")} of which nobody knows`, gap && `in part: ${gap.reason}`].filter(Boolean);
  return [said.join(", ") || "nothing", ...rest].join("; ");
}

/** Used is what a sweep has used. It is asked for by a button, as the server counts all sweeps of those days for it. */
export function Used({ s }) {
  const [{ busy, text }, setState] = ui.useState({});
  const look = () => {
    setState({ busy: true });
    const ask = new URLSearchParams({ by: "sweep", since: s.created });
    get(`/usage?${ask}`).then((usage) => setState({ text: usedOf(usage, s.sweep) }), (err) => setState({ text: err.message }));
  };
  return html`<div><dt>Used</dt><dd aria-live="polite">${text ? html`<small>${text}</small>` : ""}
    <button class="link small" disabled=${!!busy} onClick=${look}>${busy ? "…" : text ? "count again" : "count"}</button>
    ${text && html`<small>as asked for, by attempts that have ended</small>`}</dd></div>`;
}
