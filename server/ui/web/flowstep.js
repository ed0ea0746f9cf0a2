// One step of a run: what it was given, what it put out, its attempts, what it said and wrote, and what may be done to it.
import { ui } from "./html.js";
import { useGet } from "./api.js";
import { Card, Shown } from "./parts.js";
import { change, link } from "./route.js";
import { duration, firstOf, plural, stamp } from "./format.js";
import { FlowState, flowStates, runPath } from "./flow.js";
import { FlowLog } from "./flowlog.js";
import { address } from "./preview.js";
import { StepActions } from "./flowactions.js";

const { html } = ui;

// onCluster are the types of steps whose attempts are sweeps: the heavy ones of package workflow/steps, as a test holds.
const onCluster = ["command", "docker", "python", "notebook", "sql", "sweep", "spark-submit", "hive", "pig", "scala"];

// Text is a value; what is an address of a page leads there.
function Text({ of }) {
  const text = typeof of === "string" ? of : JSON.stringify(of);
  if (typeof of === "string" && /^(http|https):/.test(of)) return html`<a href=${of} target="_blank" rel="noopener noreferrer">${of}</a>`;
  return html`<span title=${text.length > 300 ? text.slice(0, 2000) : undefined}>${text.length > 300 ? text.slice(0, 300) + "…" : text}</span>`;
}

function Values({ title, of, none }) {
  const list = Object.entries(of ?? {});
  return html`<section><h3>${title}</h3>${list.length === 0 ? html`<p class="quiet small">${none}</p>` : html`
    <table><tbody>${list.map(([k, v]) => html`<tr><td>${k}</td><td class="mono breaks"><${Text} of=${v} /></td></tr>`)}</tbody></table>`}</section>`;
}

function Artifacts({ of }) {
  const list = Object.entries(of ?? {}).filter(([, v]) => typeof v === "string");
  if (!list.length) return null;
  return html`<section><h3>Artifacts</h3><table><tbody>${list.map(([k, v]) => html`<tr><td><a href=${"/v1" + address(v)} download=${k.split("/").pop()}>${k}</a></td><td class="mono small quiet breaks">${v}</td></tr>`)}</tbody></table></section>`;
}

function Tried({ d, attempt }) {
  if (!d.tried.length) return null;
  return html`<section><h3>Attempts</h3><div class="scroll"><table><thead><tr><th class="number">Attempt</th><th>State</th><th>Began</th><th class="number">Took</th><th>Why it ended</th><th>Ran as</th></tr></thead>
    <tbody>${d.tried.map((a) => html`<tr><td class="number">${d.tried.length > 1 ? html`<button class="plain" aria-pressed=${String(attempt === a.attempt)} onClick=${() => change({ attempt: a.attempt })}>${a.attempt}</button>` : a.attempt}</td>
      <td><${FlowState} of=${a.state} />${a.cached && html` <span class="tag">cached</span>`}</td><td class="nowrap">${stamp(a.began)}</td><td class="number nowrap">${duration(((a.ended || Date.now()) - a.began) / 1000)}</td>
      <td class="breaks">${a.reason ?? ""}</td><td class="mono small">${onCluster.includes(d.type) && !a.cached
        ? html`<a href=${d.sweep ? link(["sweeps", a.id]) : link(["sweeps", a.id, "trials", "0"])}>${a.id}</a>` : a.id}</td></tr>`)}</tbody></table></div></section>`;
}

// clipped is the beginning of a text that is longer.
function clipped(text, most) { return text.length > most ? `${text.slice(0, most)}…` : text; }

function Iterations({ list, total, state }) {
  if (!list) return null;
  return html`<section><div class="bar"><h3>Iterations</h3><span class="quiet small">${plural(total, "iteration")} begun or to begin</span><span class="spring"></span>
      <select aria-label="State of iterations" value=${state} onChange=${(e) => change({ iterations: e.target.value })}>${["", ...flowStates].map((s) => html`<option value=${s} selected=${s === state}>${s || "all states"}</option>`)}</select></div>
    ${list.length === 0 ? html`<p class="quiet small">None in this state.</p>` : html`<div class="scroll"><table><thead><tr><th>Iteration</th><th>State</th><th class="number">Took</th><th>Put out, or why not</th></tr></thead>
    <tbody>${list.map((s) => html`<tr key=${s.step}><td><a href="" onClick=${(e) => { e.preventDefault(); change({ step: s.step, attempt: "" }); }}>${s.step}</a></td><td><${FlowState} of=${s.state} /></td>
      <td class="number nowrap">${s.began && s.state !== "skipped" ? duration(((s.ended || Date.now()) - s.began) / 1000) : "–"}</td><td class="mono small breaks">${s.reason ?? (s.outputs ? clipped(JSON.stringify(s.outputs), 200) : "")}</td></tr>`)}</tbody></table></div>`}
    ${list.length < total && html`<p class="quiet small">${firstOf(list.length, total, "iteration")}</p>`}</section>`;
}

/** FlowStep is the panel of a step. */
export function FlowStep({ run, step, query, beat, who, iterations, again }) {
  const got = useGet(runPath(run.run, `/steps/${encodeURIComponent(step)}`), beat), attempt = Number(query.get("attempt")) || 0;
  const whole = step.split("[")[0], tools = html`${whole !== step && html`<button onClick=${() => change({ step: whole, attempt: "" })}>All iterations</button>`}<button class="plain" aria-label="Close the step" onClick=${() => change({ step: "", attempt: "" })}>close</button>`;
  return html`<${Card} title=${`Step ${step}`} tools=${tools}><${Shown} of=${got} what=${`step ${step}`}>${(d) => html`
    <div class="bar"><${FlowState} of=${d.state} />${d.type && html`<span class="tag">${d.type}</span>`}${d.cached && html`<span class="tag">cached</span>`}
      ${d.began ? html`<span class="quiet small">${stamp(d.began)}, ${duration(((d.ended || Date.now()) - d.began) / 1000)}</span>` : null}
      ${d.percent !== undefined && d.state === "running" && html`<progress max="100" value=${d.percent} aria-label="How far it is"></progress> <span class="small">${Math.round(d.percent)} %</span>`}
      <span class="spring"></span><${StepActions} run=${run} d=${d} who=${who} done=${() => { got.again(); again(); }} /></div>
    ${d.description && html`<p class="quiet">${d.description}</p>`}
    ${d.said && html`<p class="small">It says: ${d.said}</p>`}
    ${d.reason && html`<div class=${`note ${d.state === "failed" ? "bad" : "warn"} breaks`}>${d.reason}</div>`}
    <div class="flow-panel">
      ${d.type !== "for-each" && d.type !== "loop" && html`<${Values} title="Inputs" of=${d.inputs} none="It is given none." />`}
      <${Values} title="Outputs" of=${d.outputs} none=${d.state === "succeeded" ? "It has put out nothing." : "None yet."} />
      <${Artifacts} of=${d.artifacts} />
    </div>
    <${Tried} d=${d} attempt=${attempt} />
    ${d.counts && html`<${Iterations} list=${iterations?.items} total=${iterations?.total ?? 0} state=${query.get("iterations") ?? ""} />`}
    ${d.messages.length > 0 && html`<section><h3>Messages</h3><div class="log" tabindex="0" role="log" aria-label="Messages">${d.messages.slice(-200).map((m) => html`<div><span class="quiet">${new Date(m.at).toLocaleTimeString()}</span> ${m.text}</div>`)}</div></section>`}
    ${d.tried.length > 0 && !d.sweep && onCluster.includes(d.type) && html`<${FlowLog} run=${run.run} step=${step} attempt=${attempt} tries=${d.tried.length} ended=${Boolean((d.tried.find((a) => a.attempt === attempt) ?? d.tried.at(-1)).ended)} query=${query} />`}
  `}</${Shown}></${Card}>`;
}
