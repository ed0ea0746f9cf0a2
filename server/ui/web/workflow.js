// The page of one run of a workflow: its graph as it stands, when its steps ran, and one step that is chosen.
import { ui } from "./html.js";
import { ask, useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Card, Copy, Shown } from "./parts.js";
import { link } from "./route.js";
import { duration, plural, stamp } from "./format.js";
import { FlowState, flowStates, isLate, Late, runPath, stateOf } from "./flow.js";
import { RunActions } from "./flowactions.js";
import { FlowGraph } from "./flowgraph.js";
import { FlowStep } from "./flowstep.js";
import { Gantt } from "./gantt.js";

const { html } = ui;

function Source({ id }) {
  const [text, setText] = ui.useState(null);
  ui.useEffect(() => { ask(runPath(id, "/source")).then((r) => r.text()).then(setText, (err) => setText(err.message)); }, [id]);
  return html`<pre class="log" tabindex="0">${text ?? "Loading…"}</pre>`;
}

function Facts({ run, now }) {
  const list = Object.entries(run.parameters ?? {}), said = flowStates.filter((s) => run.counts[s]).map((s) => `${run.counts[s]} ${s}`).join(", ");
  return html`<${Card} title="Run"><dl class="facts" style=${{ margin: 0 }}>
    <div><dt>Workflow</dt><dd>${run.registered ? html`<a href=${link(["registered", run.registered], { version: run.version })}>${run.workflow}<small>version ${run.version}</small></a>` : run.workflow}</dd></div><div><dt>Owner</dt><dd>${run.owner || "–"}</dd></div>
    <div><dt>Began</dt><dd>${stamp(run.began)}</dd></div><div><dt>${run.ended ? "Took" : "For"}</dt><dd>${run.began ? duration(((run.ended || now) - run.began) / 1000) : "–"}</dd></div>
    ${run.due > 0 && html`<div><dt>To be done by</dt><dd>${stamp(run.due)}${isLate(run, now) && html`<small>late${run.late > 0 && `, noted ${stamp(run.late)}`}</small>`}</dd></div>`}
    <div><dt>Steps</dt><dd>${plural(flowStates.reduce((n, s) => n + (run.counts[s] ?? 0), 0), "step")}<small>${said}</small></dd></div>
    ${run.queue && html`<div><dt>Queue</dt><dd>${run.queue}</dd></div>`}</dl>
    ${list.length > 0 && html`<details><summary>${plural(list.length, "parameter")}</summary><table><tbody>${list.map(([k, v]) => html`<tr><td>${k}</td><td class="mono breaks">${typeof v === "string" ? v : JSON.stringify(v)}</td></tr>`)}</tbody></table></details>`}
    <details><summary>The workflow as it was submitted</summary><${Source} id=${run.run} /></details>
    <p class="small">In a terminal: <${Copy} text=${`kaon workflow watch ${run.run} --server own`} /></p></${Card}>`;
}

/** WorkflowPage is the page. */
export function WorkflowPage({ id, query, who }) {
  const beat = useBeat("", 300, (e) => e.run === id), got = useGet(runPath(id), beat), graph = useGet(runPath(id, "/graph")), now = useClock(1000);
  const step = query.get("step") ?? "", whole = step.split("[")[0], state = query.get("iterations") ?? "";
  const rolled = got.data?.steps.find((s) => s.step === whole && s.counts);
  const iterations = useGet(rolled ? runPath(id, `/steps/${encodeURIComponent(whole)}/iterations?limit=300${state ? `&state=${state}` : ""}`) : null, beat);
  return html`<${Shown} of=${got} what=${`run ${id}`}>${(run) => html`
    <div class="bar"><h1><a href=${link(["workflows"])}>Workflows</a> / ${run.run}</h1><${FlowState} of=${stateOf(run)} /><${Late} run=${run} now=${now} />${run.labels.map((l) => html`<span class="tag">${l}</span>`)}${run.tags.map((l) => html`<span class="tag">${l}</span>`)}
      <span class="spring"></span><${RunActions} run=${run} who=${who} done=${(verb) => (verb.method === "DELETE" ? (location.hash = link(["workflows"])) : got.again())} /></div>
    ${run.description && html`<p class="quiet" style=${{ margin: 0 }}>${run.description}</p>`}
    ${stateOf(run) === "interrupted" && html`<div class="note warn" role="status">Nobody works on this run: resume it.</div>`}
    ${run.reason && html`<div class=${`note ${run.state === "failed" ? "bad" : "warn"} breaks`}>${run.reason}</div>`}
    <div class="grid">
      <${Card} title="Graph" width=${step ? "w6" : "w12"} note="choose a step to look at it"><${Shown} of=${graph} what="the graph">${(g) => html`<${FlowGraph} graph=${g} steps=${run.steps} critical=${run.critical} step=${step} />`}</${Shown}></${Card}>
      ${step && html`<div class="w6 long"><${FlowStep} key=${step} run=${run} step=${step} query=${query} beat=${beat} who=${who} iterations=${iterations.data} again=${got.again} /></div>`}
      ${(graph.data || graph.error) && html`<${Card} title="When steps ran"><${Gantt} run=${run} now=${now} step=${step} iterations=${iterations.data?.items} /></${Card}>
      <div class="w12"><${Facts} run=${run} now=${now} /></div>`}
    </div>`}</${Shown}>`;
}
