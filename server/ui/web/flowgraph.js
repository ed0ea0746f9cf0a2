// The graph of a run, drawn where the server places it, with the states of its steps as they are: by colour, by the form of
// the border, by a mark and by a word.
import { ui } from "./html.js";
import { change } from "./route.js";
import { counted, mark } from "./flow.js";

const { html } = ui;
const pad = 14;

// path is an edge: straight beside boxes, and curved, with upright ends, between layers.
function path(points) {
  let d = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i < points.length; i++) {
    const [x, y] = points[i], [px, py] = points[i - 1], half = (y + py) / 2;
    d += px === x ? `L${x} ${y}` : `C${px} ${half} ${x} ${half} ${x} ${y}`;
  }
  return d;
}

// word is the state of a step in its box.
function word(s) {
  if (!s) return "";
  const sum = s.counts ? counted(s.counts) : "";
  if (s.state === "running" && s.percent !== undefined) return `▶ ${Math.round(s.percent)} %`;
  return `${mark(s.state)} ${s.cached ? "cached" : s.state}${sum ? ` ${sum}` : ""}`;
}

function Box({ b, s, chosen, critical, step, still }) {
  const idle = still || b.kind === "none", state = s?.state ?? (still ? "still" : "waiting"), group = b.kind === "each" || b.kind === "loop", middle = b.x + b.width / 2;
  const choose = () => change({ step: step === b.name ? "" : b.name, attempt: "" });
  const key = (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(); } };
  const label = `${b.name}${b.type ? `, ${b.type}` : ""}${still ? "" : `: ${s ? word(s).replace(/^\S+ /, "") || state : state}`}${critical ? ", on the critical path" : ""}`;
  return html`<g class=${`flow-box of-${state} kind-${b.kind}${chosen ? " chosen" : ""}${critical ? " critical" : ""}`} role=${idle ? "img" : "button"} tabindex=${idle ? undefined : 0}
    aria-label=${label} aria-pressed=${idle ? undefined : String(chosen)} onClick=${idle ? undefined : choose} onKeyDown=${idle ? undefined : key}>
    <title>${label}${s?.reason ? `\n${s.reason}` : ""}</title>
    <rect x=${b.x} y=${b.y} width=${b.width} height=${b.height} rx=${b.kind === "none" ? b.height / 2 : 7} />
    ${group
      ? html`<text class="flow-sub" x=${b.x + 12} y=${b.y + 17}>${b.label}</text>
          <text class="flow-word" x=${b.x + b.width - 12} y=${b.y + 17} text-anchor="end">${s?.iterations !== undefined ? `${mark(state)} ${s.iterations}` : mark(state)}</text>`
      : b.kind === "none"
        ? html`<text x=${middle} y=${b.y + b.height / 2 + 4.5} text-anchor="middle">${b.name}</text>`
        : html`<text x=${middle} y=${b.y + b.height / 2 - 3} text-anchor="middle">${b.name}</text>
          <text class="flow-word" x=${middle} y=${b.y + b.height / 2 + 14} text-anchor="middle">${still ? b.type : word(s)}</text>`}
    ${b.join && html`<text class="flow-sub" x=${middle - 8} y=${b.y - 6} text-anchor="end">${b.join}</text>`}
  </g>`;
}

/** FlowGraph is the picture; still is that of a workflow of which nothing runs. */
export function FlowGraph({ graph, steps = [], critical = [], step, still }) {
  const p = graph.picture, by = new Map(steps.map((s) => [s.step, s])), on = new Set(critical), chosen = (step ?? "").split("[")[0];
  const taken = (l) => on.has(l.from) && on.has(l.to);
  return html`<div class="flow-graph" tabindex="0" role="group" aria-label="The graph of the workflow">
    <svg viewBox=${`${-pad} ${-pad} ${p.width + 2 * pad} ${p.height + 2 * pad}`} width=${p.width + 2 * pad} height=${p.height + 2 * pad}>
      <defs><marker id="flow-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" /></marker></defs>
      ${p.finally ? html`<path class="flow-line" stroke-dasharray="2 4" d=${`M0 ${p.finally}H${p.width}`} /><text class="flow-sub" x="0" y=${p.finally + 16}>finally</text>` : null}
      ${p.boxes.filter((b) => b.kind === "each" || b.kind === "loop").map((b) => html`<${Box} key=${b.name} b=${b} s=${by.get(b.name)} step=${step} chosen=${chosen === b.name} critical=${on.has(b.name)} still=${still} />`)}
      ${p.lines.map((l) => html`<path class=${`flow-line${taken(l) ? " critical" : ""}`} marker-end="url(#flow-arrow)" d=${path(l.points)} />
        ${l.when && html`<text class="flow-sub" x=${l.points[l.points.length - 1][0] + 6} y=${l.points[l.points.length - 1][1] - 8}>${l.when.length > 40 ? l.when.slice(0, 39) + "…" : l.when}</text>`}`)}
      ${p.boxes.filter((b) => b.kind === "step" || b.kind === "none").map((b) => html`<${Box} key=${b.name} b=${b} s=${by.get(b.name)} step=${step} chosen=${chosen === b.name} critical=${on.has(b.name)} still=${still} />`)}
    </svg></div>`;
}
