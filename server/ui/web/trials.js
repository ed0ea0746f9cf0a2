// All trials of a sweep as a table. Only rows that can be seen are there, and are asked for by the page: a million trials
// cost no more than a hundred.
import { ui } from "./html.js";
import { get, sweepPath } from "./api.js";
import { Copy, Empty, Failed, State, states } from "./parts.js";
import { change, decode, link } from "./route.js";
import { hiddenBy, toggled } from "./columns.js";
import { saveCSV, saveShown } from "./csv.js";
import { useBeat } from "./events.js";
import { count, duration, flat, plural, value } from "./format.js";

const { html } = ui;
const rowHeight = 34, pageSize = 200, tallest = 12e6;

function seconds(t) {
  const end = t.attempts.find((a) => a.attempt === t.attempt)?.end;
  return end?.end_ms ? (end.end_ms - end.start_ms) / 1000 : null;
}

/** usePages keeps the pages of a list that were looked at; any can be asked for. */
function usePages(path, beat) {
  const [, again] = ui.useState(0), kept = ui.useRef({ path: null, pages: new Map(), total: null, error: null });
  if (kept.current.path !== path) kept.current = { path, pages: new Map(), total: null, error: null };
  const anew = () => { for (const p of kept.current.pages.values()) p.old = true; again((n) => n + 1); };
  ui.useEffect(anew, [beat]);
  const of = kept.current;
  const want = (n) => {
    const p = of.pages.get(n);
    if (p && (p.asked || !p.old)) return;
    const asked = { items: p?.items ?? null, asked: true, old: false }; // old again when something happens before the answer
    of.pages.set(n, asked);
    const answered = (items, error) => { of.pages.set(n, { items, old: asked.old }); of.error = error; if (kept.current === of) again((k) => k + 1); };
    get(`${path}&limit=${pageSize}&offset=${n * pageSize}`).then(
      (page) => { of.total = page.total; answered(page.items, null); },
      (error) => answered(asked.items, error));
  };
  return { of, want, anew, row: (i) => of.pages.get(Math.floor(i / pageSize))?.items?.[i % pageSize] };
}

/** useSave is the buttons for files of trials, and what became of them. */
function useSave(s, words, columns) {
  const [at, setAt] = ui.useState({});
  const save = (work) => () => {
    setAt({ busy: true });
    work().then((done) => setAt({ done }), (error) => setAt({ error, again: save(work) }));
  };
  const button = html`<button type="button" disabled=${at.busy} onClick=${save(() => saveShown(s, words, columns))} title="The trials and columns that the table shows">${at.busy ? "Saving…" : "These as CSV"}</button>
    <button type="button" disabled=${at.busy} onClick=${save(() => saveCSV(s))} title="All trials of the sweep with all columns, whatever is filtered here">All as CSV</button>`;
  const said = html`${at.error && html`<${Failed} error=${at.error} again=${at.again} />`}
    ${at.done?.sampled && html`<div class="note warn" role="status">The file has ${count(at.done.saved)} of ${plural(at.done.total, "trial")}. All of them: <${Copy} text=${`kaon export ${s.sweep}`} /></div>`}`;
  return { button, said };
}

// place is where rows stand in a box that scrolls. Browsers cut what is higher than some 17 million pixels: a longer table is
// scrolled by its share.
function place(total, top, high) {
  const full = total * rowHeight, tall = Math.min(full, tallest), at = full > tall ? (top * (full - high)) / Math.max(tall - high, 1) : top;
  const least = Math.min(Math.floor(at / rowHeight), Math.max(0, Math.ceil((at - top) / rowHeight)));
  const from = Math.max(least, Math.floor(at / rowHeight) - 10), to = Math.min(total, Math.ceil((at + high) / rowHeight) + 10);
  const before = Math.max(0, top - at + from * rowHeight);
  return { from, to, before, after: Math.max(0, tall - before - (to - from) * rowHeight) };
}

// content is what a trial has in a column; null: nothing.
function content(t, c) {
  if (c.param) return flat(t.params).find(([k]) => k === c.param)?.[1] ?? null;
  if (c.metric) return t.metrics.find((m) => m.name === c.metric)?.value ?? null;
  const end = t.attempts.find((a) => a.attempt === t.attempt)?.end;
  if (c.key === "seconds") return seconds(t);
  if (c.key === "attempts") return t.attempts.length;
  return (c.key === "host" ? t.host ?? end?.agent : t.reason ?? end?.reason) ?? null;
}

/** Trials is the table. */
export function Trials({ s, query }) {
  const beat = useBeat(s.sweep, 1600);
  const sort = query.get("sort") ?? (s.metric ? "value" : "trial"), desc = query.get("desc") === "1", filter = query.get("filter") ?? "", state = query.get("state") ?? "";
  const [typed, setTyped] = ui.useState(filter), [top, setTop] = ui.useState(0), [high, setHigh] = ui.useState(600);
  const scroll = ui.useRef(), [picked, setPicked] = ui.useState(new Set());
  const words = new URLSearchParams({ sort, ...(desc && { desc: "true" }), ...(filter && { filter }), ...(state && { state }) });
  const { of, want, anew, row } = usePages(sweepPath(s.sweep, `/trials?${words}`), beat);
  const total = of.total ?? 0, { from, to, before, after } = place(total, top, high);
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
  const hidden = hiddenBy(query.get("hide"));
  const pinned = (query.get("pin") ?? "").split(",").filter(Boolean).map(decode);
  const columns = [...pinned.map((key) => all.find((c) => c.key === key)).filter(Boolean), ...all.filter((c) => !hidden.has(c.key) && !pinned.includes(c.key))];
  const pin = (key) => change({ pin: (pinned.includes(key) ? pinned.filter((k) => k !== key) : [...pinned, key]).map(encodeURIComponent).join(",") });
  const stuck = (c) => (pinned.includes(c.key) ? { class: "pinned", style: { left: `${90 + 120 * pinned.indexOf(c.key)}px` } } : {});
  const pick = (n) => setPicked((before) => { const next = new Set(before); if (!next.delete(n)) next.add(n); return next; });
  const toggle = (key) => change({ hide: toggled(query.get("hide"), key) });
  const by = (key) => change({ sort: key, desc: sort === key && !desc ? "1" : "" });
  const head = (name, key, number, at = {}) => html`<th class=${`${number ? "number" : ""} ${at.class ?? ""}`} style=${at.style} aria-sort=${sort === key ? (desc ? "descending" : "ascending") : undefined}>${key ? html`<button onClick=${() => by(key)}>${name}${sort === key ? (desc ? " ▼" : " ▲") : ""}</button>` : name}</th>`;
  const cell = (t, c) => {
    const v = content(t, c), at = stuck(c), text = v === null ? "" : c.key === "seconds" ? duration(v) : value(v);
    return html`<td class=${`${typeof v === "number" ? "number" : ""} ${at.class ?? ""}`} style=${at.style} title=${typeof v === "string" ? v : undefined}>${text}</td>`;
  };
  const file = useSave(s, words, [["trial", (t) => t.trial], ["state", (t) => t.state], [s.metric ?? "value", (t) => t.value], ...columns.map((c) => [c.name, (t) => content(t, c)])]);
  const rows = [];
  for (let i = from; i < to; i++) {
    const t = row(i);
    rows.push(html`<tr key=${i} style=${{ height: rowHeight + "px" }}>${t ? html`<td class="number pinned first"><input type="checkbox" aria-label=${`Choose trial ${t.trial}`} checked=${picked.has(t.trial)} onChange=${() => pick(t.trial)} /> <a href=${link(["sweeps", s.sweep, "trials", String(t.trial)])}>${t.trial}</a></td><td><${State} of=${t.state} /></td>
      <td class="number"><b>${t.value === undefined ? "" : value(t.value)}</b></td>${columns.map((c) => cell(t, c))}` : html`<td colspan=${columns.length + 3} class="quiet">…</td>`}</tr>`);
  }
  return html`
    <form class="bar" onSubmit=${(e) => { e.preventDefault(); change({ filter: typed }); }}>
      <input class="grow mono" value=${typed} onInput=${(e) => setTyped(e.target.value)} placeholder="params.lr < 0.01 && metrics.loss < 2" aria-label="Filter: an expression over trial, state, value, attempts, seconds, params and metrics" />
      <button>Filter</button>${filter && html`<button type="button" onClick=${() => { setTyped(""); change({ filter: "" }); }}>Clear</button>`}
      <select aria-label="State" value=${state} onChange=${(e) => change({ state: e.target.value })}><option value="">all states</option>${states.map((x) => html`<option value=${x} selected=${x === state}>${x}</option>`)}</select>
      <details class="columns"><summary class="button">Columns</summary><div class="menu card">${all.map((c) => html`<div class="bar"><label><input type="checkbox" checked=${!hidden.has(c.key) || pinned.includes(c.key)} disabled=${pinned.includes(c.key)} onChange=${() => toggle(c.key)} /> ${c.name}</label><span class="spring"></span><button type="button" class="plain" aria-pressed=${pinned.includes(c.key)} aria-label=${`Keep ${c.name} in view`} onClick=${() => pin(c.key)}>${pinned.includes(c.key) ? "unpin" : "pin"}</button></div>`)}</div></details>
      ${file.button}
      ${picked.size > 1 && picked.size <= 20 && html`<a class="button" href=${link(["compare"], { of: [...picked].map((n) => `${s.sweep}/${n}`).join(",") })}>Compare ${picked.size}</a>`}
    </form>
    ${file.said}
    ${of.error && html`<${Failed} error=${of.error} again=${anew} />`}
    <div class="quiet small" role="status">${of.total === null ? "Looking…" : `${plural(total, "trial")}${filter || state ? ` of ${count(s.trials.total)}` : ""}, by ${sort}${desc ? ", turned round" : ""}`}</div>
    <div class="scroll tall fixed" ref=${scroll} tabindex="0" role="region" aria-label="Trials" onScroll=${(e) => setTop(e.currentTarget.scrollTop)}>
      <table aria-rowcount=${total}><thead><tr>${head("Trial", "trial", true, { class: "pinned first" })}${head("State")}${head(s.metric ?? "value", "value", true)}${columns.map((c) => head(c.name, c.sort, !!(c.param ? known.current.numbers.has(c.param) : c.sort), stuck(c)))}</tr></thead>
      <tbody>${before > 0 && html`<tr style=${{ height: before + "px" }}></tr>`}${rows}${after > 0 && html`<tr style=${{ height: after + "px" }}></tr>`}</tbody></table>
      ${of.total === 0 && html`<${Empty} title="No trial is like that">${filter ? "The filter knows trial, state, value, attempts, seconds, params and metrics." : ""}</${Empty}>`}
    </div>`;
}
