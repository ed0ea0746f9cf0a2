// A table of what differs: a row for each thing, a column for each that is compared; what is like the first stands back.
import { ui } from "./html.js";
import { value } from "./format.js";

const { html } = ui;

function shown(v) { return v === null || v === undefined ? html`<span class="quiet">–</span>` : typeof v === "number" ? value(v) : typeof v === "string" ? v : JSON.stringify(v); }

/** Rows shows rows of {name, values}; heads are what the columns are called. best names the column that stands out. */
export function Rows({ rows, heads, best, what = "Setting" }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`${what} by column`}><table class="differing"><thead><tr><th>${what}</th>${heads.map((h, i) => html`<th class=${i === best ? "leads" : ""}>${h}</th>`)}</tr></thead>
    <tbody>${rows.map((r) => { const first = JSON.stringify(r.values[0]); return html`<tr><th scope="row">${r.name}</th>${r.values.map((v, i) => html`<td class=${`mono ${i === best ? "leads" : ""} ${i > 0 && JSON.stringify(v) === first ? "quiet" : ""}`}>${shown(v)}</td>`)}</tr>`; })}</tbody></table></div>`;
}
