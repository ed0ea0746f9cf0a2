// The page of one sweep, by tabs: what is drawn of it, its trials, its spec.
import { ui } from "./html.js";
import { sweepPath, useGet } from "./api.js";
import { useBeat } from "./events.js";
import { Actions } from "./actions.js";
import { Pictures } from "./overview.js";
import { Spec } from "./spec.js";
import { Trials } from "./trials.js";
import { Shown, State } from "./parts.js";
import { link } from "./route.js";
import { count } from "./format.js";

const { html } = ui;

const tabs = [["", "Overview"], ["parameters", "Parameters"], ["trials", "Trials"], ["spec", "Spec"]];
const drawn = ["", "parameters"]; // tabs that show what is chosen in one another

/** SweepPage is the page; tab is one of tabs. */
export function SweepPage({ id, tab, query, who }) {
  const beat = useBeat(id, 800), got = useGet(sweepPath(id), beat);
  const kept = drawn.includes(tab) ? Object.fromEntries(["ranges", "log"].map((k) => [k, query.get(k)])) : {};
  return html`${!got.data && html`<h1>${id}</h1>`}<${Shown} of=${got} what=${id}>${(s) => html`
    <div class="bar"><h1>${s.sweep}</h1><${State} of=${s.state} />${s.paused && html`<span class="tag">paused</span>`}${s.archived && html`<span class="tag">archived</span>`}${s.labels.map((l) => html`<a class="tag" href=${link(["sweeps"], { label: l })} title=${`Sweeps labelled ${l}`}>${l}</a>`)}
      <span class="spring"></span><${Actions} sweeps=${[s]} who=${who} done=${got.again} /></div>
    <nav class="tabs" aria-label="Parts of the sweep">${tabs.map(([name, title]) => html`<a href=${link(["sweeps", id, ...(name ? [name] : [])], drawn.includes(name) ? kept : {})} aria-current=${name === tab ? "page" : undefined}>${title}${name === "trials" ? ` (${count(s.trials.total)})` : ""}</a>`)}</nav>
    ${drawn.includes(tab) && html`<${Pictures} s=${s} tab=${tab} query=${query} beat=${beat} />`}
    ${tab === "trials" && html`<${Trials} s=${s} query=${query} />`}
    ${tab === "spec" && html`<${Spec} s=${s} query=${query} />`}`}</${Shown}>`;
}
