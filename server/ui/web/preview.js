// What an artifact looks like: pictures, tables, text; pages of HTML in a frame in which nothing runs, nothing is loaded and
// nothing can be sent, by an address of the server whose policy says the same. All else is downloaded.
import { ui } from "./html.js";
import { ask } from "./api.js";
import { own } from "./own.js";
import { table } from "./table.js";
import { value } from "./format.js";

const { html } = ui;
const pictures = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", svg: "image/svg+xml" };
const texts = new Set(["txt", "log", "md", "json", "jsonl", "yaml", "yml", "toml", "ini", "py", "sh", "out", "err", "xml"]);
const most = { picture: 8e6, page: 8e6, text: 65536 }, mostRows = 100;

/** kindOf is how an artifact is shown: picture, table, page, text, or empty. */
export function kindOf(f) {
  const end = f.name.toLowerCase().split(".").pop();
  if (own(pictures, end)) return f.size <= most.picture ? "picture" : "";
  if (end === "csv" || end === "tsv") return "table";
  if (end === "html" || end === "htm") return f.size <= most.page ? "page" : "";
  return texts.has(end) ? "text" : "";
}

/** address is where a file of the results is got from. */
export function address(object, at = "objects") { return `/${at}/` + object.split("/").map(encodeURIComponent).join("/"); }

// url is a picture as an address: SVG, which may hold scripts, as data, so that it has no origin wherever it is opened.
async function url(response, type) {
  const data = new Blob([await response.arrayBuffer()], { type });
  if (type !== "image/svg+xml") return URL.createObjectURL(data);
  return new Promise((done, failed) => { const r = new FileReader(); r.onload = () => done(r.result); r.onerror = failed; r.readAsDataURL(data); });
}

// useFile is the beginning of a file, as read makes it.
function useFile(f, headers, read) {
  const [got, setGot] = ui.useState({});
  ui.useEffect(() => {
    const stop = new AbortController();
    let made = "";
    setGot({});
    ask(address(f.object), { signal: stop.signal, headers }).then(read).then((data) => { made = data; if (!stop.signal.aborted) setGot({ data }); }, (error) => error.name === "AbortError" || setGot({ error }));
    return () => { stop.abort(); if (typeof made === "string" && made.startsWith("blob:")) URL.revokeObjectURL(made); };
  }, [f.object]);
  return got;
}

function Picture({ f }) {
  const type = pictures[f.name.toLowerCase().split(".").pop()], [broken, setBroken] = ui.useState(false);
  const got = useFile(f, undefined, (r) => url(r, type));
  if (got.error || broken) return html`<p class="quiet">${got.error?.message ?? "It is no picture that can be shown."}</p>`;
  return got.data ? html`<img class="picture" src=${got.data} alt=${f.name} onError=${() => setBroken(true)} />` : html`<p class="quiet">Loading…</p>`;
}

function Text({ f, kind }) {
  const got = useFile(f, { Range: `bytes=0-${most.text - 1}` }, (r) => r.text());
  if (got.error) return html`<p class="quiet">${got.error.message}</p>`;
  if (got.data === undefined) return html`<p class="quiet">Loading…</p>`;
  const rest = f.size > most.text && html`<p class="quiet small">Its first 64 kB.</p>`;
  if (kind !== "table") return html`<pre class="log" tabindex="0">${got.data}</pre>${rest}`;
  const rows = table(got.data, f.name.toLowerCase().endsWith(".tsv") ? "\t" : ",", mostRows + 1), number = (v) => v !== "" && isFinite(Number(v));
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${f.name}><table><thead><tr>${(rows[0] ?? []).slice(0, 50).map((h) => html`<th>${h}</th>`)}</tr></thead>
    <tbody>${rows.slice(1).map((r) => html`<tr>${r.slice(0, 50).map((v) => html`<td class=${number(v) ? "number" : "cut"}>${number(v) ? value(Number(v)) : v}</td>`)}</tr>`)}</tbody></table></div>
    ${rows.length > mostRows ? html`<p class="quiet small">Its first ${mostRows} rows.</p>` : rest}
    ${rows[0]?.length > 50 && html`<p class="quiet small">Its first 50 of ${rows[0].length} columns.</p>`}`;
}

/** Preview is a file of the results as it looks. */
export function Preview({ f }) {
  const kind = kindOf(f);
  if (kind === "picture") return html`<${Picture} f=${f} />`;
  if (kind === "page") return html`<iframe class="page" sandbox="" referrerpolicy="no-referrer" title=${f.name} src=${"/v1" + address(f.object, "previews")}></iframe><p class="quiet small">Scripts in it do not run here; download it for those.</p>`;
  if (kind) return html`<${Text} f=${f} kind=${kind} />`;
  return html`<p class="quiet">It is not shown here.</p>`;
}
