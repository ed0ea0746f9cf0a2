// How many trials waited, ran and had ended, over time.
import { ui } from "./html.js";
import { Card } from "./parts.js";
import { Stream } from "./plot/stream.js";
import { count, duration } from "./format.js";

const { html } = ui;
const order = ["succeeded", "cached", "stopped", "failed", "running", "waiting"]; // from the bottom: what has ended, what runs, what waits

// told is the picture in words.
function told(series, bands) {
  const last = series.times.length - 1, most = Math.max(...series.running), long = (series.times[last] - series.times[0]) / 1000;
  return `Over ${duration(long)}: at most ${count(most)} ran at once; now ${bands.map((b) => `${count(b.counts[last])} ${b.name}`).join(", ")}`;
}

/** OverTime is the picture of a sweep's series, as the API answers it. */
export function OverTime({ series }) {
  const bands = ui.useMemo(() => order.map((name) => ({ name, counts: series[name] })).filter((b) => b.counts.some((n) => n > 0)), [series]);
  const last = series.times.length - 1, most = Math.max(...series.running);
  return html`<${Card} title="Over time" note=${most ? `at most ${count(most)} ran at once` : ""}>
    <${Stream} times=${series.times} bands=${bands} label=${told(series, bands)} />
    <div class="legend">${bands.map((b) => html`<span class=${`state of-${b.name}`}>${b.name} <span class="quiet">${count(b.counts[last])}</span></span>`)}</div></${Card}>`;
}
