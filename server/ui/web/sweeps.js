// The page of all sweeps: live, searched, and what is done to those that are chosen.
import { ui } from "./html.js";
import { useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Actions } from "./actions.js";
import { Copy, Empty, endedOf, limitOf, More, Shown, State, StateBar } from "./parts.js";
import { change, link } from "./route.js";
import { ago, count, duration, plural, stamp, value } from "./format.js";

const { html } = ui;

function took(s, now) { return ((s.finished ? Date.parse(s.finished) : now) - Date.parse(s.created)) / 1000; }

function Row({ s, now, picked, onPick }) {
  const t = s.trials, ended = endedOf(t);
  return html`<tr>
    <td><input type="checkbox" checked=${picked} onChange=${onPick} aria-label=${`Choose ${s.sweep}`} /></td>
    <td class="cut"><a href=${link(["sweeps", s.sweep])} title=${s.sweep}><b>${s.sweep}</b></a> ${s.labels.map((l) => html`<span class="tag">${l}</span> `)}</td>
    <td><${State} of=${s.state} />${s.paused && html` <span class="tag">paused</span>`}</td>
    <td style=${{ minWidth: "140px" }}><${StateBar} trials=${t} /></td>
    <td class="number">${count(ended)} <span class="quiet">of ${count(t.total)}</span></td>
    <td class="number">${t.failed > 0 ? html`<b style=${{ color: "var(--failed)" }}>${count(t.failed)}</b>` : html`<span class="quiet">0</span>`}</td>
    <td class="number nowrap">${s.best ? html`<b>${value(s.best.value)}</b> <span class="quiet">${s.metric}</span>` : html`<span class="quiet">–</span>`}</td>
    <td>${s.owner ?? ""}</td>
    <td class="nowrap" title=${stamp(s.created)}>${ago(s.created, now)}</td>
    <td class="nowrap number">${duration(took(s, now))}</td>
  </tr>`;
}

/** Sweeps is the page. */
export function Sweeps({ query, who }) {
  const text = query.get("text") ?? "", state = query.get("state") ?? "";
  const most = limitOf(query);
  const words = new URLSearchParams({ limit: String(most), ...(text && { text }), ...(state && { state }) });
  const beat = useBeat("", 700, (e) => e.kind !== "points");
  const list = useGet(`/sweeps?${words}`, beat), now = useClock(5000);
  const [picked, setPicked] = ui.useState(new Set());
  const pick = (id) => setPicked((before) => { const next = new Set(before); if (!next.delete(id)) next.add(id); return next; });
  return html`
    <div class="bar"><h1>Sweeps</h1><span class="spring"></span>
      <input class="grow" type="search" placeholder="id, name, owner or label" aria-label="Search" value=${text} onInput=${(e) => change({ text: e.target.value })} />
      <select aria-label="State" value=${state} onChange=${(e) => change({ state: e.target.value })}>${["", "running", "succeeded", "failed", "stopped", "interrupted"].map((s) => html`<option value=${s} selected=${s === state}>${s || "all states"}</option>`)}</select></div>
    <${Shown} of=${list} what="sweeps">${(page) => {
      const chosen = page.items.filter((s) => picked.has(s.sweep));
      if (page.items.length === 0) return text || state
        ? html`<${Empty} title="No such sweep"><button onClick=${() => change({ text: "", state: "" })}>Show all</button></${Empty}>`
        : html`<div class="card"><${Empty} title="No sweeps yet">Hand one in: <${Copy} text="kaon submit sweep.yaml" /></${Empty}></div>`;
      return html`
        <div class="bar">${chosen.length > 1 && chosen.length <= 20 && html`<a class="button" href=${link(["compare"], { of: chosen.map((s) => s.sweep).join(",") })}>Compare ${chosen.length}</a>`}<${Actions} sweeps=${chosen} who=${who} done=${() => { setPicked(new Set()); list.again(); }} idle="Choose sweeps to compare, stop, pause, resume or delete them." /></div>
        <div class="scroll" tabindex="0" role="region" aria-label="Table of sweeps"><table><thead><tr>
          <th><input type="checkbox" aria-label="Choose all" checked=${chosen.length === page.items.length} onChange=${(e) => setPicked(new Set(e.target.checked ? page.items.map((s) => s.sweep) : []))} /></th>
          <th>Sweep</th><th>State</th><th>Trials</th><th class="number">Ended</th><th class="number">Failed</th><th class="number">Best</th><th>Owner</th><th>Begun</th><th class="number">Took</th></tr></thead>
        <tbody>${page.items.map((s) => html`<${Row} key=${s.sweep} s=${s} now=${now} picked=${picked.has(s.sweep)} onPick=${() => pick(s.sweep)} />`)}</tbody></table></div>
        <div class="bar quiet small">${plural(page.total, "sweep")}<${More} page=${page} limit=${most} /></div>`;
    }}</${Shown}>`;
}
