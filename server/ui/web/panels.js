// Parts of a sweep's page that a report has too: the best, how it was come by, what matters, what failed. Their data is
// as the API answers it.
import { ui } from "./html.js";
import { Card, State } from "./parts.js";
import { Timeline, bars } from "./plot/timeline.js";
import { count, firstOf, flat, plural, value } from "./format.js";

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

/** Importance is what share of the differences each parameter makes. */
export function Importance({ report, metric }) {
  const all = report.importance ?? [], list = all.filter((s) => s.share >= 0.005).slice(0, 12);
  const both = (report.interactions ?? []).filter((p) => p.share >= 0.02), pairs = both.slice(0, 4);
  const left = all.length - list.length, most = all.reduce((n, s) => (list.includes(s) ? n : Math.max(n, s.share)), 0);
  const cut = [left > 0 && `${plural(left, "parameter")} more, each ${most < 0.005 ? "below 1" : `${Math.round(100 * most)} or less`} %`,
    both.length > pairs.length && `${plural(both.length - pairs.length, "pair")} more`].filter(Boolean).join(", and ");
  const row = (name, share) => html`<span title=${name}>${name}</span><i style=${{ width: `${Math.max(100 * share, 0.5)}%` }}></i><span class="number right">${Math.round(100 * share)} %</span>`;
  return html`<${Card} title="What matters" width="w6" note=${list.length ? `share of the differences in ${metric}` : ""}>
    ${list.length > 0 && html`<div class="share">${list.map((s) => row(s.parameter, s.share))}${pairs.map((p) => row(p.parameters.join(" × "), p.share))}</div>`}
    ${list.length > 0 && html`<p class="quiet small">By ${report.method}, of ${plural(report.trials, "trial")}; ${Math.round(100 * Math.max(report.fit, 0))} % explained in trials held out.${cut && ` Not shown: ${cut}.`}</p>`}
    ${report.note && html`<p class="quiet small">${report.note}</p>`}
  </${Card}>`;
}

/** Region is where the best trials lie: the space to search next. */
export function Region({ report }) {
  if (!report.region?.length) return null;
  const range = (g) => (g.values?.length ? g.values.map((v) => `${value(v.value)} (${v.trials})`).join(", ") : `${value(g.low)} to ${value(g.high)}`);
  return html`<${Card} title="Where the best lie" width="w6" note=${`of the best ${plural(report.region_trials, "trial")}`}>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of ranges"><table><thead><tr><th>Parameter</th><th>From, to</th><th class="number">Of what it may be</th></tr></thead>
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
  const ranked = ui.useMemo(() => Array.from(table.value.data.keys())
    .filter((i) => keep[i] && isFinite(table.value.data[i]))
    .sort((a, b) => (goal === "maximize" ? -1 : 1) * (table.value.data[a] - table.value.data[b])), [table, goal, keep]);
  const all = table.dims.filter((d) => d.kind === "param"), params = all.slice(0, 20), rows = ranked.slice(0, most);
  const cut = params.length < all.length ? `; ${firstOf(params.length, all.length, "parameter")}` : "";
  const cell = (d, i) => (isFinite(d.data[i]) ? (d.categories ? d.categories[d.data[i]] : value(d.data[i])) : "");
  return html`<${Card} title="Best trials" note=${firstOf(rows.length, ranked.length, "trial") + cut}>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of the best trials"><table><thead><tr><th class="number">Trial</th><th>State</th><th class="number">${table.value.name}</th>${params.map((d) => html`<th class=${d.categories ? "" : "number"}>${d.name}</th>`)}</tr></thead>
    <tbody>${rows.map((i) => html`<tr><td class="number">${open ? html`<a href=${open(table.trial[i])}>${table.trial[i]}</a>` : table.trial[i]}</td><td><${State} of=${table.state[i]} /></td><td class="number">${value(table.value.data[i])}</td>${params.map((d) => html`<td class=${d.categories ? "cut" : "number"}>${cell(d, i)}</td>`)}</tr>`)}</tbody></table></div>
  </${Card}>`;
}
