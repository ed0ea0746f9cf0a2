// The page of one trial: its parameters among those of all, its curves, its attempts, what it wrote and left, and how to
// run it again.
import { ui } from "./html.js";
import { TrialActions } from "./actions.js";
import { sweepPath, useGet } from "./api.js";
import { useBeat } from "./events.js";
import { Log } from "./log.js";
import { Card, Copy, Shown, State } from "./parts.js";
import { Lines } from "./plot/lines.js";
import { token } from "./plot/colour.js";
import { Preview, address, kindOf } from "./preview.js";
import { change, link } from "./route.js";
import { useDark } from "./theme.js";
import { bytes, count, duration, firstOf, flat, plural, stamp, value } from "./format.js";

const { html } = ui;

/** among is where a value lies among those of all trials, or of a part of them: {same}, how many are the same, where they are no numbers;
    else {sorted, log, place, percent}: place is that of a value from 0 to 100, percent how many of them are less. */
export function among(values, at) {
  const numbers = values.filter((v) => typeof v === "number");
  if (typeof at !== "number" || numbers.length < 2) {
    const text = JSON.stringify(at);
    return { same: values.filter((v) => JSON.stringify(v) === text).length };
  }
  const sorted = Float64Array.from(numbers).sort(), min = sorted[0], max = sorted[sorted.length - 1], log = min > 0 && max / min > 100;
  const within = (v) => Math.max(min, Math.min(max, v)), part = (v) => (max === min ? 0.5 : log ? Math.log(v / min) / Math.log(max / min) : (v - min) / (max - min));
  const below = sorted.findIndex((v) => v >= at);
  return { sorted, log, place: (v) => 100 * part(within(v)), percent: Math.round(100 * (below < 0 ? sorted.length : below) / sorted.length) };
}

/** Strip is where a value lies among all trials'. */
function Strip({ values, at }) {
  const { same, sorted, log, place, percent } = among(values, at);
  if (!sorted) return html`<span class="quiet small">${plural(same, "trial")} of ${values.length}</span>`;
  const every = Math.ceil(sorted.length / 300);
  return html`<div class="strip" role="img" aria-label=${`larger than ${percent} % of trials`} title=${`${value(sorted[0])} to ${value(sorted[sorted.length - 1])}${log ? ", log" : ""}`}>
    ${Array.from(sorted).filter((_, i) => i % every === 0).map((v) => html`<i style=${{ left: place(v) + "%" }}></i>`)}<b style=${{ left: place(at) + "%" }}></b></div>`;
}

function Params({ t, columns }) {
  const list = flat(t.params);
  return html`<${Card} title="Parameters" width="w6" note=${columns?.sampled ? `among those of ${count(columns.trial.length)} of ${plural(columns.total, "trial")}` : "among those of all trials"}>${list.length === 0 ? html`<p class="quiet">They are known when it has begun.</p>` : html`
    <table><tbody>${list.map(([k, v]) => html`<tr><td>${k}</td><td class="mono number">${value(v)}</td><td style=${{ width: "45%" }}>${columns && html`<${Strip} at=${v} values=${columns.params.find((p) => p.name === k)?.values ?? []} />`}</td></tr>`)}</tbody></table>`}
    ${t.seed !== undefined && html`<p class="small quiet">seed <code>${t.seed}</code></p>`}</${Card}>`;
}

function Curve({ data, loading, metric }) {
  const dark = useDark(), of = data && [data, ...(data.also ?? [])].find((p) => p.metric === metric);
  const lines = ui.useMemo(() => [{ name: metric, points: (of?.points ?? []).map((p) => [p.step, typeof p.value === "number" ? p.value : NaN]), colour: token("accent"), width: 1.8 }], [of, metric, dark]);
  if (!of && loading) return html`<div style=${{ height: "220px" }} class="loading" role="status">Loading ${metric}…</div>`;
  if (!of?.points.length) return html`<p class="quiet">${metric}: no points yet.</p>`;
  if (of.total === 1) return html`<p>${metric}: <b>${value(of.points[0].value)}</b> <span class="quiet">at step ${of.points[0].step}, its only point</span></p>`;
  return html`<${Lines} lines=${lines} height=${220} xLabel="step" yLabel=${metric} label=${`${metric} over steps`} />`;
}

// Curves are those of a trial, in one answer: for each all records of the sweep are read.
function Curves({ id, t, metrics: all, beat }) {
  const metrics = all.slice(0, 8);
  const [first, ...more] = metrics.map(encodeURIComponent), kept = ui.useRef(null); // when there is one metric more, the others stay
  const got = useGet(t.attempt || t.attempts.length ? sweepPath(id, `/trials/${t.trial}/points?most=2000&metric=${first}${more.map((m) => `&also=${m}`).join("")}`) : null, beat, 4);
  kept.current = got.data ?? kept.current;
  return html`<${Card} title="Curves" note=${metrics.length < all.length ? firstOf(metrics.length, all.length, "metric") : ""}><div class="grid">${metrics.map((m) => html`<div class=${metrics.length > 1 ? "w6" : "w12"} key=${m}><${Curve} data=${kept.current} loading=${got.loading} metric=${m} /></div>`)}</div></${Card}>`;
}

function Attempts({ t }) {
  return html`<${Card} title="Attempts"><div class="scroll" tabindex="0" role="region" aria-label="Table of attempts"><table><thead><tr><th class="number">Attempt</th><th>State</th><th>Agent</th><th>Began</th><th class="number">Took</th><th class="number">Exit</th><th class="number">Points</th><th>Why it ended</th></tr></thead>
    <tbody>${t.attempts.map((a) => html`<tr><td class="number">${a.attempt}</td><td><${State} of=${a.end?.state ?? t.state} /></td><td>${a.end?.agent ?? t.host ?? ""}</td><td class="nowrap">${stamp(a.end?.start_ms)}</td>
      <td class="number">${a.end ? duration((a.end.end_ms - a.end.start_ms) / 1000) : t.percent !== undefined ? `${Math.round(t.percent)} %` : ""}</td><td class="number">${a.end ? (a.end.signal ? `signal ${a.end.signal}` : a.end.exit) : ""}</td>
      <td class="number">${a.points}${a.missing ? html` <span title="points that did not arrive">(−${a.missing})</span>` : ""}</td><td>${a.end?.reason ?? ""}</td></tr>`)}</tbody></table></div>
    ${t.attempts.filter((a) => a.end?.unread).map((a) => html`<p class="note warn">Attempt ${a.attempt} may have meant as metrics what was not read: ${a.end.unread.map((u) => `${plural(u.lines, "line")} ${u.why}`).join("; ")}</p>`)}</${Card}>`;
}

function Artifacts({ id, t, query }) {
  const got = useGet(sweepPath(id, `/trials/${t.trial}/artifacts`), t.state);
  if (!got.data?.length) return null;
  const chosen = got.data.find((f) => f.name === query.get("artifact")), small = got.data.filter((f) => kindOf(f) === "picture" && f.size < 2e6), first = small.slice(0, 6);
  return html`<${Card} title="Artifacts" note=${plural(got.data.length, "file")}><div class="scroll" tabindex="0" role="region" aria-label="Table of artifacts"><table><thead><tr><th>Name</th><th class="number">Size</th><th><span class="hidden">Download</span></th><th class="wide">SHA-256</th></tr></thead>
    <tbody>${got.data.map((f) => html`<tr><td>${kindOf(f) ? html`<button class="link" aria-expanded=${f === chosen} onClick=${() => change({ artifact: f === chosen ? "" : f.name })}>${f.name}</button>` : f.name}</td><td class="number">${bytes(f.size)}</td>
      <td><a href=${"/v1" + address(f.object)} download=${f.name.split("/").pop()} aria-label=${`Download ${f.name}`}>download</a></td><td class="mono small quiet wide cut">${f.sha256}</td></tr>`)}</tbody></table></div>
    ${chosen ? html`<div class="shown"><h3>${chosen.name}</h3><${Preview} key=${chosen.object} f=${chosen} /></div>`
    : first.length > 0 && html`<div class="thumbs">${first.map((f) => html`<figure key=${f.object}><${Preview} f=${f} /><figcaption class="small quiet">${f.name}</figcaption></figure>`)}</div>
      ${first.length < small.length && html`<p class="quiet small">${firstOf(first.length, small.length, "picture")}: press a name for another</p>`}`}</${Card}>`;
}

/** TrialPage is the page. */
export function TrialPage({ id, number, query, who }) {
  const beat = useBeat(id, 500, (e) => e.trial === Number(number)), got = useGet(sweepPath(id, `/trials/${number}`), beat);
  const sweep = useGet(sweepPath(id)), columns = useGet(sweepPath(id, "/columns?most=2000"));
  return html`${(!got.data || sweep.loading) && html`<h1>${id} / ${number}</h1>`}<${Shown} of=${sweep.loading ? {} : got} what=${`trial ${number}`}>${(t) => {
    const over = ["succeeded", "failed", "stopped", "cached"].includes(t.state), metrics = over && t.metrics.length === 0 ? [] : [...new Set([sweep.data?.metric, ...t.metrics.map((m) => m.name)].filter(Boolean))], name = `${id}/${t.trial}`;
    return html`
      <div class="bar"><h1><a href=${link(["sweeps", id])}>${id}</a> / ${t.trial}</h1><${State} of=${t.state} />${sweep.data?.best?.trial === t.trial && html`<span class="tag">best</span>`}
        <span class="spring"></span><${TrialActions} sweep=${sweep.data} t=${t} who=${who} done=${got.again} />
        ${sweep.data?.best && sweep.data.best.trial !== t.trial && html`<a class="button" href=${link(["compare"], { of: `${name},${id}/${sweep.data.best.trial}` })}>Compare with the best</a>`}
        ${t.trial > 0 && html`<a class="button" href=${link(["sweeps", id, "trials", String(t.trial - 1)])}>← ${t.trial - 1}</a>`}
        ${sweep.data && t.trial + 1 < sweep.data.trials.total && html`<a class="button" href=${link(["sweeps", id, "trials", String(t.trial + 1)])}>${t.trial + 1} →</a>`}</div>
      ${t.reason && html`<div class="note warn">${t.reason}</div>`}
      <div class="grid">
        <${Params} t=${t} columns=${columns.data} />
        <${Card} title="Metrics" width="w6">${t.metrics.length === 0 ? html`<p class="quiet">None reported${t.state === "waiting" ? " yet" : ""}.</p>` : html`
          <table><thead><tr><th>Metric</th><th class="number">Value</th><th class="number">Last</th><th class="number">Least</th><th class="number">Greatest</th><th class="number">Points</th></tr></thead>
          <tbody>${t.metrics.map((m) => html`<tr><td>${m.name}</td><td class="number"><b>${value(m.value)}</b></td><td class="number">${value(m.last)}</td><td class="number">${value(m.min)}</td><td class="number">${value(m.max)}</td><td class="number">${m.count}</td></tr>`)}</tbody></table>`}</${Card}>
        ${metrics.length > 0 && html`<${Curves} id=${id} t=${t} metrics=${metrics} beat=${beat} />`}
        <${Attempts} t=${t} />
        <${Log} id=${id} t=${t} query=${query} />
        <${Artifacts} id=${id} t=${t} query=${query} />
        <${Card} title="Run it again"><div>By hand, with its parameters, seed, inputs and environment: <${Copy} text=${`kaon try ${name}`} /></div>
          <div>All that is known of it: <${Copy} text=${`kaon trial ${name}`} /></div></${Card}>
      </div>`;
  }}</${Shown}>`;
}
