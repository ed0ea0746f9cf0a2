// What an attempt writes, as it writes it, in its colours. All other escape sequences of terminals are left out; a log is text
// and never markup.
import { ui } from "./html.js";
import { sweepPath } from "./api.js";
import { Card } from "./parts.js";
import { change } from "./route.js";
import { bytes, count, plural } from "./format.js";
import { coloured } from "./ansi.js";
import { useWritten } from "./written.js";

const { html } = ui;
const mostHits = 2000;

/** marked is a text in its colours with what is searched for marked, also where colours change within it; and how often it is
    there. */
function marked(text, find) {
  const parts = coloured(text), whole = find ? parts.map(([t]) => t).join("").toLowerCase() : "", word = find.toLowerCase(), hits = [];
  if (find) for (let i = whole.indexOf(word); i >= 0 && hits.length < mostHits; i = whole.indexOf(word, i + word.length)) hits.push([i, i + word.length]);
  const out = [];
  let at = 0, h = 0;
  for (const [piece, name] of parts) {
    const end = at + piece.length;
    let from = at;
    const put = (to, hit) => {
      if (to <= from) return;
      const shown = piece.slice(from - at, to - at);
      out.push(hit ? html`<mark>${shown}</mark>` : name ? html`<span class=${name}>${shown}</span>` : shown);
      from = to;
    };
    while (h < hits.length && hits[h][0] < end) {
      put(hits[h][0], false);
      put(Math.min(hits[h][1], end), true);
      if (hits[h][1] > end) break;
      h++;
    }
    put(end, false);
    at = end;
  }
  return { out, hits: hits.length };
}

/** Log shows a stream of a trial's last attempt, and follows it. */
export function Log({ id, t, query }) {
  const stream = query.get("stream") === "stderr" ? "stderr" : "stdout", attempt = Number(query.get("attempt")) || 0, find = query.get("find") ?? "";
  const [follow, setFollow] = ui.useState(true), box = ui.useRef();
  const number = attempt || t.attempts.at(-1)?.attempt, end = t.attempts.find((a) => a.attempt === number)?.end;
  const begun = t.state === "running" || (t.attempts.length > 0 && (!end || !!end.agent)); // what was stopped before has no agent
  const path = sweepPath(id, `/trials/${t.trial}/logs?follow=true&stream=${stream}${number ? `&attempt=${number}` : ""}`);
  const log = useWritten(begun ? path : "", 0, Boolean(end) || ["succeeded", "failed", "stopped", "cached"].includes(t.state), { colours: true, goesOn: number > 0 });
  ui.useEffect(() => { if (find) box.current?.querySelector("mark")?.scrollIntoView({ block: "nearest" }); }, [find]);
  ui.useEffect(() => { if (follow && !find && box.current) box.current.scrollTop = box.current.scrollHeight; }, [log.text, follow]);
  const shown = ui.useMemo(() => marked(log.text, find), [log.text, find]);
  const tools = html`
    ${find && html`<span class="small quiet" role="status">${shown.hits >= mostHits ? `the first ${count(mostHits)}` : plural(shown.hits, "hit")}</span>`}
    <input type="search" placeholder="find" aria-label="Find in the log" value=${find} onInput=${(e) => change({ find: e.target.value })} />
    <select aria-label="Stream" value=${stream} onChange=${(e) => change({ stream: e.target.value === "stdout" ? "" : e.target.value })}><option>stdout</option><option selected=${stream === "stderr"}>stderr</option></select>
    ${t.attempts.length > 1 && html`<select aria-label="Attempt" value=${attempt} onChange=${(e) => change({ attempt: e.target.value === "0" ? "" : e.target.value })}><option value="0">last attempt</option>${t.attempts.map((a) => html`<option value=${a.attempt} selected=${a.attempt === attempt}>attempt ${a.attempt}</option>`)}</select>`}
    <label><input type="checkbox" checked=${follow} onChange=${() => setFollow(!follow)} /> to the end</label>`;
  return html`<${Card} title="Log" tools=${tools} note=${begun && !log.error ? (log.over ? bytes(log.read) : html`<span class="dot live"></span> live, ${bytes(log.read)}`) : ""}>
    ${!begun && html`<p class="quiet">It has not begun.</p>`}
    ${log.error && html`<p class="quiet">${log.error.message}</p>`}
    ${begun && (log.text || !log.error) && (log.text ? html`<div class="log" ref=${box} tabindex="0" role="log" aria-label=${stream}>${shown.out}</div>` : html`<p class=${`quiet ${log.over ? "" : "waits"}`}>${log.over ? `It wrote nothing to ${stream}.` : "Nothing yet…"}</p>`)}
  </${Card}>`;
}
