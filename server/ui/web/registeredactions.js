// What is done to registered workflows, with care: whoever may not, sees why; what begins much is shown before it begins.
import { ui } from "./html.js";
import { ask, get, useGet } from "./api.js";
import { Confirm, may } from "./actions.js";
import { own } from "./own.js";
import { link } from "./route.js";
import { count, inZone, plural } from "./format.js";
import { registeredPath, submitters } from "./flow.js";
import { payloadOf, valueOf } from "./typed.js";

const { html } = ui;

// denied is why somebody may not; empty: they may. Runs are for all who may submit, the rest for owners and operators.
function denied(who, w, anybody) {
  if (may(who, w) || (anybody && submitters.includes(who?.role))) return "";
  return `You are ${who?.role ?? "nobody known"}${who?.role === "submitter" ? `, and this workflow is ${w.owner}'s` : ""}.`;
}

// useDoing does requests one at a time, and says how they went.
function useDoing(done) {
  const [state, setState] = ui.useState({ busy: false, said: null });
  const act = async (what, path, options) => {
    setState({ busy: true, said: null });
    const answer = await get(path, { method: "POST", ...options }).then((data) => ({ data }), (error) => ({ error }));
    setState({ busy: false, said: answer.error ? { bad: true, text: answer.error.message } : { text: `${what}: done.` } });
    if (!answer.error) done?.(answer.data);
    return answer;
  };
  const said = state.said && html`<span role="status" class=${`note breaks ${state.said.bad ? "bad" : ""}`} style=${{ padding: "2px 10px" }}>${state.said.text}</span>`;
  return { ...state, act, shown: said, say: (text, bad) => setState({ busy: false, said: { text, bad } }) };
}

/** Form is a dialog that asks for something before it is done. */
function Form({ title, button, busy, children, onYes, onNo, tools }) {
  const dialog = ui.useRef();
  ui.useEffect(() => { dialog.current.showModal(); }, []);
  return html`<dialog ref=${dialog} class="form" onClose=${onNo} aria-label=${title}><form onSubmit=${(e) => { e.preventDefault(); onYes(); }}>
    <h2>${title}</h2>${children}
    <div class="bar">${tools}<span class="spring"></span><button type="button" onClick=${() => dialog.current.close()}>Cancel</button><button class="main" disabled=${busy}>${busy ? "…" : button}</button></div>
  </form></dialog>`;
}

// key is what makes a second press of a button the first.
function key() { return `ui-${Date.now()}-${Math.random().toString(36).slice(2)}`; }

function Parameter({ p, text, onText, wrong }) {
  const id = `parameter-${p.parameter}`, plain = p.default === undefined ? (p.required ? "" : "null") : typeof p.default === "string" ? p.default : JSON.stringify(p.default);
  const options = p.choices ?? (p.type === "boolean" ? [true, false] : null), shownAs = (v) => (typeof v === "string" && p.type !== "any" ? v : JSON.stringify(v));
  return html`<div class="field"><label for=${id}><b>${p.parameter}</b> ${p.type}${p.required ? ", must be given" : ""}</label>
    ${options ? html`<select id=${id} value=${text} required=${p.required} onChange=${(e) => onText(e.target.value)}><option value="" selected=${text === ""}>${p.required ? "choose" : `as it is: ${plain}`}</option>${options.map((v) => html`<option value=${shownAs(v)} selected=${text === shownAs(v)}>${shownAs(v)}</option>`)}</select>`
      : html`<input id=${id} value=${text} placeholder=${plain} required=${p.required} onInput=${(e) => onText(e.target.value)} aria-invalid=${wrong ? "true" : undefined} />`}
    ${p.description && html`<div class="quiet small">${p.description}</div>`}${wrong && html`<div class="note bad small" role="alert">${wrong}</div>`}</div>`;
}

function RunForm({ w, shown, onNo, onBegun }) {
  const [version, setVersion] = ui.useState(shown), [typed, setTyped] = ui.useState({}), [labels, setLabels] = ui.useState(""), [wrong, setWrong] = ui.useState({}), once = ui.useRef(key());
  const detail = useGet(registeredPath(w.workflow, `/versions/${version}`)), doing = useDoing(onBegun), list = detail.data?.parameters ?? [];
  const begin = () => {
    const parameters = Object.create(null), errors = Object.create(null);
    for (const p of list) {
      const text = own(typed, p.parameter) ?? "";
      if (text === "") { if (p.required) errors[p.parameter] = "it must be given"; continue; }
      const { value, wrong: why } = valueOf(text, p.type);
      if (why) errors[p.parameter] = why; else parameters[p.parameter] = value;
    }
    setWrong(errors);
    if (Object.keys(errors).length || !detail.data) return;
    doing.act("Run", registeredPath(w.workflow, "/runs"), { headers: { "Idempotency-Key": once.current }, body: { version, parameters, labels: labels.split(/[\s,]+/).filter(Boolean) } })
      .then((a) => { if (a.error) once.current = key(); });
  };
  return html`<${Form} title=${`Run ${w.workflow}`} button="Run it" busy=${doing.busy || !detail.data} onYes=${begin} onNo=${onNo}>
    <div class="field"><label for="run-version">Version</label><select id="run-version" value=${version} onChange=${(e) => { setVersion(Number(e.target.value)); setWrong({}); }}>${Array.from({ length: w.latest }, (_, i) => w.latest - i).slice(0, 200).map((v) => html`<option value=${v} selected=${v === version}>${v}${v === w.version ? ", runs by name" : ""}</option>`)}${w.latest > 200 && html`<option disabled>older ones: kaon workflow run</option>`}</select></div>
    ${detail.error && html`<div class="note bad">${detail.error.message}</div>`}${detail.data?.problem && html`<div class="note bad breaks">${detail.data.problem}</div>`}
    ${detail.data && list.length === 0 && !detail.data.problem && html`<p class="quiet small">It has no parameters.</p>`}
    ${list.map((p) => html`<${Parameter} key=${`${version} ${p.parameter}`} p=${p} text=${own(typed, p.parameter) ?? ""} wrong=${own(wrong, p.parameter)} onText=${(text) => setTyped((t) => ({ ...t, [p.parameter]: text }))} />`)}
    <div class="field"><label for="run-labels">Labels</label><input id="run-labels" value=${labels} placeholder="words, with spaces between" onInput=${(e) => setLabels(e.target.value)} /></div>${doing.shown}</${Form}>`;
}

/** RegisteredActions are the buttons of a workflow. */
export function RegisteredActions({ w, who, shown, done }) {
  const [asking, setAsking] = ui.useState(""), doing = useDoing(done), notRun = denied(who, w, true), not = denied(who, w), close = () => setAsking("");
  const begun = (standing) => {
    close();
    if (standing.place === 0) location.hash = link(["workflows", standing.run]);
    else { doing.say(`The run ${standing.run} waits, ${standing.place} in the queue.`); done(); }
  };
  const pause = (paused) => { close(); doing.act(paused ? "Pause" : "Unpause", registeredPath(w.workflow, "/pause"), { body: { paused } }); };
  const remove = () => { close(); ask(registeredPath(w.workflow), { method: "DELETE" }).then(() => { location.hash = link(["registered"]); }, (err) => doing.say(err.message, true)); };
  return html`<span class="bar no-print">
    <button class="main" disabled=${!!notRun || doing.busy} title=${notRun} onClick=${() => setAsking("run")}>Run…</button>
    ${(w.triggers.length > 0 || w.paused) && (w.paused ? html`<button disabled=${!!not || doing.busy} title=${not} onClick=${() => pause(false)}>Unpause triggers</button>`
      : html`<button disabled=${!!not || doing.busy} title=${not} onClick=${() => setAsking("pause")}>Pause triggers</button>`)}
    <button disabled=${!!not || doing.busy} title=${not} onClick=${() => setAsking("remove")}>Unregister</button>
    ${doing.shown}
    ${asking === "run" && html`<${RunForm} w=${w} shown=${shown || w.version} onNo=${close} onBegun=${begun} />`}
    ${asking === "pause" && html`<${Confirm} title=${`Pause the triggers of ${w.workflow}?`} text=${`${plural(w.triggers.length, "trigger")} will begin nothing until they are unpaused, and what is due meanwhile does not run by itself. Runs at work go on.`} word="" button="Pause triggers" onYes=${() => pause(true)} onNo=${close} />`}
    ${asking === "remove" && html`<${Confirm} title=${`Unregister ${w.workflow}?`} text=${`Its ${plural(w.latest, "version")} and triggers are forgotten, and ${plural(w.queue.length, "queued run")} will not begin. Its runs stay. This cannot be undone.`} word=${w.workflow} button="Unregister" onYes=${remove} onNo=${close} />`}
  </span>`;
}

/** Pin says whether a version runs by name, or has it do so. */
export function Pin({ w, v, who, done }) {
  const doing = useDoing(done), not = denied(who, w), pin = (version) => doing.act("Pin", registeredPath(w.workflow, "/pin"), { body: { version } });
  const free = v.current && w.pinned && html` <button class="plain" disabled=${!!not || doing.busy} title=${not} onClick=${() => pin(0)}>the newest again</button>`;
  return html`${v.current ? html`<b>yes</b>${w.pinned ? html` <span class="tag">pinned</span>` : ""}${free}` : html`<button class="plain" disabled=${!!not || doing.busy} title=${not} aria-label=${`Pin version ${v.version}`} onClick=${() => pin(v.version)}>pin</button>`}${doing.said?.bad && doing.shown}`;
}

function SignalForm({ w, t, onNo, onSent }) {
  const [text, setText] = ui.useState("{}"), once = ui.useRef(key()), doing = useDoing(onSent);
  const send = () => {
    const { value: payload, wrong } = payloadOf(text);
    if (wrong) { doing.say(wrong, true); return; }
    doing.act("Signal", registeredPath(w.workflow, `/signals/${encodeURIComponent(t.what)}`), { headers: { "Idempotency-Key": once.current }, body: { payload } }).then((a) => { if (a.error) once.current = key(); });
  };
  return html`<${Form} title=${`Send the signal ${t.what}`} button="Send it" busy=${doing.busy} onYes=${send} onNo=${onNo}>
    <div class="field"><label for="signal-payload">Payload, as a JSON object: <code>trigger.payload</code> of the trigger's parameters</label><textarea id="signal-payload" class="mono" rows="4" value=${text} onInput=${(e) => setText(e.target.value)}></textarea></div>
    <p class="quiet small">Every trigger of ${w.workflow} that waits for this signal begins a run.</p>${doing.shown}</${Form}>`;
}

function FillForm({ w, t, onNo, onFilled }) {
  const [range, setRange] = ui.useState({ from: "", to: "", parallel: "1" }), [seen, setSeen] = ui.useState(null), doing = useDoing();
  const set = (words) => { setRange((r) => ({ ...r, ...words })); setSeen(null); };
  const go = () => {
    const body = { trigger: t.trigger, from: range.from, to: range.to, parallel: Math.max(1, Math.floor(Number(range.parallel)) || 1), dry_run: !seen };
    doing.act(seen ? "Backfill" : "Look", registeredPath(w.workflow, "/backfill"), { body }).then((a) => { if (a.error) return; if (seen) onFilled(); else setSeen(a.data); });
  };
  return html`<${Form} title=${`Backfill ${t.trigger}`} button=${seen ? `Begin ${plural(seen.total, "run")}` : "Show its times"} busy=${doing.busy} onYes=${go} onNo=${onNo}>
    <div class="field"><label for="fill-begin">From, a date or a time in ${t.zone || "UTC"}</label><input id="fill-begin" required placeholder="2026-01-01" value=${range.from} onInput=${(e) => set({ from: e.target.value })} /></div>
    <div class="field"><label for="fill-to">To; a date is in it</label><input id="fill-to" required placeholder="2026-01-31" value=${range.to} onInput=${(e) => set({ to: e.target.value })} /></div>
    <div class="field"><label for="fill-parallel">Runs at once</label><input id="fill-parallel" type="number" min="1" max="1000" value=${range.parallel} onInput=${(e) => set({ parallel: e.target.value })} /></div>
    ${seen && html`<div class="note" role="status">${plural(seen.total, "time")}: ${(seen.first ?? []).slice(0, 8).map((at) => inZone(at, seen.zone)).join("; ")}${seen.total > 8 ? "; …" : ""}. Those that have their run get no other.</div>`}${doing.said?.bad && doing.shown}</${Form}>`;
}

/** TriggerActions are the buttons of a trigger. */
export function TriggerActions({ w, t, who, done }) {
  const [asking, setAsking] = ui.useState(false), [said, setSaid] = ui.useState(""), not = denied(who, w), close = () => setAsking(false);
  const ended = (text) => { close(); setSaid(text); done(); };
  if (t.kind !== "cron" && t.kind !== "signal") return null;
  const idle = t.kind === "signal" && (w.paused || w.stopped) ? "Its triggers begin nothing now." : "", why = not || idle;
  return html`<button class="nowrap" disabled=${!!why} title=${why} onClick=${() => { setSaid(""); setAsking(true); }}>${t.kind === "cron" ? "Backfill…" : "Signal…"}</button>
    ${said && html`<div role="status" class="small">${said}</div>`}
    ${asking && t.kind === "signal" && html`<${SignalForm} w=${w} t=${t} onNo=${close} onSent=${(list) => ended(`${plural(list.length, "run")} begun or queued.`)} />`}
    ${asking && t.kind === "cron" && html`<${FillForm} w=${w} t=${t} onNo=${close} onFilled=${() => ended("The backfill has begun.")} />`}`;
}

/** StopFilling has no more runs begin of backfills. */
export function StopFilling({ w, who, done }) {
  const doing = useDoing(done), not = denied(who, w), left = w.backfills.reduce((n, b) => n + b.total - b.taken, 0);
  return html`<div class="bar"><button disabled=${!!not || doing.busy} title=${not} onClick=${() => doing.act("Stop", registeredPath(w.workflow, "/backfill"), { method: "DELETE" })}>Stop backfills</button><span class="quiet small">${count(left)} of their runs have not begun</span>${doing.shown}</div>`;
}
