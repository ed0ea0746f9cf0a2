// Lines over one axis: learning curves, and the best value so far. The nearest line is named.
import { ui } from "../html.js";
import { Canvas, axes, pointer } from "./canvas.js";
import { token } from "./colour.js";
import { scale, ticks, timeTicks } from "./scale.js";
import { value } from "../format.js";

const { html } = ui;

/** smooth is a series with each value drawn towards those before it: debiased exponential mean, weight from 0 to 1. */
export function smooth(points, weight) {
  if (!weight) return points;
  let mean = 0, n = 0;
  return points.map(([x, y]) => {
    if (!isFinite(y)) return [x, y];
    n++;
    mean = mean * weight + y * (1 - weight);
    return [x, mean / (1 - weight ** n)];
  });
}

/** Lines shows lines of {name, points: [[x, y]], colour, width, alpha, step, mark, dots, dash, area: [low, high]}, where an area
    lies between two stepped lines. xRange and yRange bound the view; xTick
    says times, and that the lower axis has seconds. */
export function Lines({ lines, height = 280, xLabel, yLabel, logX, logY, label, onOpen, xTick, yRange }) {
  const [tip, setTip] = ui.useState(null);
  const range = ui.useMemo(() => {
    let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
    for (const l of lines) for (const [x, y] of l.area ? [...l.points, ...l.area[0], ...l.area[1]] : l.points) {
      if (!isFinite(x) || !isFinite(y) || (logX && x <= 0) || (logY && y <= 0)) continue;
      x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y);
    }
    return { x0, x1, y0: yRange?.[0] ?? y0, y1: yRange?.[1] ?? y1 };
  }, [lines, logX, logY, yRange]);
  const scales = (width) => {
    const pad = logY ? 0 : (range.y1 - range.y0) * 0.04;
    return [scale(range.x0, range.x1, 62, width - 16, logX), scale(range.y0 - pad, range.y1 + pad, height - 44, 26, logY)];
  };
  const draw = (c, width) => {
    const [sx, sy] = scales(width);
    axes(c, { x: sx, y: sy, xTicks: xTick ? timeTicks(sx, Math.max(3, Math.floor(width / 110)), xTick) : ticks(sx, Math.max(3, Math.floor(width / 110))), yTicks: ticks(sy, 5), xLabel, yLabel: yLabel + (logY ? " (log)" : "") });
    c.save();
    c.beginPath(); c.rect(62, 20, width - 70, height - 62); c.clip();
    for (const l of lines) {
      c.strokeStyle = c.fillStyle = l.colour;
      c.globalAlpha = l.alpha ?? 1;
      c.lineWidth = l.width ?? 1.5;
      c.lineJoin = "round";
      c.setLineDash(l.dash ?? []);
      if (l.area) {
        c.beginPath();
        const [low, high] = l.area, edge = (list, back) => {
          for (let k = 0; k < list.length; k++) {
            const i = back ? list.length - 1 - k : k, [x, y] = list[i];
            if (!back && i) c.lineTo(sx(x), sy(list[i - 1][1]));
            c.lineTo(sx(x), sy(y));
            if (back && i) c.lineTo(sx(x), sy(list[i - 1][1]));
          }
        };
        edge(low, false); edge(high, true); c.closePath(); c.fill();
      }
      let pen = false, before = 0;
      c.beginPath();
      for (const [x, y] of l.points) {
        if (!isFinite(y) || (logY && y <= 0) || (logX && x <= 0)) { pen = false; continue; }
        const px = sx(x), py = sy(y);
        if (!pen) c.moveTo(px, py);
        else { if (l.step) c.lineTo(px, before); c.lineTo(px, py); }
        pen = true;
        before = py;
      }
      if (!l.dots) c.stroke();
      if (l.dots || l.points.length === 1) for (const [x, y] of l.points) if (isFinite(y) && !(logY && y <= 0)) { c.beginPath(); c.arc(sx(x), sy(y), l.dots || 2.5, 0, 7); c.fill(); }
      if (l.mark && l.points.length) {
        const [x, y] = l.points[l.points.length - 1], px = sx(x), py = sy(y);
        c.globalAlpha = 1; c.strokeStyle = token("stopped"); c.lineWidth = 1.5;
        c.beginPath(); c.moveTo(px - 4, py - 4); c.lineTo(px + 4, py + 4); c.moveTo(px + 4, py - 4); c.lineTo(px - 4, py + 4); c.stroke();
      }
    }
    c.setLineDash([]);
    c.restore();
    c.globalAlpha = 1;
  };
  const nearest = (e) => {
    const p = pointer(e), [sx, sy] = scales(p.width);
    let best = null, far = 18 * 18;
    for (const l of lines) if (l.name) for (const [x, y] of l.points) {
      const d = (sx(x) - p.x) ** 2 + (sy(y) - p.y) ** 2;
      if (d < far) { far = d; best = { l, x, y }; }
    }
    return [best, p];
  };
  const move = (e) => {
    const [n, p] = nearest(e);
    setTip(n && { ...p, text: `${n.l.name}\n${xTick ? xTick(n.x) : `${xLabel || "at"} ${value(n.x)}`}: ${value(n.y)}${n.l.said ? `\n${n.l.said}` : ""}` });
  };
  if (!isFinite(range.x0)) return html`<p class="quiet">No numbers to draw yet.</p>`;
  return html`<${Canvas} height=${height} draw=${draw} on=${[lines, range, logX, logY]} tip=${tip} label=${label} onPointerMove=${move} onPointerLeave=${() => setTip(null)}
    onClick=${(e) => { const [n] = nearest(e); if (n && n.l.id !== undefined) onOpen?.(n.l.id); }} />`;
}
