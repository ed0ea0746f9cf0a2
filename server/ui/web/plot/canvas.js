// A canvas as wide as its place, as sharp as the screen, drawn anew when its data, its size or the theme changes; and
// axes, which all plots share.
import { ui } from "../html.js";
import { token } from "./colour.js";

const { html } = ui;

/** Canvas calls draw(context, width, height) when what it depends on changes. What takes longer than a frame is a
    generator besides, full(context, width, height): it draws all behind the scenes, a little in each frame, and is shown
    when it has ended. Its other properties are the canvas's. */
export function Canvas({ height, draw, full, on, label, tip, ...rest }) {
  const place = ui.useRef(), canvas = ui.useRef();
  const [width, setWidth] = ui.useState(0);
  const [theme, setTheme] = ui.useState(0);
  ui.useEffect(() => {
    const seen = new ResizeObserver(([e]) => setWidth(Math.floor(e.contentRect.width)));
    seen.observe(place.current);
    const changed = () => setTheme((n) => n + 1);
    addEventListener("theme", changed);
    return () => { seen.disconnect(); removeEventListener("theme", changed); };
  }, []);
  ui.useLayoutEffect(() => {
    if (!width) return undefined;
    const sharp = devicePixelRatio || 1, c = canvas.current;
    const begin = (on) => {
      on.width = Math.round(width * sharp);
      on.height = Math.round(height * sharp);
      const context = on.getContext("2d");
      context.scale(sharp, sharp);
      context.font = `11.5px ${token("sans")}`;
      return context;
    };
    draw(begin(c), width, height);
    if (!full) return undefined;
    const behind = document.createElement("canvas"), work = full(begin(behind), width, height);
    let frame = 0;
    const step = () => {
      for (const end = performance.now() + 10; performance.now() < end;) {
        if (!work.next().done) continue;
        const context = c.getContext("2d");
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, c.width, c.height);
        context.drawImage(behind, 0, 0);
        return;
      }
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [width, height, theme, !!full, ...on]);
  return html`<div class="plot" ref=${place} style=${{ height: height + "px" }}>
    <canvas ref=${canvas} role="img" aria-label=${label} ...${rest}></canvas>
    ${tip && html`<div class="tip" style=${{ left: Math.max(0, Math.min(tip.x + 12, width - 200)) + "px", top: tip.y + 12 + "px" }}>${tip.text}</div>`}
  </div>`;
}

/** axes draws both axes of a plot, with lines behind the data. */
export function axes(c, { x, y, xTicks, yTicks, xLabel, yLabel }) {
  const line = token("line"), quiet = token("quiet");
  c.lineWidth = 1;
  c.strokeStyle = line;
  c.fillStyle = quiet;
  c.textBaseline = "middle";
  c.textAlign = "right";
  for (const t of yTicks) {
    const at = Math.round(y(t.at)) + 0.5;
    c.beginPath(); c.moveTo(x.from, at); c.lineTo(x.to, at); c.stroke();
    c.fillText(cut(c, t.label, x.from - 10), x.from - 6, at);
  }
  c.textBaseline = "top";
  c.textAlign = "center";
  let behind = -Infinity;
  for (const t of xTicks) {
    const at = Math.round(x(t.at)) + 0.5, label = cut(c, t.label, 110), half = c.measureText(label).width / 2;
    c.beginPath(); c.moveTo(at, y.from); c.lineTo(at, y.from + 4); c.stroke();
    if (at - half < behind + 6) continue;
    c.fillText(label, Math.min(at, x.to + 12 - half), y.from + 7);
    behind = at + half;
  }
  c.fillStyle = token("text");
  if (xLabel) c.fillText(xLabel, (x.from + x.to) / 2, y.from + 23);
  if (yLabel) { c.textAlign = "left"; c.textBaseline = "bottom"; c.fillText(yLabel, 2, y.to - 6); }
}

/** cut is a text that fits. */
export function cut(c, text, width) {
  text = String(text);
  if (c.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && c.measureText(text.slice(0, n) + "…").width > width) n--;
  return text.slice(0, n) + "…";
}

/** pointer is where an event is in its canvas. */
export function pointer(event) {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top, width: box.width, height: box.height };
}
