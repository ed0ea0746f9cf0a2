// Small things that all pages show: states, progress, cards, and what stands where nothing is to be seen yet.
import { ui } from "./html.js";
import { change } from "./route.js";
import { count } from "./format.js";

const { html } = ui;

export const states = ["succeeded", "cached", "running", "launched", "stopped", "failed", "waiting"];

/** State is a state as a word with its colour. */
export function State({ of }) { return html`<span class=${`state of-${of}`}>${of}</span>`; }

/** StateBar is how many trials are in each state, as a bar. */
export function StateBar({ trials, legend }) {
  const total = trials.total || 1;
  const shown = states.filter((s) => trials[s] > 0);
  const text = shown.map((s) => `${count(trials[s])} ${s}`).join(", ") || "no trials yet";
  return html`<div>
    <div class="states" role="img" aria-label=${text} title=${text}>${shown.map((s) => html`<i class=${`of-${s}`} style=${{ width: `${100 * trials[s] / total}%` }}></i>`)}</div>
    ${legend && html`<div class="legend" style=${{ marginTop: "6px" }}>${shown.map((s) => html`<span class=${`state of-${s}`}>${count(trials[s])} ${s}</span>`)}</div>`}
  </div>`;
}

/** Card is a part of a page with a title. */
export function Card({ title, width = "w12", tools, children, note }) {
  return html`<section class=${`card ${width}`} aria-label=${title}>
    <header><h2>${title}</h2>${note && html`<span class="quiet small">${note}</span>`}<span class="spring"></span>${tools}</header>
    ${children}
  </section>`;
}

/** Loading stands where something is on its way. */
export function Loading({ what }) { return html`<div class="loading" role="status">Loading ${what}…</div>`; }

/** Empty stands where there is nothing, and says what would change that. */
export function Empty({ title, children }) { return html`<div class="empty"><h2>${title}</h2><div>${children}</div></div>`; }

/** Failed stands where something could not be got. */
export function Failed({ error, again }) {
  return html`<div class="note bad" role="alert">${error.message} ${again && html`<button onClick=${again}>Try again</button>`}</div>`;
}

/** Shown is what was got, or what stands in its place. */
export function Shown({ of, what, children }) {
  if (of.data) return html`${of.error && html`<div class="note warn" role="status">This is as it was: ${of.error.message}</div>`}${children(of.data)}`;
  if (of.error) return html`<${Failed} error=${of.error} again=${of.again} />`;
  return html`<${Loading} what=${what} />`;
}

/** Copy is a command to copy. */
export function Copy({ text }) {
  const [done, setDone] = ui.useState(false);
  const copy = () => navigator.clipboard?.writeText(text).then(() => { setDone(true); setTimeout(() => setDone(false), 1500); }, () => {});
  return html`<span class="copy"><code>${text}</code><button class="plain" onClick=${copy} aria-label=${`Copy ${text}`}>${done ? "copied" : "copy"}</button></span>`;
}

const largestPage = 10000; // of the API

/** limitOf is how many items a list shows, as the address says. */
export function limitOf(query) { return Math.min(Math.max(Math.floor(Number(query.get("limit"))) || 100, 1), largestPage); }

/** More stands below a list that does not show all, and has it show five times as many. */
export function More({ page, limit }) {
  if (page.items.length >= page.total) return null;
  if (limit >= largestPage) return html`<span>these are the first ${count(page.items.length)}: search for the others</span>`;
  return html`<button onClick=${() => change({ limit: Math.min(limit * 5, largestPage) })}>show more</button>`;
}

/** endedOf is how many trials have ended, of their counts by state. */
export function endedOf(t) { return t.succeeded + t.failed + t.stopped + t.cached; }
