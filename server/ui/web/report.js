// A report: one sweep as it was, without a server. Its data stands in the page.
import { ui } from "./html.js";
import { Best, Failures, Importance, Region } from "./panels.js";
import { BestSoFar } from "./bestsofar.js";
import { Goals } from "./goals.js";
import { Slices } from "./slices.js";
import { Explore } from "./explore.js";
import { OverTime } from "./overtime.js";
import { Card, State, StateBar } from "./parts.js";
import { dimensions } from "./dims.js";
import { change, useRoute } from "./route.js";
import { ThemeSwitch, applyTheme } from "./theme.js";
import { count, duration, plural, stamp } from "./format.js";

const { html } = ui;
const data = JSON.parse(document.getElementById("data").textContent);

function bestTrial() {
  const row = data.sweep.best ? data.columns.trial.indexOf(data.sweep.best.trial) : -1;
  return row < 0 ? null : { params: Object.fromEntries(data.columns.params.map((c) => [c.name, c.values[row]]).filter(([, v]) => v !== null)) };
}

function Report() {
  const { query } = useRoute(), s = data.sweep, best = ui.useMemo(bestTrial, []), table = ui.useMemo(() => dimensions(data.columns, s.metric), []);
  const took = s.finished ? (Date.parse(s.finished) - Date.parse(s.created)) / 1000 : NaN;
  return html`<header class="top"><span class="brand">kaon</span><span class="quiet">report of ${stamp(data.made)}</span><span class="spring"></span><${ThemeSwitch} /></header>
    <main><div class="bar"><h1>${s.sweep}</h1><${State} of=${s.state} />${s.labels.map((l) => html`<span class="tag">${l}</span>`)}</div>
    <div class="grid">
      <${Card} title="Standing"><${StateBar} trials=${s.trials} legend=${true} />
        <dl class="facts" style=${{ margin: "14px 0 0" }}><div><dt>Trials</dt><dd>${count(s.trials.total)}<small>${plural(data.board.points, "point")} reported</small></dd></div>
          <div><dt>Took</dt><dd>${duration(took)}<small>begun ${stamp(s.created)}</small></dd></div><div><dt>Method</dt><dd>${s.method}<small>${s.owner ? `by ${s.owner}` : ""}</small></dd></div><div><dt>Ran on</dt><dd>${s.cluster || "–"}</dd></div></dl>
        ${s.sentence && html`<p class="quiet small">${s.sentence}</p>`}</${Card}>
      <${Best} sweep=${s} trial=${best} rerun=${s.best && html`Rerun it: <code>kaon try ${s.sweep}/${s.best.trial}</code>`} />
      <${BestSoFar} table=${table} sweep=${s} repeat=${data.board.repeat} byTime=${query.get("by") === "time"} onByTime=${() => change({ by: query.get("by") === "time" ? "" : "time" })} />
      <${Goals} table=${table} board=${data.board} query=${query} />
      ${data.importance && html`<${Importance} report=${data.importance} metric=${s.metric} /><${Region} report=${data.importance} />`}
      ${data.failures.failed > 0 && html`<${Failures} failures=${data.failures} />`}
      <${Slices} table=${table} sweep=${s} query=${query} report=${data.importance} />
      <${Explore} table=${table} sweep=${s} query=${query} curves=${data.curves} />
      ${data.series && html`<${OverTime} series=${data.series} />`}
      ${data.spec && html`<${Card} title="Spec"><pre class="code" tabindex="0" aria-label="The spec">${data.spec}</pre></${Card}>`}
    </div><p class="quiet small">Made by kaon ${data.version}.</p></main>`;
}

applyTheme();
ui.render(html`<${Report} />`, document.getElementById("app"));
