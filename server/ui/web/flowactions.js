// What is done to runs of workflows and their steps, with care: whoever may not, sees why; what cannot be undone is confirmed.
import { ui } from "./html.js";
import { ask } from "./api.js";
import { Confirm, may } from "./actions.js";
import { plural } from "./format.js";
import { runPath, stateOf, submitters } from "./flow.js";

const { html } = ui;

/** Verbs are buttons for what may be done: {name, path, method, body, text, word, bad, anybody}. */
function Verbs({ run, who, verbs, done }) {
  const [asking, setAsking] = ui.useState(null), [busy, setBusy] = ui.useState(""), [said, setSaid] = ui.useState(null);
  const act = async (verb) => {
    setAsking(null); setBusy(verb.name); setSaid(null);
    await ask(runPath(run.run, verb.path), { method: verb.method ?? "POST", body: verb.body }).then(() => { setSaid({ text: `${verb.name}: done.` }); done(verb); }, (err) => setSaid({ bad: true, text: err.message }));
    setBusy("");
  };
  const mine = may(who, run);
  return html`<span class="bar no-print">${verbs.map((verb) => {
    const allowed = mine || (verb.anybody && submitters.includes(who?.role));
    const why = allowed ? "" : `You are ${who?.role ?? "nobody known"}${who?.role === "submitter" ? ", and this run is not yours" : ""}.`;
    return html`<button key=${verb.name} disabled=${!allowed || !!busy} title=${why} onClick=${() => (verb.text ? setAsking(verb) : act(verb))}>${busy === verb.name ? "…" : verb.name}</button>`;
  })}${said && html`<span role="status" class=${`note ${said.bad ? "bad" : ""}`} style=${{ padding: "2px 10px" }}>${said.text}</span>`}
    ${asking && html`<${Confirm} title=${`${asking.name}?`} text=${asking.text} word=${asking.word ?? ""} button=${asking.name} onYes=${() => act(asking)} onNo=${() => setAsking(null)} />`}</span>`;
}

/** RunActions are the buttons of a run. */
export function RunActions({ run, who, done }) {
  const state = stateOf(run), running = run.counts.running ?? 0, waiting = run.counts.waiting ?? 0, left = (run.counts.failed ?? 0) + (run.counts.canceled ?? 0) + (run.counts.skipped ?? 0);
  const verbs = [];
  if (state === "running") verbs.push({ name: "Cancel run", path: "/cancel", text: `${plural(running, "step")} that run will be ended, and ${plural(waiting, "step")} that wait will not start. What follows in any case runs.` });
  if (state === "interrupted") verbs.push({ name: "Resume run", path: "/resume" });
  if (state === "failed" || state === "canceled") verbs.push({ name: "Restart what failed", path: "/restart", text: `What failed or was canceled is run again, with what waited for it: ${plural(left, "step")} at most.` });
  if (["succeeded", "failed", "canceled"].includes(state)) verbs.push({ name: "Delete run", path: "", method: "DELETE", word: run.run, text: "Its log, and all that its steps have left in the results, are deleted. This cannot be undone." });
  return html`<${Verbs} run=${run} who=${who} verbs=${verbs} done=${done} />`;
}

/** StepActions are the buttons of a step. */
export function StepActions({ run, d, who, done }) {
  const live = stateOf(run) === "running", verbs = [];
  if (live && d.approval) verbs.push({ name: d.approval === "held" ? "Let it go on" : "Approve", path: "/approve", body: { step: d.step }, anybody: d.approval === "asked" });
  if (live && !d.counts && d.type && (d.state === "running" || d.state === "waiting")) verbs.push({ name: "Skip step", path: "/skip", body: { step: d.step }, text: `${d.step} ${d.state === "running" ? "is ended and" : "is not started, and"} counts as done, without outputs.` });
  if (!live && run.ended && d.type && !d.step.includes("[")) verbs.push({ name: "Restart from here", path: "/restart", body: { from: [d.step] }, text: `${d.step} is run again, and every step that follows it.` });
  return html`<${Verbs} run=${run} who=${who} verbs=${verbs} done=${done} />`;
}
