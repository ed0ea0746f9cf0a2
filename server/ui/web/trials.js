// All trials of a sweep as a table. Only rows that can be seen are there, and are asked for by the page: a million trials
// cost no more than a hundred.
import { ui } from "./html.js";
import { get, sweepPath } from "./api.js";
import { Empty, Failed, State, states } from "./parts.js";
import { change, decode, link } from "./route.js";
import { saveCSV } from "./csv.js";
import { count, duration, flat, plural, value } from "./format.js";

const { html } = ui;
const rowHeight = 34, pageSize = 200;

function seconds(t) {
  const end = t.attempts.find((a) => a.attempt === t.attempt)?.end;
  return end?.end_ms ? (end.end_ms - end.start_ms) / 1000 : null;
}

/** usePages keeps the pages of a list that were looked at; any can be asked for. */
function usePages(path, beat) {
  const [, again] = ui.useState(0), kept = ui.useRef({ path: null, pages: new Map(), total: null, error: null });
  if (kept.current.path !== path) kept.current = { path, pages: new Map(), total: null, error: null };
  ui.useEffect(() => { for (const p of kept.current.pages.values()) p.old = true; again((n) => n + 1); }, [beat]);
  const of = kept.current;
  const want = (n) => {
    const p = of.pages.get(n);
    if (p && (p.asked || !p.old)) return;
    of.pages.set(n, { items: p?.items ?? null, asked: true });
    get(`${path}&limit=${pageSize}&offset=${n * pageSize}`).then(
      (page) => { of.pages.set(n, { items: page.items }); of.total = page.total; of.error = null; if (kept.current === of) again((k) => k + 1); },
      (error) => { of.pages.set(n, { items: p?.items ?? null, old: false }); of.error = error; if (kept.current === of) again((k) => k + 1); });
  };
  return { of, want, row: (i) => of.pages.get(Math.floor(i / pageSize))?.items?.[i % pageSize] };
}

/** Trials is the table. */
export function Trials({ s, query, beat }) {
  const sort = query.get("sort") ?? (s.metric ? "value" : "trial"), desc = query.get("desc") === "1", filter = query.get("filter") ?? "", state = query.get("state") ?? "";
  const [typed, setTyped] = ui.useState(filter), [top, setTop] = ui.useState(0), [high, setHigh] = ui.useState(600);
  const scroll = ui.useRef();
  const words = new URLSearchParams({ sort, ...(desc && { desc: "true" }), ...(filter && { filter }), ...(state && { state }) });
  const { of, want, row } = usePages(sweepPath(s.sweep, `/trials?${words}`), Math.floor(beat / 2));
  const total = of.total ?? 0, from = Math.max(0, Math.floor(top / rowHeight) - 10), to = Math.min(total, Math.ceil((top + high) / rowHeight) + 10);
  ui.useEffect(() => { want(0); for (let p = Math.floor(from / pageSize); p * pageSize < to; p++) want(p); });
  ui.useEffect(() => {
    const seen = new ResizeObserver(([e]) => setHigh(e.contentRect.height));
    seen.observe(scroll.current);
    return () => seen.disconnect();
  }, []);
  const known = ui.useRef(null);
  if (known.current?.id !== s.sweep) known.current = { id: s.sweep, params: [], metrics: [], numbers: new Set() };
  for (const page of of.pages.values()) for (const t of page.items ?? []) {
    for (const [k, v] of flat(t.params)) {
      if (!known.current.params.includes(k)) known.current.params.push(k);
      if (typeof v === "number") known.current.numbers.add(k);
    }
    for (const m of t.metrics) if (m.name !== s.metric && !known.current.metrics.includes(m.name)) known.current.metrics.push(m.name);
  }
  const all = [...known.current.params.map((k) => ({ key: "p." + k, name: k, param: k })), ...known.current.metrics.map((k) => ({ key: "m." + k, name: k, metric: k, sort: k })),
    { key: "seconds", name: "seconds", sort: "seconds" }, { key: "attempts", name: "attempts", sort: "attempts" }, { key: "host", name: "host" }, { key: "reason", name: "reason" }];
  const hidden = new Set((query.get("hide") ?? "host").split(",").map(decode));
  const columns = all.filter((c) => !hidden.has(c.key));
  const toggle = (key) => { const next = new Set(hidden); if (!next.delete(key)) next.add(key); change({ hide: [...next].map(encodeURIComponent).join(",") }); };
  const by = (key) => change({ sort: key, desc: sort === key && !desc ? "1" : "" });
  const head = (name, key, number) => html`<th class=${number ? "number" : ""} aria-sort=${sort === key ? (desc ? "descending" : "ascending") : undefined}>${key ? html`<button onClick=${() => by(key)}>${name}${sort === key ? (desc ? " ▼" : " ▲") : ""}</button>` : name}</th>`;
  const cell = (t, c) => {
    if (c.param) { const v = flat(t.params).find(([k]) => k === c.param)?.[1]; return html`<td class=${typeof v === "number" ? "number" : ""}>${v === undefined ? "" : value(v)}</td>`; }
    if (c.metric) return html`<td class="number">${t.metrics.some((m) => m.name === c.metric) ? value(t.metrics.find((m) => m.name === c.metric).value) : ""}</td>`;
    const end = t.attempts.find((a) => a.attempt === t.attempt)?.end;
    if (c.key === "seconds") return html`<td class="number">${seconds(t) === null ? "" : duration(seconds(t))}</td>`;
    if (c.key === "attempts") return html`<td class="number">${t.attempts.length}</td>`;
    const text = c.key === "host" ? t.host ?? end?.agent ?? "" : t.reason ?? end?.reason ?? "";
    return html`<td title=${text}>${text}</td>`;
  };
  const rows = [];
  for (let i = from; i < to; i++) {
    const t = row(i);
    rows.push(html`<tr key=${i} style=${{ height: rowHeight + "px" }}>${t ? html`<td class="number"><a href=${link(["sweeps", s.sweep, "trials", String(t.trial)])}>${t.trial}</a></td><td><${State} of=${t.state} /></td>
      <td class="number"><b>${t.value === undefined ? "" : value(t.value)}</b></td>${columns.map((c) => cell(t, c))}` : html`<td colspan=${columns.length + 3} class="quiet">…</td>`}</tr>`);
  }
  return html`
    <form class="bar" onSubmit=${(e) => { e.preventDefault(); change({ filter: typed }); }}>
      <input class="grow mono" value=${typed} onInput=${(e) => setTyped(e.target.value)} placeholder="params.lr < 0.01 && metrics.loss < 2" aria-label="Filter: an expression over trial, state, value, attempts, seconds, params and metrics" />
      <button>Filter</button>${filter && html`<button type="button" onClick=${() => { setTyped(""); change({ filter: "" }); }}>Clear</button>`}
      <select aria-label="State" value=${state} onChange=${(e) => change({ state: e.target.value })}><option value="">all states</option>${states.map((x) => html`<option value=${x} selected=${x === state}>${x}</option>`)}</select>
      <details class="columns"><summary class="button">Columns</summary><div class="bar card" style=${{ marginTop: "6px" }}>${all.map((c) => html`<label><input type="checkbox" checked=${!hidden.has(c.key)} onChange=${() => toggle(c.key)} /> ${c.name}</label>`)}</div></details>
      <button type="button" onClick=${() => saveCSV(s)}>CSV</button>
    </form>
    ${of.error && html`<${Failed} error=${of.error} />`}
    <div class="quiet small" role="status">${of.total === null ? "Looking…" : `${plural(total, "trial")}${filter || state ? ` of ${count(s.trials.total)}` : ""}, by ${sort}${desc ? ", turned round" : ""}`}</div>
    <div class="scroll tall fixed" ref=${scroll} tabindex="0" role="region" aria-label="Trials" onScroll=${(e) => setTop(e.currentTarget.scrollTop)}>
      <table aria-rowcount=${total}><thead><tr>${head("Trial", "trial", true)}${head("State")}${head(s.metric ?? "value", "value", true)}${columns.map((c) => head(c.name, c.sort, !!(c.param ? known.current.numbers.has(c.param) : c.sort)))}</tr></thead>
      <tbody>${from > 0 && html`<tr style=${{ height: from * rowHeight + "px" }}></tr>`}${rows}${to < total && html`<tr style=${{ height: (total - to) * rowHeight + "px" }}></tr>`}</tbody></table>
      ${of.total === 0 && html`<${Empty} title="No trial is like that">${filter ? "The filter knows trial, state, value, attempts, seconds, params and metrics." : ""}</${Empty}>`}
    </div>`;
}
