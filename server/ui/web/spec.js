// What was asked for: the spec as it was submitted, with all that was set, and how it differs from another sweep's; where it
// comes from; and how to run it once more.
import { ui } from "./html.js";
import { ask, sweepPath, useGet } from "./api.js";
import { Card, Copy, Shown } from "./parts.js";
import { Rows } from "./rows.js";
import { change, link } from "./route.js";
import { plural, stamp } from "./format.js";

const { html } = ui;

function Submitted({ s }) {
  const [spec, setSpec] = ui.useState({});
  ui.useEffect(() => { ask(sweepPath(s.sweep, "/spec")).then((r) => r.text()).then((data) => setSpec({ data }), (error) => setSpec({ error })); }, [s.sweep]);
  return html`<${Shown} of=${spec} what="the spec">${(text) => html`<pre class="code" tabindex="0" aria-label="The spec">${text}</pre>`}</${Shown}>`;
}

function Difference({ s, other }) {
  const sweeps = useGet("/sweeps?limit=200"), list = (sweeps.data?.items ?? []).filter((o) => o.sweep !== s.sweep), chosen = other || list[0]?.sweep;
  const got = useGet(chosen ? `/compare?${new URLSearchParams([["sweep", s.sweep], ["sweep", chosen]])}` : null);
  if (sweeps.data && !chosen) return html`<p class="quiet">There is no other sweep.</p>`;
  return html`<div class="bar"><label>against <select value=${chosen} onChange=${(e) => change({ against: e.target.value })}>${list.map((o) => html`<option value=${o.sweep} selected=${o.sweep === chosen}>${o.sweep}</option>`)}
      ${chosen && !list.some((o) => o.sweep === chosen) && html`<option selected>${chosen}</option>`}
      ${sweeps.data?.items.length < sweeps.data?.total && html`<option disabled>the newest 200 of ${plural(sweeps.data.total, "sweep")}</option>`}</select></label>${chosen && html`<a href=${link(["compare"], { of: `${s.sweep},${chosen}` })}>compare results too</a>`}</div>
    <${Shown} of=${got} what="the difference">${(c) => (c.settings_of ?? []).length > 0 ? html`<p class="quiet">The results do not have the effective spec of ${c.settings_of.join(" and ")}.</p>`
      : c.settings.length === 0 ? html`<p class="quiet">They have the same spec: ${plural(c.same_settings, "setting")}.</p>`
      : html`<${Rows} rows=${c.settings} heads=${[s.sweep, chosen]} /><p class="quiet small">${plural(c.same_settings, "other setting")} are the same.</p>`}</${Shown}>`;
}

function Origin({ s, from }) {
  const git = from.git;
  return html`<${Card} title="Provenance"><dl class="pairs">
    <dt>File</dt><dd class="mono">${from.file || "–"}</dd>
    <dt>Commit</dt><dd>${git ? html`<code>${git.commit.slice(0, 12)}</code>${git.dirty && html` <span class="tag">with changes</span>`}` : html`<span class="quiet">of no work tree</span>`}</dd>
    <dt>Set besides</dt><dd>${from.set.length ? from.set.map((one) => html`<div class="mono">${one}</div>`) : html`<span class="quiet">nothing</span>`}</dd>
    <dt>Seed</dt><dd class="mono">${from.seed}</dd>
    <dt>kaon</dt><dd class="mono">${from.kaon_version || "–"}</dd>
    <dt>Spec's hash</dt><dd class="mono">${from.effective_hash || "–"}</dd>
    ${(from.runs ?? []).slice(0, 1).concat((from.runs ?? []).slice(1).slice(-1)).map((r, i) => html`<dt>${i ? "Last worked on" : "Begun"}</dt><dd>${stamp(r.started)} by ${r.user} on ${r.host}<div class="mono quiet small">${r.command}</div></dd>`)}
  </dl></${Card}>`;
}

function Again({ s }) {
  return html`<${Card} title="Run it again"><dl class="pairs">
    <dt>The same sweep</dt><dd><${Copy} text=${`kaon submit --like ${s.sweep}`} /></dd>
    <dt>With changes</dt><dd><${Copy} text=${`kaon submit --like ${s.sweep} --set run_cap=${2 * Math.max(s.trials.total, 1)}`} /></dd>
    <dt>More trials of it</dt><dd><${Copy} text=${`kaon extend ${s.sweep} --set run_cap=${2 * Math.max(s.trials.total, 1)}`} /></dd>
    ${s.best && html`<dt>Its winner alone</dt><dd><${Copy} text=${`kaon try ${s.sweep}/${s.best.trial}`} /></dd>`}
  </dl></${Card}>`;
}

/** Spec is the tab. */
export function Spec({ s, query }) {
  const from = useGet(sweepPath(s.sweep, "/provenance")), view = ["effective", "difference"].includes(query.get("view")) ? query.get("view") : "submitted";
  const views = [["submitted", "As submitted"], ["effective", "Effective"], ["difference", "Difference"]];
  const tools = html`<div class="choice" role="group" aria-label="Which spec">${views.map(([name, title]) => html`<button aria-pressed=${name === view} onClick=${() => change({ view: name === "submitted" ? "" : name })}>${title}</button>`)}</div>`;
  return html`<div class="grid"><div class="w8 long">
    <${Card} title="Spec" tools=${tools}>
      ${view === "submitted" && html`<${Submitted} s=${s} />`}
      ${view === "effective" && html`<${Shown} of=${from} what="the spec">${(p) => p.effective_spec ? html`<pre class="code" tabindex="0" aria-label="The spec">${JSON.stringify(p.effective_spec, null, 2)}</pre>` : html`<p class="quiet">The results do not have it: the sweep was run by an older kaon.</p>`}</${Shown}>`}
      ${view === "difference" && html`<${Difference} s=${s} other=${query.get("against")} />`}
    </${Card}></div>
    <div class="w4 stack"><${Again} s=${s} />${from.data && html`<${Origin} s=${s} from=${from.data} />`}</div>
  </div>`;
}
