// Trials and sweeps side by side: what differs, their curves in one picture, what they left.
import { ui } from "./html.js";
import { get, sweepPath, useGet } from "./api.js";
import { Card, Empty, endedOf, Shown, State } from "./parts.js";
import { Lines } from "./plot/lines.js";
import { token } from "./plot/colour.js";
import { Beside } from "./beside.js";
import { Rows } from "./rows.js";
import { change, link } from "./route.js";
import { useDark } from "./theme.js";
import { count, plural, value } from "./format.js";

const { html } = ui;
const colours = 8;

/** mark is how the n-th of those compared is drawn: a colour, and from the ninth on dashes. */
function mark(n) { return { colour: token(`c${(n % colours) + 1}`), dash: [[], [6, 3], [2, 3]][Math.floor(n / colours) % 3] }; }

function title(c, many) { return c.trial === null ? c.sweep : many ? `${c.sweep}/${c.trial}` : `trial ${c.trial}`; }

// useAll asks for several paths, and answers what they answered by their places; null stands for what is missing.
function useAll(paths) {
  const [got, setGot] = ui.useState({ key: null, list: [] }), key = paths.join("\n");
  ui.useEffect(() => {
    const stop = new AbortController();
    Promise.all(paths.map((p) => (p ? get(p, { signal: stop.signal }).catch(() => null) : null))).then((list) => stop.signal.aborted || setGot({ key, list }));
    return () => stop.abort();
  }, [key]);
  return got.key === key ? got.list : null;
}

function Curves({ columns, heads, metrics, query }) {
  const metric = metrics.includes(query.get("metric")) ? query.get("metric") : metrics[0], dark = useDark(), log = query.get("logy") === "1";
  const got = useAll(columns.map((c) => (c.trial === null ? null : sweepPath(c.sweep, `/trials/${c.trial}/points?most=1000&metric=${encodeURIComponent(metric)}`))));
  const lines = ui.useMemo(() => (got ?? []).map((g, i) => ({ name: heads[i], points: (g?.points ?? []).map((p) => [p.step, typeof p.value === "number" ? p.value : NaN]), width: 1.8, ...mark(i) })), [got, dark]);
  const tools = html`<label>metric <select value=${metric} onChange=${(e) => change({ metric: e.target.value })}>${metrics.map((m) => html`<option value=${m} selected=${m === metric}>${m}</option>`)}</select></label>
    <label><input type="checkbox" checked=${log} onChange=${() => change({ logy: log ? "" : "1" })} /> log</label>`;
  return html`<${Card} title="Curves" tools=${tools}>${!got ? html`<p class="quiet">Loading curves…</p>` : html`<${Lines} lines=${lines} height=${320} xLabel="step" yLabel=${metric} logY=${log} label=${`${metric} of all that are compared`} /><${Legend} names=${heads} />`}</${Card}>`;
}

// Progress is how the best of several sweeps was come by.
function Progress({ sweeps, metric }) {
  const got = useAll(sweeps.map((id) => sweepPath(id, "/board"))), dark = useDark();
  const lines = ui.useMemo(() => (got ?? []).map((b, i) => {
    const points = (b?.history ?? []).map((h) => [h.trial + 1, typeof h.value === "number" ? h.value : NaN]);
    if (points.length && b.trials.total > points[points.length - 1][0]) points.push([b.trials.total, points[points.length - 1][1]]);
    return { name: sweeps[i], points, step: true, width: 2, ...mark(i) };
  }), [got, dark]);
  return html`<${Card} title="Best by trials" note="the best value among the first so many trials">${!got ? html`<p class="quiet">Loading…</p>` : html`<${Lines} lines=${lines} xLabel="trials" yLabel=${metric} label="Best value by number of trials" /><${Legend} names=${sweeps} />`}</${Card}>`;
}

/** Legend is what lines belong to which name. */
function Legend({ names }) {
  return html`<div class="legend">${names.map((n, i) => html`<span><i class=${`line dash-${Math.floor(i / colours) % 3}`} style=${{ borderTopColor: `var(--c${(i % colours) + 1})` }}></i> ${n}</span>`)}</div>`;
}

function Heads({ c, heads, all }) {
  const without = (i) => all.filter((_, k) => k !== i).join(",");
  return html`<div class="heads">${c.columns.map((col, i) => html`<div class=${`card ${c.leader === i ? "leads" : ""}`} style=${{ borderTopColor: `var(--c${(i % colours) + 1})` }}>
    <div class="bar"><b class="name"><a href=${link(["sweeps", col.sweep, ...(col.trial === null ? [] : ["trials", String(col.trial)])])}>${heads[i]}</a></b><span class="spring"></span>
      ${all.length > 1 && html`<button class="plain" aria-label=${`Leave out ${heads[i]}`} onClick=${() => change({ of: without(i) })}>✕</button>`}</div>
    <div class="huge">${value(col.value)}</div>
    <div class="quiet small">${col.metric ?? "no metric"}${c.leader === i ? ", the best" : ""}${col.best && col.trial !== null ? ` · trial ${col.trial} of ${count(col.trials.total)}` : ""}</div>
    <div class="bar small"><${State} of=${col.trial_state || col.state} />${col.best && html`<span class="quiet">${col.method}, ${count(endedOf(col.trials))} ended</span>`}</div></div>`)}</div>`;
}

/** Compare is the page; the query's of is what is compared: sweeps, and trials as SWEEP/TRIAL, with commas between. */
export function Compare({ query }) {
  const all = [...new Set((query.get("of") ?? "").split(",").map((t) => t.trim()).filter(Boolean))], [typed, setTyped] = ui.useState("");
  const got = useGet(all.length ? `/compare?${new URLSearchParams(all.map((one) => ["sweep", one]))}` : null);
  const add = html`<form class="bar" onSubmit=${(e) => { e.preventDefault(); if (typed.trim()) change({ of: [...all, typed.trim()].join(",") }); setTyped(""); }}>
    <input value=${typed} onInput=${(e) => setTyped(e.target.value)} placeholder="SWEEP or SWEEP/TRIAL" aria-label="A sweep or a trial to add" /><button disabled=${all.length >= 20}>Add</button></form>`;
  return html`<div class="bar"><h1>Compare</h1>${all.length > 1 && html`<span class="quiet">${plural(all.length, "column")}</span>`}<span class="spring"></span>${add}</div>
    ${all.length === 0 ? html`<div class="card"><${Empty} title="Nothing is chosen">Choose sweeps in the <a href="#/">list of sweeps</a>, or trials in a sweep's table, and press Compare.</${Empty}></div>`
    : html`<${Shown} of=${got} what="the comparison">${(c) => {
      const sweeps = [...new Set(c.columns.map((col) => col.sweep))], heads = c.columns.map((col) => title(col, sweeps.length > 1)), metrics = [...new Set([...c.columns.map((col) => col.metric).filter(Boolean), ...c.metrics.map((m) => m.name)])];
      const known = (list) => list.length > 0;
      return html`<${Heads} c=${c} heads=${heads} all=${all} /><div class="grid">
        <${Card} title="Parameters" note=${plural(c.same_params, "parameter") + " the same"}>${known(c.params) ? html`<${Rows} rows=${c.params} heads=${heads} best=${c.leader} what="Parameter" />` : html`<p class="quiet">None differs.</p>`}</${Card}>
        <${Card} title="Metrics">${known(c.metrics) ? html`<${Rows} rows=${c.metrics} heads=${heads} best=${c.leader} what="Metric" />` : html`<p class="quiet">None were reported.</p>`}</${Card}>
        ${metrics.length > 0 && c.columns.some((col) => col.trial !== null) && html`<${Curves} columns=${c.columns} heads=${heads} metrics=${metrics} query=${query} />`}
        ${sweeps.length > 1 && html`<${Progress} sweeps=${sweeps} metric=${metrics[0] ?? ""} />
          <${Card} title="Specs" note=${plural(c.same_settings, "setting") + " the same"}>${known(c.settings) ? html`<${Rows} rows=${c.settings} heads=${heads} />` : html`<p class="quiet">None differs.</p>`}
            ${(c.settings_of ?? []).length > 0 && html`<p class="quiet small">The results do not have the effective spec of ${c.settings_of.join(", ")}.</p>`}</${Card}>`}
        <${Beside} columns=${c.columns} heads=${heads} />
        ${c.rows_left_out > 0 && html`<p class="note w12">${plural(c.rows_left_out, "row")} more are not shown.</p>`}
      </div>`;
    }}</${Shown}>`}`;
}
