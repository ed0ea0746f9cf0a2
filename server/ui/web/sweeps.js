// The page of all sweeps: live, searched, sorted, and what is done to those that are chosen. What is chosen of the list
// stands in the address.
import { ui } from "./html.js";
import { useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Actions } from "./actions.js";
import { askedFor, filtered, labelsOf, none, sorted, toggledLabel, took } from "./listed.js";
import { Copy, Empty, endedOf, limitOf, More, Shown, State, StateBar } from "./parts.js";
import { change, link } from "./route.js";
import { ago, count, duration, plural, stamp, value } from "./format.js";

const { html } = ui;

/** Label is a label, which the list is filtered by when it is pressed. */
function Label({ name, query }) {
  const on = labelsOf(query).includes(name), what = on ? `Not only those labelled ${name}` : `Only those labelled ${name}`;
  return html`<button class="tag" aria-pressed=${on} aria-label=${what} title=${what}
    onClick=${() => change({ label: toggledLabel(query, name) })}>${name}</button> `;
}

/** Only is a word of a row, which the list is filtered by when it is pressed. */
function Only({ name, word, query }) {
  const on = query.get(word) === name, what = on ? `All ${word}s` : `Only of the ${word} ${name}`;
  return name && html`<button class="link" aria-pressed=${on} aria-label=${what} title=${what}
    onClick=${() => change({ [word]: on ? "" : name })}>${name}</button>`;
}

function Row({ s, now, query, picked, onPick }) {
  const t = s.trials, ended = endedOf(t), labels = s.labels.map((l) => html`<${Label} name=${l} query=${query} />`);
  return html`<tr>
    <td><input type="checkbox" checked=${picked} onChange=${onPick} aria-label=${`Choose ${s.sweep}`} /></td>
    <td class="cut"><a href=${link(["sweeps", s.sweep])} title=${s.sweep}><b>${s.sweep}</b></a> ${labels}</td>
    <td><${State} of=${s.state} />${s.paused && html` <span class="tag">paused</span>`}
      ${s.archived && html` <span class="tag" title=${stamp(s.archived)}>archived</span>`}</td>
    <td style=${{ minWidth: "140px" }}><${StateBar} trials=${t} /></td>
    <td class="number nowrap">${count(ended)} <span class="quiet">of ${count(t.total)}</span></td>
    <td class="number">${t.failed > 0 ? html`<b style=${{ color: "var(--failed)" }}>${count(t.failed)}</b>` : html`<span class="quiet">0</span>`}</td>
    <td class="number nowrap">${s.best ? html`<b>${value(s.best.value)}</b> <span class="quiet">${s.metric}</span>` : html`<span class="quiet">–</span>`}</td>
    <td><${Only} name=${s.queue} word="queue" query=${query} /></td>
    <td><${Only} name=${s.owner} word="owner" query=${query} /></td>
    <td class="nowrap" title=${stamp(s.created)}>${ago(s.created, now)}</td>
    <td class="nowrap number">${duration(took(s, now))}</td>
  </tr>`;
}

/** Choice is a list of words to filter by; what is chosen is among them, whatever else there is. */
function Choice({ word, all, list, query }) {
  const now = query.get(word) ?? "", options = [...new Set([...list, now])].filter(Boolean).sort();
  return html`<select aria-label=${word[0].toUpperCase() + word.slice(1)} value=${now}
    onChange=${(e) => change({ [word]: e.target.value })}><option value="">${all}</option>
    ${options.map((o) => html`<option value=${o} selected=${o === now}>${o}</option>`)}</select>`;
}

/** Filters is what the list is searched by. seen are the sweeps that the page has had. */
function Filters({ query, seen, queues, who }) {
  const of = (key) => seen.map((s) => s[key]), archived = query.get("archived") === "1", labels = labelsOf(query);
  return html`
    <div class="bar"><h1>Sweeps</h1><span class="spring"></span>
      <input class="grow" type="search" placeholder="id, name, owner or label" aria-label="Search"
        value=${query.get("text") ?? ""} onInput=${(e) => change({ text: e.target.value })} />
      <${Choice} word="state" all="all states" list=${["running", "succeeded", "failed", "stopped", "interrupted"]} query=${query} />
      <${Choice} word="queue" all="all queues" list=${[...of("queue"), ...queues]} query=${query} />
      <${Choice} word="owner" all="all owners" list=${[...of("owner"), who?.name]} query=${query} />
      <select aria-label="Label" value="" onChange=${(e) => change({ label: toggledLabel(query, e.target.value) })}>
        <option value="">any label</option>
        ${[...new Set(seen.flatMap((s) => s.labels))].filter((l) => !labels.includes(l)).sort().map((l) => html`<option value=${l}>${l}</option>`)}</select>
      <label><input type="checkbox" checked=${archived}
        onChange=${() => change({ archived: archived ? "" : "1" })} /> archived, too</label></div>
    ${(labels.length > 0 || filtered(query)) && html`<div class="bar small">
      ${labels.length > 0 && html`<span class="quiet">labelled</span> ${labels.map((l) => html`<${Label} name=${l} query=${query} />`)}`}
      <button class="plain" onClick=${() => change(none)}>Show all</button></div>`}`;
}

const columns = [["sweep", "Sweep"], ["state", "State"], ["total", "Trials"], ["ended", "Ended", 1], ["failed", "Failed", 1], ["best", "Best", 1],
  ["queue", "Queue"], ["owner", "Owner"], ["begun", "Begun"], ["took", "Took", 1]];

function Heads({ query }) {
  const sort = query.get("sort") || "begun", desc = query.get("sort") ? query.get("desc") === "1" : true;
  const by = (key) => change(key === "begun" && (sort !== key || !desc) ? { sort: "", desc: "" } : { sort: key, desc: sort === key && !desc ? "1" : "" });
  return columns.map(([key, name, number]) => html`<th class=${number ? "number" : ""} aria-sort=${sort === key ? (desc ? "descending" : "ascending") : undefined}>
    <button onClick=${() => by(key)}>${name}${sort === key ? (desc ? " ▼" : " ▲") : ""}</button></th>`);
}

/** Sweeps is the page. */
export function Sweeps({ query, who }) {
  const beat = useBeat("", 700, (e) => e.kind !== "points"), sort = query.get("sort"), most = limitOf(query);
  const list = useGet(askedFor(query), beat, sort ? 4 : 0), queues = useGet("/queues"), now = useClock(5000);
  const [picked, setPicked] = ui.useState(new Set()), seen = ui.useRef(new Map());
  for (const s of list.data?.items ?? []) seen.current.set(s.sweep, s);
  const pick = (id) => setPicked((before) => { const next = new Set(before); if (!next.delete(id)) next.add(id); return next; });
  return html`
    <${Filters} query=${query} seen=${[...seen.current.values()]} queues=${queues.data?.queues.map((q) => q.queue) ?? []} who=${who} />
    <${Shown} of=${list} what="sweeps">${(page) => {
      const rows = sorted(page.items, sort, query.get("desc") === "1", now).slice(0, most), chosen = rows.filter((s) => picked.has(s.sweep));
      const archived = query.get("archived") !== "1" && html`<button onClick=${() => change({ archived: "1" })}>Look among archived ones, too</button>`;
      if (rows.length === 0) return filtered(query)
        ? html`<${Empty} title="No such sweep"><button onClick=${() => change(none)}>Show all</button> ${archived}</${Empty}>`
        : html`<div class="card"><${Empty} title="No sweeps yet">Hand one in: <${Copy} text="kaon submit sweep.yaml" /></${Empty}></div>`;
      return html`
        <div class="bar">${chosen.length > 1 && chosen.length <= 20 && html`<a class="button" href=${link(["compare"], { of: chosen.map((s) => s.sweep).join(",") })}>Compare ${chosen.length}</a>`}<${Actions} sweeps=${chosen} who=${who} done=${(_, wrong) => { if (!wrong) setPicked(new Set()); list.again(); }} idle="Choose sweeps to compare, label, stop, pause, retry, archive or delete them." /></div>
        <div class="scroll" tabindex="0" role="region" aria-label="Table of sweeps"><table><thead><tr>
          <th><input type="checkbox" aria-label="Choose all" checked=${chosen.length === rows.length} onChange=${(e) => setPicked(new Set(e.target.checked ? rows.map((s) => s.sweep) : []))} /></th>
          <${Heads} query=${query} /></tr></thead>
        <tbody>${rows.map((s) => html`<${Row} key=${s.sweep} s=${s} now=${now} query=${query} picked=${picked.has(s.sweep)} onPick=${() => pick(s.sweep)} />`)}</tbody></table></div>
        <div class="bar quiet small">${rows.length < page.total ? `${count(rows.length)} of ` : ""}${plural(page.total, "sweep")}
          ${sort && page.items.length < page.total && html`<span>sorted among the newest ${count(page.items.length)}</span>`}
          <${More} page=${{ items: rows, total: page.total }} limit=${most} /></div>`;
    }}</${Shown}>`;
}
