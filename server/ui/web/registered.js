// The page of all registered workflows: which version runs, what begins runs and when, how the last one went.
import { ui } from "./html.js";
import { useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Copy, Empty, Shown } from "./parts.js";
import { change, link } from "./route.js";
import { ago, count, duration, plural, stamp } from "./format.js";
import { FlowState, FlowTabs, stateOf } from "./flow.js";
import { triggerWords } from "./triggerwords.js";

const { html } = ui;

/** Due is a time to come, and how long it is until then. */
export function Due({ at, now }) {
  if (!at) return html`<span class="quiet">–</span>`;
  return html`<span class="nowrap" title=${stamp(at)}>${at > now ? `in ${duration((at - now) / 1000)}` : "now"}</span>`;
}

/** Paused says that triggers begin nothing, and why. */
export function Paused({ of }) {
  if (of.paused) return html`<span class="tag">paused</span>`;
  return of.stopped ? html`<span class="tag" title=${of.stopped}>stopped</span>` : null;
}

/** LastRun is the run that was begun last. */
export function LastRun({ of, now }) {
  if (!of) return html`<span class="quiet">none yet</span>`;
  return html`<a href=${link(["workflows", of.run])} title=${of.run}><${FlowState} of=${stateOf(of)} /></a> <span class="quiet small nowrap" title=${stamp(of.created)}>${ago(new Date(of.created).toISOString(), now)}</span>`;
}

function Row({ w, now }) {
  return html`<tr>
    <td class="cut"><a href=${link(["registered", w.workflow])}><b>${w.workflow}</b></a>${w.tags.map((l) => html` <span class="tag">${l}</span>`)}${w.description && html`<div class="quiet small" title=${w.description}>${w.description.split("\n")[0]}</div>`}</td>
    <td class="nowrap"><b>${w.version}</b>${w.version !== w.latest && html` <span class="quiet">of ${w.latest}</span>`}${w.pinned && html` <span class="tag">pinned</span>`}</td>
    <td>${w.triggers.length ? w.triggers.map((t) => html`<div class="small">${triggerWords(t)}${t.problem && html` <span class="tag" title=${t.problem}>cannot look</span>`}</div>`) : html`<span class="quiet">by somebody alone</span>`}</td>
    <td>${w.paused || w.stopped ? html`<${Paused} of=${w} />` : html`<${Due} at=${w.next} now=${now} />`}</td>
    <td class="nowrap"><${LastRun} of=${w.last_run} now=${now} /></td>
    <td class="number">${count(w.at_work.length)}</td>
    <td class="number">${count(w.queue.length)}</td>
    <td>${w.owner}</td>
  </tr>`;
}

/** Registered is the page. */
export function Registered({ query }) {
  const text = query.get("text") ?? "", beat = useBeat("", 700, (e) => e.kind === "workflow" || e.kind === "registered"), now = useClock(1000);
  const list = useGet("/registered-workflows", beat + Math.floor(now / 15000)); // when it is due next tells no event
  const has = (w) => [w.workflow, w.owner, w.description ?? "", ...w.tags].some((s) => s.toLowerCase().includes(text.toLowerCase()));
  return html`
    <div class="bar"><h1>Workflows</h1><span class="spring"></span>
      <input class="grow" type="search" placeholder="name, owner, tag or description" aria-label="Search" value=${text} onInput=${(e) => change({ text: e.target.value })} /></div>
    <${FlowTabs} at="registered" />
    <${Shown} of=${list} what="registered workflows">${(all) => {
      const found = all.filter(has);
      if (all.length === 0) return html`<div class="card"><${Empty} title="No workflow is registered">Keep one under its name, with its triggers: <${Copy} text="kaon workflow register FILE" /></${Empty}></div>`;
      if (found.length === 0) return html`<${Empty} title="No such workflow"><button onClick=${() => change({ text: "" })}>Show all</button></${Empty}>`;
      return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of registered workflows"><table><thead><tr><th>Workflow</th><th>Version</th><th>Begins</th><th>Due next</th><th>Last run</th><th class="number">At work</th><th class="number">Queued</th><th>Owner</th></tr></thead>
        <tbody>${found.map((w) => html`<${Row} key=${w.workflow} w=${w} now=${now} />`)}</tbody></table></div>
        <div class="bar quiet small">${plural(found.length, "workflow")}</div>`;
    }}</${Shown}>`;
}
