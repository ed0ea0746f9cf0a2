// What is done to sweeps, with care: whoever may not, sees why; what cannot be undone is confirmed with its size.
import { ui } from "./html.js";
import { ask, sweepPath } from "./api.js";
import { plural } from "./format.js";

const { html } = ui;
const ranks = ["viewer", "submitter", "operator", "admin"];

/** may says whether a caller may change a sweep. */
export function may(who, sweep) {
  const rank = ranks.indexOf(who?.role);
  return rank >= 2 || (rank === 1 && sweep.owner === who.name);
}

/** Confirm asks before something is done. With a word, that must be typed. */
export function Confirm({ title, text, word, button, onYes, onNo }) {
  const dialog = ui.useRef(), [typed, setTyped] = ui.useState("");
  ui.useEffect(() => { dialog.current.showModal(); }, []);
  const yes = (e) => { e.preventDefault(); if (!word || typed.trim() === word) onYes(); };
  return html`<dialog ref=${dialog} onClose=${onNo} aria-label=${title}><form onSubmit=${yes}>
    <h2>${title}</h2><div>${text}</div>
    ${word && html`<label>Type <b>${word}</b> to go on <input value=${typed} onInput=${(e) => setTyped(e.target.value)} autofocus /></label>`}
    <div class="bar"><span class="spring"></span><button type="button" onClick=${() => dialog.current.close()}>Cancel</button><button class="bad" disabled=${!!word && typed.trim() !== word}>${button}</button></div>
  </form></dialog>`;
}

const verbs = [
  { name: "Pause", when: (s) => !s.finished && s.here && !s.paused, path: "/pause" },
  { name: "Resume", when: (s) => !s.finished && s.here && s.paused, path: "/resume" },
  { name: "Stop", when: (s) => !s.finished && s.here, path: "/stop", confirm: (list) => `${plural(list.reduce((n, s) => n + s.trials.running + s.trials.launched, 0), "running trial")} will be ended, and ${plural(list.reduce((n, s) => n + s.trials.waiting, 0), "waiting trial")} will never start.` },
  { name: "Retry failed", when: (s) => !!s.finished && s.here && s.trials.failed > 0, path: "/retry" },
  { name: "Delete", when: (s) => !!s.finished, method: "DELETE", path: "", word: true, confirm: (list) => `The records, artifacts and logs of ${plural(list.reduce((n, s) => n + s.trials.total, 0), "trial")} are deleted. This cannot be undone.` },
];

/** Actions are the buttons for sweeps that are chosen. */
export function Actions({ sweeps, who, done, idle }) {
  const [asking, setAsking] = ui.useState(null), [busy, setBusy] = ui.useState(""), [said, setSaid] = ui.useState(null);
  const run = async (verb, list) => {
    setAsking(null); setBusy(verb.name); setSaid(null);
    const wrong = [];
    let well = 0;
    for (const s of list) await ask(sweepPath(s.sweep, verb.path), { method: verb.method ?? "POST" }).then(() => { well++; }, (err) => wrong.push(`${s.sweep}: ${err.message}`));
    setBusy("");
    setSaid({ bad: wrong.length > 0, text: wrong.length ? wrong.join("; ") : `${verb.name}: done for ${plural(well, "sweep")}.` });
    done?.();
  };
  const button = (verb) => {
    const list = sweeps.filter(verb.when), allowed = list.filter((s) => may(who, s));
    if (!list.length) return null;
    const why = allowed.length ? "" : `You are ${who?.role ?? "nobody known"}${who?.role === "submitter" ? ", and these are not yours" : ""}.`;
    return html`<button disabled=${!allowed.length || !!busy} title=${why} onClick=${() => (verb.confirm ? setAsking({ verb, list: allowed }) : run(verb, allowed))}>${busy === verb.name ? "…" : verb.name}${sweeps.length > 1 ? ` ${allowed.length}` : ""}</button>`;
  };
  return html`<div class="bar no-print">
    ${sweeps.length === 0 && idle ? html`<span class="quiet small">${idle}</span>` : verbs.map(button)}
    ${said && html`<span role="status" class=${`note ${said.bad ? "bad" : ""}`} style=${{ padding: "2px 10px" }}>${said.text}</span>`}
    ${asking && html`<${Confirm} title=${`${asking.verb.name} ${asking.list.length === 1 ? asking.list[0].sweep : plural(asking.list.length, "sweep")}?`} text=${asking.verb.confirm(asking.list)}
      word=${asking.verb.word ? String(asking.list.reduce((n, s) => n + s.trials.total, 0)) : ""} button=${asking.verb.name} onYes=${() => run(asking.verb, asking.list)} onNo=${() => setAsking(null)} />`}
  </div>`;
}
