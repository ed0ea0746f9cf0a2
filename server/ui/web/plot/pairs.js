// Pairs: every two of some parameters, each trial a dot coloured by its rank: where good trials lie together. A pair that is
// clicked is chosen.
import { ui } from "../html.js";
import { Canvas, cut, pointer } from "./canvas.js";
import { axisOf } from "./axis.js";
import { cloud, palette } from "./cloud.js";
import { ramp, token } from "./colour.js";
import { goodness } from "../dims.js";

const { html } = ui;
const left = 22, top = 8, bottom = 24, gap = 8;

/** Pairs shows dims of a table; picked is the pair that is chosen, as two names. */
export function Pairs({ table, goal, dims, log, keep, picked, onPick }) {
  const rank = goodness(table.value, goal), n = dims.length - 1;
  const rows = ui.useMemo(() => Array.from(rank.keys()).filter((i) => keep[i] && isFinite(rank[i])).sort((a, b) => rank[a] - rank[b]), [rank, keep]);
  const tall = Math.max(70, Math.min(150, Math.floor(400 / n))), height = top + n * tall + bottom;
  const box = (width, i, j) => { const w = (width - left - 6) / n; return [left + i * w + gap / 2, top + j * tall + gap / 2, left + (i + 1) * w - gap / 2, top + (j + 1) * tall - gap / 2]; };
  const draw = (c, width) => {
    const of = palette(ramp), text = token("text"), line = token("line");
    for (let j = 0; j < n; j++) for (let i = 0; i <= j; i++) {
      const [x0, y0, x1, y1] = box(width, i, j), dx = dims[i], dy = dims[j + 1];
      const x = axisOf(dx, x0 + 5, x1 - 5, log.has(dx.name)), y = axisOf(dy, y1 - 5, y0 + 5, log.has(dy.name));
      const chosen = picked && ((picked[0] === dx.name && picked[1] === dy.name) || (picked[0] === dy.name && picked[1] === dx.name));
      c.strokeStyle = chosen ? token("accent") : line; c.lineWidth = chosen ? 2 : 1;
      c.strokeRect(x0 + 0.5, y0 + 0.5, x1 - x0 - 1, y1 - y0 - 1);
      cloud(c, { n: rows.length, at: (k) => { const a = x.at(rows[k], table.trial[rows[k]]), b = y.at(rows[k], table.trial[rows[k]] * 31); return isFinite(a) && isFinite(b) ? [a, b] : null; },
        colour: (k) => of(rank[rows[k]]), size: rows.length > 1000 ? 1.2 : 2, alpha: 0.85, box: [x0, y0, x1, y1] });
    }
    c.fillStyle = text; c.textBaseline = "middle"; c.textAlign = "center";
    for (let i = 0; i < n; i++) { const [x0, , x1] = box(width, i, n - 1); c.fillText(cut(c, dims[i].name, x1 - x0), (x0 + x1) / 2, height - bottom + 12); }
    for (let j = 0; j < n; j++) {
      const [, y0, , y1] = box(width, 0, j);
      c.save(); c.translate(9, (y0 + y1) / 2); c.rotate(-Math.PI / 2); c.fillText(cut(c, dims[j + 1].name, y1 - y0), 0, 0); c.restore();
    }
  };
  const at = (e) => {
    const p = pointer(e), i = Math.floor((p.x - left) / ((p.width - left - 6) / n)), j = Math.floor((p.y - top) / tall);
    return i >= 0 && j >= i && j < n ? [dims[i].name, dims[j + 1].name] : null;
  };
  return html`<${Canvas} height=${height} draw=${draw} on=${[rows, dims.map((d) => d.name).join(), log, picked?.join()]} style=${{ cursor: "pointer" }}
    label=${`Ranks over every two of ${dims.map((d) => d.name).join(", ")}`} onClick=${(e) => { const p = at(e); if (p) onPick(p); }} />`;
}
