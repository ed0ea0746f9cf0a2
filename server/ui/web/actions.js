// What is done to sweeps, with care: whoever may not, sees why; what changes something is confirmed with its size.
import { ui } from "./html.js";
import { ask, sweepPath } from "./api.js";
import { count, plural } from "./format.js";

const { html } = ui;
const ranks = ["viewer", "submitter", "operator", "admin"];

/** may says whether a caller may change a sweep. */
export function may(who, sweep) {
  const rank = ranks.indexOf(who?.role);
  return rank >= 2 || (rank === 1 && sweep.owner === who.name);
}

/** operates says whether a caller may change the cluster. */
export function operates(who) { return ranks.indexOf(who?.role) >= 2; }

/** denied is why a caller may not; empty: they may. */
export function denied(who, allowed, rest = "") {
  return allowed ? "" : `You are ${who?.role ?? "nobody known"}${who?.role === "submitter" ? rest : ""}.`;
}

function Field({ f, value, onValue }) {
  const id = `asked-${f.name}`, input = (e) => onValue(e.target.value);
  return html`<div class="field"><label for=${id}>${f.label}</label>
    <input id=${id} type=${f.type ?? "text"} value=${value} min=${f.min} max=${f.max} maxlength=${f.most}
      required=${!!f.required} placeholder=${f.placeholder} onInput=${input} />
    ${f.hint && html`<div class="quiet small">${f.hint}</div>`}</div>`;
}

/** Confirm asks before something is done. With a word, that must be typed. fields are what else is asked for, as {name,
    label, type, value, min, max, most, required, placeholder, hint}: onYes gets {NAME: text}. wrong is why it could not be
    done. */
export function Confirm({ title, text, word, fields = [], button, busy, wrong, onYes, onNo }) {
  const dialog = ui.useRef(), [typed, setTyped] = ui.useState("");
  const [values, setValues] = ui.useState(() => Object.fromEntries(fields.map((f) => [f.name, f.value ?? ""])));
  ui.useEffect(() => { dialog.current.showModal(); }, []);
  const yes = (e) => { e.preventDefault(); if (!busy && (!word || typed.trim() === word)) onYes(values); };
  return html`<dialog ref=${dialog} class=${fields.length ? "form" : ""} onClose=${onNo} aria-label=${title}><form onSubmit=${yes}>
    <h2>${title}</h2><div>${text}</div>
    ${fields.map((f) => html`<${Field} key=${f.name} f=${f} value=${values[f.name]}
      onValue=${(v) => setValues((all) => ({ ...all, [f.name]: v }))} />`)}
    ${word && html`<label>Type <b>${word}</b> to go on <input value=${typed} onInput=${(e) => setTyped(e.target.value)} autofocus /></label>`}
    ${wrong && html`<div class="note bad breaks" role="alert">${wrong}</div>`}
    <div class="bar"><span class="spring"></span><button type="button" onClick=${() => dialog.current.close()}>Cancel</button>
      <button class="bad" disabled=${!!busy || (!!word && typed.trim() !== word)}>${busy ? "…" : button}</button></div>
  </form></dialog>`;
}

/** Doings are buttons for what may be done: {name, label, why, title, text, word, fields, act}. why is why not; without a text
    nothing is asked before. act gets what was typed, and answers what went wrong, in words; empty: nothing. */
export function Doings({ verbs, done, children }) {
  const [asking, setAsking] = ui.useState(null), [busy, setBusy] = ui.useState(""), [said, setSaid] = ui.useState(null);
  const act = async (verb, typed = {}) => {
    setBusy(verb.name); setSaid(null);
    const wrong = await verb.act(typed);
    setBusy("");
    if (wrong && verb.text) setAsking((now) => (now?.verb === verb ? { verb, wrong } : now)); else setAsking(null);
    setSaid(wrong ? { bad: true, text: wrong } : { text: `${verb.name}: done.` });
    done?.(verb, wrong);
  };
  const press = (verb) => { setSaid(null); if (verb.text) setAsking({ verb }); else act(verb); };
  return html`<div class="bar no-print">${children}
    ${verbs.map((verb) => html`<button key=${verb.name} disabled=${!!verb.why || !!busy} title=${verb.why} aria-label=${verb.label}
      onClick=${() => press(verb)}>${busy === verb.name ? "…" : verb.shown ?? verb.name}</button>`)}
    ${said && !asking && html`<span role="status" class=${`note breaks ${said.bad ? "bad" : ""}`}
      style=${{ padding: "2px 10px" }}>${said.text}</span>`}
    ${asking && html`<${Confirm} key=${asking.verb.name} title=${asking.verb.title} text=${asking.verb.text} word=${asking.verb.word ?? ""}
      fields=${asking.verb.fields} button=${asking.verb.name} busy=${!!busy} wrong=${asking.wrong}
      onYes=${(typed) => act(asking.verb, typed)} onNo=${() => setAsking(null)} />`}
  </div>`;
}

const sum = (list, of) => list.reduce((n, s) => n + of(s.trials), 0), words = (text) => text.split(/\s+/).filter(Boolean);

// verbs are what is done to sweeps. text and fields are of a list, body of one sweep and of what was typed.
const verbs = [
  { name: "Pause", when: (s) => !s.finished && s.here && !s.paused, path: "/pause" },
  { name: "Resume", when: (s) => !s.finished && s.here && s.paused, path: "/resume" },
  { name: "Stop", when: (s) => !s.finished && s.here, path: "/stop",
    text: (list) => `${plural(sum(list, (t) => t.running + t.launched), "running trial")} will be ended, and ${plural(sum(list, (t) => t.waiting), "waiting trial")} will never start.` },
  { name: "Retry failed", when: (s) => !!s.finished && s.here && s.trials.failed > 0, path: "/retry",
    text: (list) => `${plural(sum(list, (t) => t.failed), "failed trial")} will be run again; what ended otherwise stays as it is.` },
  { name: "Extend", one: true, when: (s) => s.here, path: "/extend",
    text: ([s]) => `It has ${plural(s.trials.total, "trial")}. Those stay as they are, and more follow, as the method draws them.`,
    fields: ([s]) => [{ name: "trials", label: "Trials in all", type: "number", min: s.trials.total + 1, required: true,
      value: String(2 * s.trials.total), hint: "kaon extend changes limits, space and method, too." }],
    body: (_, typed) => ({ set: [`run_cap=${Number(typed.trials)}`] }) },
  { name: "Label", when: (s) => s.here,
    text: (list) => (list.length === 1 ? "Labels are words by which lists are filtered." : `The labels are added to those of ${plural(list.length, "sweep")}.`),
    fields: (list) => [{ name: "labels", label: list.length === 1 ? "Labels" : "More labels", value: list.length === 1 ? list[0].labels.join(" ") : "",
      required: list.length > 1, placeholder: "words, with spaces between" }],
    method: "PATCH", body: (s, typed, many) => ({ labels: [...new Set([...(many ? s.labels : []), ...words(typed.labels)])] }) },
  { name: "Archive", when: (s) => !!s.finished && !s.archived, method: "PATCH", body: () => ({ archived: true }),
    text: (list) => `Lists leave ${list.length === 1 ? "it" : plural(list.length, "sweep")} out, but where archived ones are wanted, too. Nothing is deleted.` },
  { name: "Unarchive", when: (s) => !!s.archived, method: "PATCH", body: () => ({ archived: false }),
    text: (list) => `Lists have ${list.length === 1 ? "it" : plural(list.length, "sweep")} again.` },
  { name: "Delete", when: (s) => !!s.finished, method: "DELETE", word: true,
    text: (list) => `The records, artifacts and logs of ${plural(sum(list, (t) => t.total), "trial")} are deleted. This cannot be undone.` },
];

/** doingsOf is what may be done to sweeps that are chosen, as Doings has it. wanted does a request, as ask of api.js. */
export function doingsOf(sweeps, who, wanted) {
  return verbs.flatMap((verb) => {
    const fit = sweeps.filter(verb.when), list = fit.filter((s) => may(who, s)), of = list.length ? list : fit;
    if (!fit.length || (verb.one && sweeps.length > 1)) return [];
    const left = new Set(list); // what has been done is not done again when the rest is tried once more
    const act = async (typed) => {
      const wrong = [];
      for (const s of [...left]) {
        const body = verb.body?.(s, typed, list.length > 1), options = { method: verb.method ?? "POST", ...(body && { body }) };
        await wanted(sweepPath(s.sweep, verb.path ?? ""), options).then(() => left.delete(s), (err) => wrong.push(`${s.sweep}: ${err.message}`));
      }
      return wrong.join("; ");
    };
    return [{ name: verb.name, shown: sweeps.length > 1 ? `${verb.name} ${count(list.length)}` : verb.name,
      why: denied(who, list.length > 0, fit.length === 1 ? ", and this is not yours" : ", and these are not yours"),
      title: `${verb.name} ${of.length === 1 ? of[0].sweep : plural(of.length, "sweep")}?`, text: verb.text?.(of), fields: verb.fields?.(of),
      word: verb.word ? String(sum(of, (t) => t.total)) : "", act }];
  });
}

/** Actions are the buttons for sweeps that are chosen. */
export function Actions({ sweeps, who, done, idle }) {
  return html`<${Doings} verbs=${doingsOf(sweeps, who, ask)} done=${done}>
    ${sweeps.length === 0 && idle && html`<span class="quiet small">${idle}</span>`}</${Doings}>`;
}

/** TrialActions are the buttons of a trial t of a sweep. */
export function TrialActions({ sweep, t, who, done }) {
  if (!sweep?.here || !["waiting", "launched", "running"].includes(t.state)) return null;
  const runs = t.state === "waiting" ? "It will never start" : "It is ended with its grace";
  const stop = { name: "Stop trial", why: denied(who, may(who, sweep), ", and the sweep is not yours"), title: `Stop trial ${t.trial} of ${sweep.sweep}?`,
    text: `${runs}, counts as stopped, and is not tried again. The other trials go on.`,
    fields: [{ name: "reason", label: "Why, for others to read", most: 1000 }],
    act: ({ reason }) => ask(sweepPath(sweep.sweep, `/trials/${t.trial}/stop`), { method: "POST", body: reason ? { reason } : {} }).then(() => "", (err) => err.message) };
  return html`<${Doings} verbs=${[stop]} done=${done} />`;
}

/** agentDoings is what an operator may do about an agent, as Doings has it: keep it from getting work, or end that. alone says that
    no other agent has its host. */
export function agentDoings(a, who, wanted, alone) {
  const why = denied(who, operates(who), ""), act = (path, options) => wanted(path, options).then(() => "", (err) => err.message);
  if (a.cordon) {
    const { agent, attribute, value, reason, by, deadline } = a.cordon;
    const of = attribute ? `every agent whose ${attribute} is ${value ?? ""}` : agent, since = [by && `by ${by}`, reason].filter(Boolean).join(": ");
    return [{ name: "Uncordon", label: `Uncordon ${a.host}`, why, title: `Uncordon ${a.host}?`, act: () => act(`/cordons/${encodeURIComponent(a.cordon.cordon)}`, { method: "DELETE" }),
      text: `${of} gets work again${deadline ? ", and what runs there is not ended any more" : ""}.${since ? ` It was cordoned ${since}.` : ""}` }];
  }
  const body = ({ reason, minutes }) => ({ agent: alone ? a.host : a.agent, ...(reason && { reason }), ...(minutes !== "" && { seconds: Math.round(Number(minutes) * 60) }) });
  return [{ name: "Cordon", label: `Cordon ${a.host}`, why, title: `Cordon ${a.host}?`, act: (typed) => act("/cordons", { method: "POST", body: body(typed) }),
    text: `It gets no more work${a.running ? `. ${plural(a.running, "attempt")} may go on there to the end, or until the minutes below are over: what is left then is ended with its grace, and goes on elsewhere at no charge` : "; nothing runs there now"}.`,
    fields: [{ name: "reason", label: "Why, for others to read", most: 1000 }, { name: "minutes", label: "Minutes until it is to be empty", type: "number", min: 0, max: 525600, placeholder: "it may take its time" }] }];
}
