// Attempts over time by machine: a bar for each, as many lanes as ran at once, so that gaps are idle time.
import { ui } from "../html.js";
import { Canvas, axes, cut, pointer } from "./canvas.js";
import { token } from "./colour.js";
import { scale, timeTicks } from "./scale.js";
import { duration, stamp } from "../format.js";

const { html } = ui;
const left = 96, mostLanes = 64;

/** bars are the attempts of a table that have ended, as {from, to, agent, state, name, open}, in seconds since 1970. */
export function bars(table, name, open) {
  const list = [];
  for (let i = 0; i < table.rows; i++) {
    if (table.ended[i] && table.seconds[i] !== null) list.push({ from: table.ended[i] / 1000 - table.seconds[i], to: table.ended[i] / 1000, agent: table.agent[i] || "?", state: table.state[i], name: name(table.trial[i]), open: open?.(table.trial[i]) });
  }
  return list;
}

// lanes gives each bar the first lane of its agent that is free: as many lanes as ran at once.
function lanes(list, from, to) {
  const shown = list.filter((b) => b.to >= from && b.from <= to).sort((a, b) => a.agent.localeCompare(b.agent) || a.from - b.from), out = [];
  let agent = null, free = [], base = 0;
  for (const b of shown) {
    if (b.agent !== agent) { base += free.length; free = []; agent = b.agent; }
    let lane = free.findIndex((end) => end <= b.from + 1e-3);
    if (lane < 0) lane = free.length;
    free[lane] = b.to;
    out.push({ ...b, lane: base + lane, first: lane === 0 });
  }
  return { bars: out, lanes: base + free.length };
}

/** Timeline shows bars from one time to another. */
export function Timeline({ list, from, to, label }) {
  const [tip, setTip] = ui.useState(null);
  const placed = ui.useMemo(() => lanes(list, from, to), [list, from, to]);
  const count = Math.min(Math.max(placed.lanes, 1), mostLanes), tall = Math.max(5, Math.min(18, Math.floor(260 / count))), height = count * tall + 52;
  const sx = (width) => scale(from, to, left, width - 14);
  const draw = (c, width) => {
    const x = sx(width), y = scale(0, count, 12 + count * tall, 12), spread = scale(0, to - from, left, width - 14);
    axes(c, { x: spread, y, xTicks: timeTicks(spread, Math.max(3, Math.floor(width / 140)), duration), yTicks: [], xLabel: `since ${stamp(from * 1000)}` });
    let named = null, below = -Infinity;
    c.textBaseline = "middle";
    for (const b of placed.bars) {
      if (b.lane >= count) continue;
      const top = 12 + b.lane * tall, a = Math.max(x(b.from), left), z = Math.min(x(b.to), width - 14);
      c.fillStyle = token(["succeeded", "failed", "stopped", "cached"].includes(b.state) ? b.state : "running");
      c.fillRect(a, top + 0.5, Math.max(z - a - 0.5, 1), tall - 1);
      if (b.agent !== named && b.first && top >= below) {
        c.fillStyle = token("quiet"); c.textAlign = "left";
        c.fillText(cut(c, b.agent, left - 8), 2, top + Math.max(tall / 2, 6));
        named = b.agent; below = top + 13;
      }
    }
  };
  const at = (e) => {
    const p = pointer(e), x = sx(p.width), lane = Math.floor((p.y - 12) / tall), time = x.invert(p.x);
    return [placed.bars.find((b) => b.lane === lane && time >= b.from - 1 / ((x.to - x.from) / (to - from)) && time <= b.to + 1 / ((x.to - x.from) / (to - from))), p];
  };
  const move = (e) => { const [b, p] = at(e); setTip(b ? { ...p, text: `${b.name}, ${b.state}\n${b.agent}, ${duration(b.to - b.from)}` } : null); };
  const busy = placed.bars.reduce((n, b) => n + Math.min(b.to, to) - Math.max(b.from, from), 0) / Math.max(to - from, 1e-3);
  return html`<div><${Canvas} height=${height} draw=${draw} on=${[placed, from, to]} tip=${tip} label=${label} onPointerMove=${move} onPointerLeave=${() => setTip(null)}
      onClick=${(e) => { const [b] = at(e); if (b?.open) location.hash = b.open; }} />
    <div class="small quiet">${placed.bars.length} attempts that have ended, ${busy.toFixed(1)} at once on average, of ${placed.lanes} at most: ${Math.round(100 * busy / Math.max(placed.lanes, 1))} % used${placed.lanes > count ? `; ${placed.lanes - count} lanes more are not shown` : ""}</div></div>`;
}
