// When the steps of a run ran: a row for each, the critical path marked, and the iterations of a for-each that is opened.
import { ui } from "./html.js";
import { change } from "./route.js";
import { duration } from "./format.js";
import { FlowState, counted } from "./flow.js";

const { html } = ui;
const mostRows = 400;

function Bar({ s, from, span, now, critical, name, indent, chosen, pick }) {
  const end = s.ended || (s.state === "running" ? now : s.began), at = 100 * (s.began - from) / span, wide = Math.max(100 * (end - s.began) / span, 0.3);
  const took = duration((end - s.began) / 1000), text = `${name}: ${s.state}, ${took}${critical ? ", on the critical path" : ""}${s.reason ? `\n${s.reason}` : ""}`;
  return html`<button class=${`gantt-row of-${s.state}${critical ? " critical" : ""}`} aria-pressed=${String(chosen)} title=${text} onClick=${pick}>
    <span class="gantt-name" style=${{ paddingLeft: `${indent * 14}px` }}>${name}</span>
    <span class="gantt-lane"><i style=${{ left: `${at}%`, width: `${Math.min(wide, 100 - at)}%` }}></i>
      <small style=${at + wide > 70 ? { right: `${100 - at}%` } : { left: `${at + wide}%` }}>${took}${s.counts ? `, ${counted(s.counts)}` : ""}</small></span></button>`;
}

/** Gantt is the picture. */
export function Gantt({ run, now, step, iterations }) {
  const begun = run.steps.filter((s) => s.began && s.type && s.state !== "skipped"), on = new Set(run.critical);
  if (!begun.length) return html`<p class="quiet">Nothing has begun.</p>`;
  const rows = begun.flatMap((s) => [{ s, name: s.step, indent: s.depth ?? 0 },
    ...(step?.split("[")[0] === s.step && s.counts ? (iterations ?? []).filter((one) => one.began).map((one) => ({ s: one, name: one.step, indent: (s.depth ?? 0) + 1 })) : [])]);
  const ends = rows.map(({ s }) => s.ended || (s.state === "running" ? now : s.began));
  const from = Math.min(...rows.map(({ s }) => s.began)), to = Math.max(...ends, from + 1), span = to - from, marks = [0, 0.25, 0.5, 0.75, 1];
  return html`<div class="gantt" role="group" aria-label="When steps ran">
    <div class="gantt-axis" aria-hidden="true"><span></span><span class="gantt-lane">${marks.map((m) => html`<em style=${m === 1 ? { right: 0 } : { left: `${100 * m}%` }}>${duration(m * span / 1000)}</em>`)}</span></div>
    ${rows.slice(0, mostRows).map(({ s, name, indent }) => html`<${Bar} key=${name} s=${s} name=${name} indent=${indent} from=${from} span=${span} now=${now} critical=${on.has(name)} chosen=${step === name}
      pick=${() => change({ step: step === name ? "" : name, attempt: "" })} />`)}
    ${rows.length > mostRows && html`<p class="quiet small">${rows.length - mostRows} rows more are not shown.</p>`}
    <p class="legend">${["succeeded", "running", "failed", "canceled"].filter((s) => rows.some((r) => r.s.state === s)).map((s) => html`<${FlowState} of=${s} />`)}
      <span class="gantt-mark">on the critical path: what the length of the run comes from</span></p></div>`;
}
