// A sweep's trials as dimensions to plot: every column a list of numbers, categories as their places in a list.

const notFinite = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

function asNumber(v) { return typeof v === "number" ? v : v in notFinite ? notFinite[v] : NaN; }

function dimension(name, kind, values) {
  const known = values.filter((v) => v !== null && v !== undefined);
  const numeric = known.every((v) => typeof v === "number" || (typeof v === "string" && v in notFinite));
  const distinct = numeric ? null : [...new Set(known.map((v) => (typeof v === "string" ? v : JSON.stringify(v))))].sort();
  const data = new Float64Array(values.length);
  let min = Infinity, max = -Infinity, least = Infinity;
  const places = distinct && new Map(distinct.map((d, i) => [d, i]));
  values.forEach((v, i) => {
    const n = v === null || v === undefined ? NaN : numeric ? asNumber(v) : places.get(typeof v === "string" ? v : JSON.stringify(v));
    data[i] = n;
    if (!isFinite(n)) return;
    if (n < min) min = n;
    if (n > max) max = n;
    if (n > 0 && n < least) least = n;
  });
  return {
    name, kind, data, min, max, categories: distinct,
    few: distinctNumbers(data), logLike: numeric && min > 0 && max / min > 100 && (middle(data) - min) / (max - min) < 0.15,
    positive: numeric && min > 0, spread: numeric && min > 0 ? max / min : 1,
    varies: max > min, whole: numeric && known.every((v) => Number.isInteger(v)),
  };
}

// middle is the median: of what was drawn from a range by its logarithm, it lies near the low end.
function middle(data) {
  const sorted = data.filter((v) => isFinite(v)).sort();
  return sorted[Math.floor(sorted.length / 2)];
}

// distinctNumbers are a column's values when they are few: those of a list, which an axis names.
function distinctNumbers(data) {
  const seen = new Set();
  for (const v of data) if (isFinite(v) && seen.add(v).size > 8) return null;
  return [...seen].sort((a, b) => a - b);
}

/** dimensions are the columns of a table as {rows, trial, state, dims, value}; metric names the objective. */
export function dimensions(columns, metric) {
  const dims = columns.params.map((c) => dimension(c.name, "param", c.values));
  const value = dimension(metric || "value", "value", columns.value);
  for (const c of columns.metrics) if (c.name !== metric) dims.push(dimension(c.name, "metric", c.values));
  dims.push(dimension("seconds", "run", columns.seconds), dimension("trial", "run", columns.trial));
  dims.unshift(value);
  return { rows: columns.trial.length, total: columns.total, sampled: columns.sampled, trial: columns.trial, state: columns.state, ended: columns.ended_ms, seconds: columns.seconds, agent: columns.agent, value, dims };
}

/** goodness is a trial's rank by value among those that have one, from 0 to 1, the best 1; NaN: it has none. */
export function goodness(value, goal) {
  const order = Array.from(value.data.keys()).filter((i) => isFinite(value.data[i]));
  order.sort((a, b) => (goal === "maximize" ? 1 : -1) * (value.data[a] - value.data[b]));
  const out = new Float64Array(value.data.length).fill(NaN);
  let from = 0;
  while (from < order.length) { // equal values have one rank
    let to = from;
    while (to + 1 < order.length && value.data[order[to + 1]] === value.data[order[from]]) to++;
    for (let i = from; i <= to; i++) out[order[i]] = order.length > 1 ? (from + to) / 2 / (order.length - 1) : 1;
    from = to + 1;
  }
  return out;
}

/** better says whether a value beats another. */
export function better(goal, a, b) { return goal === "maximize" ? a > b : a < b; }
