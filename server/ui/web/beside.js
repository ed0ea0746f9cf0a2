// Artifacts of several trials side by side: a row for each name, pictures as they look.
import { ui } from "./html.js";
import { get, sweepPath } from "./api.js";
import { Card } from "./parts.js";
import { Preview, address, kindOf } from "./preview.js";
import { bytes, plural } from "./format.js";

const { html } = ui;
const mostNames = 30;

/** Beside shows what the columns of a comparison left; nothing where they left nothing. */
export function Beside({ columns, heads }) {
  const [lists, setLists] = ui.useState(null), key = columns.map((c) => `${c.sweep}/${c.trial}`).join();
  ui.useEffect(() => {
    const stop = new AbortController();
    Promise.all(columns.map((c) => (c.trial === null ? [] : get(sweepPath(c.sweep, `/trials/${c.trial}/artifacts`), { signal: stop.signal }).catch(() => [])))).then((all) => stop.signal.aborted || setLists(all));
    return () => stop.abort();
  }, [key]);
  const names = [...new Set((lists ?? []).flatMap((l) => l.map((f) => f.name)))].sort();
  if (!lists || names.length === 0) return null;
  const cell = (f, first) => html`<a href=${"/v1" + address(f.object)} download=${f.name.split("/").pop()}>${bytes(f.size)}</a>${first && first !== f && first.sha256 === f.sha256 ? html` <span class="quiet">the same</span>` : ""}${kindOf(f) === "picture" && html`<${Preview} f=${f} />`}`;
  return html`<${Card} title="Artifacts" note=${names.length > mostNames ? `the first ${mostNames} of ${plural(names.length, "name")}` : ""}><div class="scroll" tabindex="0" role="region" aria-label="Artifacts by column"><table class="differing"><thead><tr><th>Name</th>${heads.map((h) => html`<th>${h}</th>`)}</tr></thead>
    <tbody>${names.slice(0, mostNames).map((name) => { const row = lists.map((l) => l.find((f) => f.name === name)), first = row.find(Boolean); return html`<tr key=${name}><th scope="row">${name}</th>${row.map((f) => html`<td>${f ? cell(f, first) : html`<span class="quiet">–</span>`}</td>`)}</tr>`; })}</tbody></table></div></${Card}>`;
}
