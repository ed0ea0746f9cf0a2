// Parts of a sweep's page that a report has too: the best, how it was come by, what matters, what failed. Their data is
// as the API answers it.
import { ui } from "./html.js";
import { Card, State } from "./parts.js";
import { Lines } from "./plot/lines.js";
import { Timeline, bars } from "./plot/timeline.js";
import { token } from "./plot/colour.js";
import { better } from "./dims.js";
import { useDark } from "./theme.js";
import { count, duration, flat, plural, value } from "./format.js";

const { html } = ui;

/** Best is the trial in front and its parameters. trial is null until it is known. */
export function Best({ sweep, trial, open, rerun }) {
  const b = sweep.best;
  return html`<${Card} title="Best trial" width="w4">
    ${b ? html`<div class="huge">${value(b.value)}</div>
      <div class="quiet">${sweep.metric}${sweep.goal ? `, ${sweep.goal === "maximize" ? "higher" : "lower"} is better` : ""} · ${open ? html`<a href=${open(b.trial)}>trial ${b.trial}</a>` : `trial ${b.trial}`}</div>
      ${trial && html`<table class="small" style=${{ marginTop: "10px" }}><tbody>${flat(trial.params).map(([k, v]) => html`<tr><td>${k}</td><td class="number mono">${value(v)}</td></tr>`)}</tbody></table>`}
      ${rerun && html`<div class="small" style=${{ marginTop: "10px" }}>${rerun}</div>`}`
    : html`<p class="quiet">${sweep.metric ? "No trial has succeeded with a finite value yet." : "The sweep has no metric, so nobody wins."}</p>`}
  </${Card}>`;
}

/** BestSoFar is the best value over the trials that have ended, and every trial's own. */
export function BestSoFar({ table, sweep, byTime, onByTime }) {
  const dark = useDark();
  const lines = ui.useMemo(() => {
    const rows = Array.from(table.value.data.keys()).filter((i) => isFinite(table.value.data[i]) && table.ended[i]).sort((a, b) => table.ended[a] - table.ended[b]);
    const start = Date.parse(sweep.created), best = [], all = [];
    let so = NaN;
    rows.forEach((i, n) => {
      const x = byTime ? Math.max(0, (table.ended[i] - start) / 1000) : n + 1, v = table.value.data[i];
      all.push([x, v]);
      if ((table.state[i] === "succeeded" || table.state[i] === "cached") && (!isFinite(so) || better(sweep.goal, v, so))) so = v;
      if (isFinite(so)) best.push([x, so]);
    });
    const shown = new Float64Array(rows.map((i) => table.value.data[i])).sort(), at = (q) => shown[Math.floor(q * (shown.length - 1))];
    const spread = shown.length > 20 ? (sweep.goal === "maximize" ? [Math.min(at(0.2), isFinite(so) ? so : at(0.2)), undefined] : [undefined, Math.max(at(0.8), isFinite(so) ? so : at(0.8))]) : undefined;
    return { list: [{ points: all, dots: table.rows > 3000 ? 1.2 : 2.2, colour: token("waiting"), alpha: 0.7 }, { name: "best so far", points: best, step: true, width: 2.2, colour: token("accent") }], spread };
  }, [table, sweep.created, sweep.goal, byTime, dark]);
  const tools = html`<label><input type="checkbox" checked=${byTime} onChange=${() => onByTime(!byTime)} /> over time</label>`;
  return html`<${Card} title="Best so far" width="w8" tools=${tools} note=${lines.spread ? "the worst fifth of the values may be out of view" : ""}>
    <${Lines} lines=${lines.list} yRange=${lines.spread} xLabel=${byTime ? "since the start" : "trials ended"} yLabel=${sweep.metric ?? ""} xTick=${byTime ? duration : undefined} label="Best value so far" />
  </${Card}>`;
}

/** Importance is what share of the differences each parameter makes. */
export function Importance({ report, metric }) {
  const list = (report.importance ?? []).filter((s) => s.share >= 0.005).slice(0, 12);
  const pairs = (report.interactions ?? []).filter((p) => p.share >= 0.02).slice(0, 4);
  const row = (name, share) => html`<span title=${name}>${name}</span><i style=${{ width: `${Math.max(100 * share, 0.5)}%` }}></i><span class="number right">${Math.round(100 * share)} %</span>`;
  return html`<${Card} title="What matters" width="w6" note=${list.length ? `share of the differences in ${metric}` : ""}>
    ${list.length > 0 && html`<div class="share">${list.map((s) => row(s.parameter, s.share))}${pairs.map((p) => row(p.parameters.join(" × "), p.share))}</div>`}
    ${list.length > 0 && html`<p class="quiet small">By ${report.method}, of ${plural(report.trials, "trial")}; ${Math.round(100 * Math.max(report.fit, 0))} % explained in trials held out.</p>`}
    ${report.note && html`<p class="quiet small">${report.note}</p>`}
  </${Card}>`;
}

/** Region is where the best trials lie: the space to search next. */
export function Region({ report }) {
  if (!report.region?.length) return null;
  const range = (g) => (g.values?.length ? g.values.map((v) => `${value(v.value)} (${v.trials})`).join(", ") : `${value(g.low)} to ${value(g.high)}`);
  return html`<${Card} title="Where the best lie" width="w6" note=${`of the best ${plural(report.region_trials, "trial")}`}>
    <div class="scroll"><table><thead><tr><th>Parameter</th><th>From, to</th><th class="number">Of what it may be</th></tr></thead>
    <tbody>${report.region.map((g) => html`<tr><td>${g.parameter}</td><td class="mono">${g.trials === 0 ? "not there" : range(g)}</td><td class="number">${Math.round(100 * (g.share ?? 1))} %</td></tr>`)}</tbody></table></div>
  </${Card}>`;
}

/** Failures is failed trials by why they failed. */
export function Failures({ failures, open }) {
  return html`<${Card} title="Failures" note=${`${plural(failures.failed, "trial")} failed${failures.looked_at < failures.failed ? `, ${count(failures.looked_at)} looked at` : ""}`}>
    ${failures.groups.map((g) => html`<details style=${{ borderTop: "1px solid var(--line)", padding: "8px 0" }}>
      <summary><b>${count(g.count)} ×</b> ${g.reason}${g.line && !g.reason.includes(g.line) && html` <code class="quiet">${g.line}</code>`}</summary>
      <p class="small">Trials ${g.trials.map((t, i) => html`${i > 0 && ", "}${open ? html`<a href=${open(t)}>${t}</a>` : t}`)}${g.count > g.trials.length && " …"}${g.agents.length > 0 && html`<span class="quiet"> on ${g.agents.join(", ")}</span>`}</p>
      ${g.stderr?.length > 0 && html`<pre class="log">${g.stderr.join("\n")}</pre>`}
    </details>`)}
  </${Card}>`;
}

/** When is when and where the trials of a table ran. */
export function When({ table, open }) {
  const list = ui.useMemo(() => bars(table, (t) => `trial ${t}`, open), [table]);
  if (!list.length) return null;
  const from = Math.min(...list.slice(0, 50000).map((b) => b.from)), to = Math.max(...list.slice(0, 50000).map((b) => b.to));
  return html`<${Card} title="When and where" note=${table.sampled ? "of the trials that are shown" : "the attempt of each trial that counts"}>
    <${Timeline} list=${list} from=${from} to=${Math.max(to, from + 0.1)} label="Attempts over time by machine" /></${Card}>`;
}

/** TopTable is the best trials of a table with their parameters. */
export function TopTable({ table, goal, keep, open, most = 50 }) {
  const rows = ui.useMemo(() => Array.from(table.value.data.keys())
    .filter((i) => keep[i] && isFinite(table.value.data[i]))
    .sort((a, b) => (goal === "maximize" ? -1 : 1) * (table.value.data[a] - table.value.data[b])).slice(0, most), [table, goal, keep, most]);
  const params = table.dims.filter((d) => d.kind === "param").slice(0, 20);
  const cell = (d, i) => (isFinite(d.data[i]) ? (d.categories ? d.categories[d.data[i]] : value(d.data[i])) : "");
  return html`<${Card} title="Best trials" note=${`the first ${rows.length}`}>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of the best trials"><table><thead><tr><th class="number">Trial</th><th>State</th><th class="number">${table.value.name}</th>${params.map((d) => html`<th class=${d.categories ? "" : "number"}>${d.name}</th>`)}</tr></thead>
    <tbody>${rows.map((i) => html`<tr><td class="number">${open ? html`<a href=${open(table.trial[i])}>${table.trial[i]}</a>` : table.trial[i]}</td><td><${State} of=${table.state[i]} /></td><td class="number">${value(table.value.data[i])}</td>${params.map((d) => html`<td class=${d.categories ? "cut" : "number"}>${cell(d, i)}</td>`)}</tr>`)}</tbody></table></div>
  </${Card}>`;
}
