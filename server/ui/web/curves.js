// Learning curves of the best trials and of an even part of the others, with a cross where early stopping ended one.
import { ui } from "./html.js";
import { Card, Loading } from "./parts.js";
import { Lines, smooth } from "./plot/lines.js";
import { ramp, token } from "./plot/colour.js";
import { change } from "./route.js";
import { useDark } from "./theme.js";
import { plural, value } from "./format.js";

const { html } = ui;

function number(v) { return typeof v === "number" ? v : NaN; }

/** CurvesPanel shows curves as the API answers them; null while they are on their way. only are the numbers of the trials that are chosen; null: all. */
export function CurvesPanel({ curves, only, sweep, query, onOpen }) {
  const weight = Math.min(Math.max(Number(query.get("smooth") ?? 0) || 0, 0), 0.99), log = query.get("logy") === "1";
  const dark = useDark();
  const lines = ui.useMemo(() => {
    const list = (curves ?? []).filter((c) => c.points.length > 0 && (!only || only.has(c.trial)));
    const ranked = [...list].sort((a, b) => (sweep.goal === "maximize" ? 1 : -1) * (number(a.value) - number(b.value)));
    return ranked.map((c, i) => ({
      id: c.trial, name: `trial ${c.trial}, ${c.state}`, said: c.stop && !c.stop.done ? `${c.stop.rule}: ${c.stop.reason}` : "",
      points: smooth(c.points.map((p) => [p.step, number(p.value)]), weight), mark: !!c.stop && !c.stop.done,
      colour: c.state === "running" ? token("running") : ramp(ranked.length > 1 ? i / (ranked.length - 1) : 1), alpha: i > ranked.length - 6 ? 1 : 0.55, width: i > ranked.length - 6 ? 1.8 : 1.1,
    }));
  }, [curves, only, sweep.goal, weight, dark]);
  const crossed = lines.filter((l) => l.mark).length;
  const tools = html`<label>smooth <input type="range" min="0" max="0.95" step="0.05" value=${weight} onChange=${(e) => change({ smooth: Number(e.target.value) || "" })} /></label>
    <label><input type="checkbox" checked=${log} onChange=${() => change({ logy: log ? "" : "1" })} /> log</label>`;
  const one = lines.length > 0 && lines.every((l) => l.points.length < 2);
  return html`<${Card} title="Learning curves" width="w6" tools=${tools}>
    ${curves === null ? html`<${Loading} what="curves" />` : html`<${Lines} lines=${lines} height=${320} xLabel="step" yLabel=${sweep.metric ?? ""} logY=${log} label="Learning curves" onOpen=${onOpen} />`}
    <div class="small quiet">${plural(lines.length, "trial")}${only ? " of those chosen" : ""}, the better the ${dark ? "lighter" : "darker"}${crossed > 0 ? `; ✕ ${crossed} ended by early stopping` : ""}${one ? "; trials report one value each, so there are no curves" : ""}</div>
  </${Card}>`;
}
