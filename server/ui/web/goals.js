// The trade-off of several goals: the Pareto front, two goals at a time, what it is worth, and its trials.
import { ui } from "./html.js";
import { Card } from "./parts.js";
import { FrontPlot } from "./plot/front.js";
import { change } from "./route.js";
import { firstOf, plural, value } from "./format.js";

const { html } = ui;

// goalsOf are the goals of a board as dimensions of a table; less than two where there is no front.
function goalsOf(table, board) {
  return (board?.goals ?? []).map((name, k) => ({
    d: table.dims.find((one) => one.of === name && (one.kind === "metric" || one.kind === "value")), name, reference: typeof board.reference?.[k] === "number" ? board.reference[k] : undefined,
    goal: (name === board.objective?.name ? board.objective.goal : board.metrics.find((m) => m.name === name)?.goal) || "minimize",
  })).filter((g) => g.d);
}

/** Goals shows the front of a table, as the board of its sweep has it. */
export function Goals({ table, board, query, open }) {
  const goals = ui.useMemo(() => goalsOf(table, board), [table, board]);
  const front = ui.useMemo(() => {
    const rows = new Map(table.trial.map((t, i) => [t, i]));
    return (board?.pareto ?? []).map((p) => rows.get(p.trial)).filter((i) => i !== undefined);
  }, [table, board]);
  if (goals.length < 2) return null;
  const go = open && ((t) => { location.hash = open(t); }), pick = (key, fallback) => goals.find((g) => g.name === query.get(key)) ?? fallback;
  const pairs = goals.length === 2 ? [[goals[0], goals[1]]] : goals.length === 3 ? [[goals[0], goals[1]], [goals[0], goals[2]], [goals[1], goals[2]]]
    : [[pick("gx", goals[0]), pick("gy", goals[1])]];
  const choose = (key, now) => html`<label>${key === "gx" ? "x" : "y"} <select value=${now.name} onChange=${(e) => change({ [key]: e.target.value })}>${goals.map((g) => html`<option value=${g.name} selected=${g === now}>${g.name}</option>`)}</select></label>`;
  const all = query.get("allgoals") === "1", list = (board.pareto ?? []).slice(0, 200);
  return html`<${Card} title="Trade-off" note=${`Pareto front of ${goals.map((g) => g.name).join(", ")}: ${plural(board.pareto_size, "trial")}`} tools=${html`<label><input type="checkbox" checked=${all} onChange=${() => change({ allgoals: all ? "" : "1" })} /> all trials in view</label>${goals.length > 3 && html`${choose("gx", pairs[0][0])}${choose("gy", pairs[0][1])}`}`}>
    <div class="grid">
      ${pairs.map(([x, y]) => html`<div class=${pairs.length === 3 ? "w4" : "w8"} key=${`${x.name}/${y.name}`}><${FrontPlot} table=${table} x=${x} y=${y} front=${front} whole=${goals.length === 2} all=${all} onOpen=${go} /></div>`)}
      <div class=${pairs.length === 3 ? "w12" : "w4"}>
        <dl class="facts"><div><dt>Hypervolume</dt><dd>${board.hypervolume === undefined ? "–" : value(board.hypervolume)}<small>${board.hypervolume === undefined ? "there is no front yet, or it is too large to be measured" : `from ${goals.map((g) => `${g.name} ${value(g.reference)}`).join(", ")}`}</small></dd></div></dl>
        <div class="scroll" style=${{ marginTop: "12px", maxHeight: "230px" }} tabindex="0" role="region" aria-label="Trials of the front"><table><thead><tr><th class="number">Trial</th>${(board.goals ?? []).map((g) => html`<th class="number">${g}</th>`)}</tr></thead>
          <tbody>${list.map((p) => html`<tr><td class="number">${open ? html`<a href=${open(p.trial)}>${p.trial}</a>` : p.trial}</td>${p.values.map((v) => html`<td class="number">${value(v)}</td>`)}</tr>`)}</tbody></table></div>
        ${list.length < board.pareto_size && html`<p class="quiet small">${firstOf(list.length, board.pareto_size, "trial")}</p>`}
      </div>
    </div></${Card}>`;
}
