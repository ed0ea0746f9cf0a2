// What an attempt of a step writes, as it writes it.
import { ui } from "./html.js";
import { change } from "./route.js";
import { bytes } from "./format.js";
import { runPath } from "./flow.js";
import { useWritten } from "./written.js";

const { html } = ui;

/** FlowLog shows a stream of an attempt, and follows it. */
export function FlowLog({ run, step, attempt, tries, ended, query }) {
  const stream = query.get("stream") === "stderr" ? "stderr" : "stdout";
  const path = runPath(run, `/steps/${encodeURIComponent(step)}/logs?follow=true&stream=${stream}${attempt ? `&attempt=${attempt}` : ""}`);
  const log = useWritten(path, tries, ended), box = ui.useRef();
  ui.useEffect(() => { if (box.current) box.current.scrollTop = box.current.scrollHeight; }, [log.text]);
  return html`<section><div class="bar"><h3>Log</h3><span class="quiet small">${log.error ? "" : log.over ? bytes(log.read) : html`<span class="dot live"></span> live, ${bytes(log.read)}`}</span><span class="spring"></span>
      <select aria-label="Stream" value=${stream} onChange=${(e) => change({ stream: e.target.value === "stdout" ? "" : e.target.value })}><option>stdout</option><option selected=${stream === "stderr"}>stderr</option></select></div>
    ${log.error && html`<p class="quiet">${log.error.message}</p>`}
    ${log.error && !log.text ? null : log.text ? html`<div class="log" ref=${box} tabindex="0" role="log" aria-label=${stream}>${log.text}</div>`
      : html`<p class="quiet small">${log.over ? `It wrote nothing to ${stream}.` : "Nothing yet…"}</p>`}</section>`;
}
