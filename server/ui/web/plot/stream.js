// Counts over time, each band on top of the one below: how many of what there were, and when.
import { ui } from "../html.js";
import { Canvas, axes, pointer } from "./canvas.js";
import { token } from "./colour.js";
import { scale, ticks, timeTicks } from "./scale.js";
import { count, duration, stamp } from "../format.js";

const { html } = ui;
const left = 62, top = 14, below = 44;

/** Stream shows bands of {name, counts} over times, in milliseconds since 1970; the first lies at the bottom. */
export function Stream({ times, bands, height = 220, label }) {
  const [tip, setTip] = ui.useState(null), from = times[0], long = (times[times.length - 1] - from) / 1000;
  const most = ui.useMemo(() => times.reduce((n, _, i) => Math.max(n, bands.reduce((sum, b) => sum + b.counts[i], 0)), 1), [times, bands]);
  const sx = (width) => scale(0, Math.max(long, 1e-3), left, width - 16), sy = scale(0, most, height - below, top);
  const draw = (c, width) => {
    const x = sx(width), under = new Float64Array(times.length);
    for (const b of bands) {
      c.fillStyle = token(b.name);
      c.beginPath();
      for (let i = 0; i < times.length; i++) c.lineTo(x((times[i] - from) / 1000), sy(under[i] + b.counts[i]));
      for (let i = times.length - 1; i >= 0; i--) c.lineTo(x((times[i] - from) / 1000), sy(under[i]));
      c.closePath();
      c.fill();
      for (let i = 0; i < times.length; i++) under[i] += b.counts[i];
    }
    axes(c, { x, y: sy, xTicks: timeTicks(x, Math.max(3, Math.floor(width / 110)), duration), yTicks: ticks(sy, 4).filter((t) => Number.isInteger(t.at)), xLabel: `since ${stamp(from)}` });
  };
  const move = (e) => {
    const p = pointer(e), x = sx(p.width), at = x.invert(p.x), i = Math.round(at / Math.max(long, 1e-3) * (times.length - 1));
    if (i < 0 || i >= times.length) { setTip(null); return; }
    setTip({ ...p, text: [`${duration((times[i] - from) / 1000)}, ${stamp(times[i])}`, ...bands.filter((b) => b.counts[i] > 0).map((b) => `${count(b.counts[i])} ${b.name}`).reverse()].join("\n") });
  };
  return html`<${Canvas} height=${height} draw=${draw} on=${[times, bands, height]} tip=${tip} label=${label} onPointerMove=${move} onPointerLeave=${() => setTip(null)} />`;
}
