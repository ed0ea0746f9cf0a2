// What the cluster did in the last minutes: which sweeps are asked for it, what of them is a part, what could not be got.
import { ui } from "./html.js";
import { get, sweepPath } from "./api.js";
import { dimensions } from "./dims.js";
import { Timeline, bars } from "./plot/timeline.js";
import { Card, Failed } from "./parts.js";
import { change, link } from "./route.js";
import { count, plural } from "./format.js";

const { html } = ui;
const looked = 200, drawn = 5, trials = 5000; // sweeps of the list, sweeps and trials of each that are asked for

/** latelyOf asks for the attempts that have ended since a time in milliseconds: {all, at, sweeps, of, newest, total, parts,
    wrong}. all are bars of a timeline, of so many sweeps of those that were at work, which were looked for among so many of
    the newest of all; at is when; parts are {sweep, rows, total} of which only rows were answered, wrong are {sweep, message}.
    got is get of api.js. It throws what the list of sweeps throws. */
export async function latelyOf(got, since, signal) {
  const page = await got(`/sweeps?archived=true&limit=${looked}`, { signal }), all = [], parts = [], wrong = [];
  const active = page.items.filter((s) => s.here && (!s.finished || Date.parse(s.finished) > since));
  for (const s of active.slice(0, drawn)) {
    try {
      const columns = await got(sweepPath(s.sweep, `/columns?most=${trials}&digits=3`), { signal });
      const table = dimensions(columns, s.metric), open = (t) => link(["sweeps", s.sweep, "trials", String(t)]);
      all.push(...bars(table, (t) => `${s.sweep}/${t}`, open));
      if (table.sampled) parts.push({ sweep: s.sweep, rows: table.rows, total: table.total });
    } catch (err) {
      if (err.name === "AbortError") throw err;
      wrong.push({ sweep: s.sweep, message: err.message });
    }
  }
  const sweeps = Math.min(active.length, drawn);
  return { all, at: Date.now() / 1000, sweeps, of: active.length, newest: page.items.length, total: page.total, parts, wrong };
}

/** toldOf is what of the work was left out, in words; empty: nothing. */
export function toldOf(got) {
  const said = [];
  if (got.sweeps < got.of) said.push(`${count(got.sweeps)} of ${plural(got.of, "sweep")}: the newest`);
  if (got.newest < got.total) {
    said.push(`looked for among the newest ${count(got.newest)} of ${plural(got.total, "sweep")}`);
  }
  for (const p of got.parts) {
    said.push(`${count(p.rows)} of ${plural(p.total, "trial")} of ${p.sweep}: the best, and an even part of the others`);
  }
  return said.join("; ");
}

/** Lately is the card. */
export function Lately({ query }) {
  const minutes = Number(query.get("minutes")) || 1;
  const [{ got, error }, setState] = ui.useState({}), [tries, again] = ui.useState(0);
  ui.useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    const failed = (error) => error.name === "AbortError" || setState((s) => ({ ...s, error }));
    const turn = () => latelyOf(get, Date.now() - minutes * 60000, stop.signal).then((got) => setState({ got }), failed)
      .finally(() => { if (!stop.signal.aborted) timer = setTimeout(turn, 5000); }); // behind the last look
    turn();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [minutes, tries]);
  const retry = () => again((n) => n + 1), since = got && got.at - minutes * 60;
  const shown = got?.all.filter((b) => b.to >= since) ?? [], wrong = got?.wrong ?? [];
  const tools = html`<label>the last <select value=${minutes}
    onChange=${(e) => change({ minutes: e.target.value === "1" ? "" : e.target.value })}>
    ${[1, 5, 15, 60].map((m) => html`<option value=${m} selected=${m === minutes}>
      ${m === 1 ? "minute" : `${m} minutes`}</option>`)}</select></label>`;
  const notShown = wrong.map((w) => `${w.sweep}: ${w.message}`).join("; ");
  return html`<${Card} title="What it did" tools=${tools}>
    ${error && html`<${Failed} error=${{ message: `${got ? "This is as it was: " : ""}${error.message}` }} again=${retry} />`}
    ${notShown && html`<${Failed} error=${{ message: `Not shown: ${notShown}` }} again=${retry} />`}
    ${!got && !error && html`<p class="quiet waits">Looking…</p>`}
    ${got && shown.length === 0 && html`<p class="quiet">No attempt has ended${wrong.length ? " of the others" : ""}.</p>`}
    ${shown.length > 0 && html`<${Timeline} list=${shown} from=${since} to=${got.at}
      label="Attempts of the last minutes by machine" />`}
    ${got && toldOf(got) && html`<p class="quiet small">Of the work are shown ${toldOf(got)}.</p>`}</${Card}>`;
}
