// What an attempt writes, as it writes it. Escape sequences of terminals are left out; a log is text and never markup.
import { ui } from "./html.js";
import { ask, sweepPath } from "./api.js";
import { Card } from "./parts.js";
import { change } from "./route.js";
import { bytes } from "./format.js";

const { html } = ui;
const most = 400000; // characters that are kept; what is older goes

function plain(text) { return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/\u001b\][^\u0007]*\u0007/g, "").replace(/[^\n]*\r(?!\n)/g, ""); }

/** marked is a text with what is searched for marked. */
function marked(text, find) {
  if (!find) return text;
  const parts = [], low = text.toLowerCase(), word = find.toLowerCase();
  let at = 0;
  for (let i = low.indexOf(word); i >= 0 && parts.length < 2000; i = low.indexOf(word, at)) {
    parts.push(text.slice(at, i), html`<mark>${text.slice(i, i + word.length)}</mark>`);
    at = i + word.length;
  }
  return [...parts, text.slice(at)];
}

/** Log shows a stream of a trial's last attempt, and follows it. */
export function Log({ id, t, query }) {
  const stream = query.get("stream") === "stderr" ? "stderr" : "stdout", attempt = Number(query.get("attempt")) || 0;
  const [log, setLog] = ui.useState({ text: "", read: 0, over: false, error: null }), [find, setFind] = ui.useState(""), [follow, setFollow] = ui.useState(true);
  const box = ui.useRef();
  const begun = t.attempts.length > 0 || t.state === "running";
  ui.useEffect(() => {
    if (!begun) return undefined;
    const stop = new AbortController();
    let text = "", read = 0, drawn = 0;
    const show = (over, error = null) => { drawn = Date.now(); setLog({ text: plain(text), read, over, error }); };
    (async () => {
      const path = sweepPath(id, `/trials/${t.trial}/logs?follow=true&stream=${stream}${attempt ? `&attempt=${attempt}` : ""}`);
      const reader = (await ask(path, { signal: stop.signal })).body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        read += value.length;
        text = (text + value).slice(-most);
        if (Date.now() - drawn > 150) show(false);
      }
      show(true);
    })().catch((err) => err.name === "AbortError" || show(true, err));
    return () => stop.abort();
  }, [id, t.trial, stream, attempt, begun]);
  ui.useEffect(() => { if (follow && box.current) box.current.scrollTop = box.current.scrollHeight; }, [log, follow]);
  const tools = html`
    <input type="search" placeholder="find" aria-label="Find in the log" value=${find} onInput=${(e) => setFind(e.target.value)} />
    <select aria-label="Stream" value=${stream} onChange=${(e) => change({ stream: e.target.value === "stdout" ? "" : e.target.value })}><option>stdout</option><option selected=${stream === "stderr"}>stderr</option></select>
    ${t.attempts.length > 1 && html`<select aria-label="Attempt" value=${attempt} onChange=${(e) => change({ attempt: e.target.value === "0" ? "" : e.target.value })}><option value="0">last attempt</option>${t.attempts.map((a) => html`<option value=${a.attempt} selected=${a.attempt === attempt}>attempt ${a.attempt}</option>`)}</select>`}
    <label><input type="checkbox" checked=${follow} onChange=${() => setFollow(!follow)} /> to the end</label>`;
  return html`<${Card} title="Log" tools=${tools} note=${begun && !log.error ? (log.over ? bytes(log.read) : html`<span class="dot live"></span> live, ${bytes(log.read)}`) : ""}>
    ${!begun && html`<p class="quiet">It has not begun.</p>`}
    ${log.error && html`<p class="quiet">${log.error.message}</p>`}
    ${begun && !log.error && (log.text ? html`<div class="log" ref=${box} tabindex="0" role="log" aria-label=${stream}>${marked(log.text, find)}</div>` : html`<p class="quiet">${log.over ? `It wrote nothing to ${stream}.` : "Nothing yet…"}</p>`)}
  </${Card}>`;
}
