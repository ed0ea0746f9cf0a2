// A sweep's trials as dimensions to plot: every column a list of numbers, categories as their places in a list.

const notFinite = new Map([["NaN", NaN], ["Infinity", Infinity], ["-Infinity", -Infinity]]);

function asNumber(v) { return typeof v === "number" ? v : notFinite.get(v) ?? NaN; }

// named is a value that is no number as pictures call it.
function named(v) { return typeof v === "string" ? v : JSON.stringify(v); }

/** inOrder are names that differ in the order of a list; behind what is in it numbers by their values, and the others
    by their letters. */
export function inOrder(names, list = []) {
  const places = new Map(list.map((v, i) => [named(v), i]));
  const number = (name) => (name.trim() === "" ? NaN : Number(name));
  const all = names.map((name) => [name, places.get(name) ?? Infinity, number(name)]);
  const by = (a, b) => (a === b || (isNaN(a) && isNaN(b)) ? 0 : isNaN(b) || a < b ? -1 : 1);
  return all.sort((a, b) => by(a[1], b[1]) || by(a[2], b[2]) || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
}

function dimension(name, of, kind, values, order) {
  const known = values.filter((v) => v !== null && v !== undefined);
  const numeric = known.every((v) => typeof v === "number" || (typeof v === "string" && notFinite.has(v)));
  const distinct = numeric ? null : inOrder([...new Set(known.map(named))], order);
  const data = new Float64Array(values.length);
  let min = Infinity, max = -Infinity, least = Infinity;
  const places = distinct && new Map(distinct.map((d, i) => [d, i]));
  values.forEach((v, i) => {
    const n = v === null || v === undefined ? NaN : numeric ? asNumber(v) : places.get(named(v));
    data[i] = n;
    if (!isFinite(n)) return;
    if (n < min) min = n;
    if (n > max) max = n;
    if (n > 0 && n < least) least = n;
  });
  return {
    name, of, kind, data, min, max, categories: distinct,
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

/** dimensions are the columns of a table as {rows, trial, state, dims, value}; metric names the objective. Each has a name that no
    other has: a metric that is named as a parameter is called metric.NAME, and what of a run is named as either run.NAME; of is
    the name of the column. */
export function dimensions(columns, metric) {
  const taken = new Set(), add = (of, kind, values, prefix = kind, order = []) => {
    let name = of;
    while (taken.has(name)) name = `${prefix}.${name}`;
    taken.add(name);
    return dimension(name, of, kind, values, order);
  };
  const dims = columns.params.map((c) => add(c.name, "param", c.values, "param", c.order));
  const value = add(metric || "value", "value", columns.value, "metric");
  for (const c of columns.metrics) if (c.name !== metric) dims.push(add(c.name, "metric", c.values));
  dims.push(add("seconds", "run", columns.seconds), add("trial", "run", columns.trial));
  dims.unshift(value);
  return { rows: columns.trial.length, total: columns.total, sampled: columns.sampled, trial: columns.trial, state: columns.state, ended: columns.ended_ms, seconds: columns.seconds, agent: columns.agent, value, dims };
}

/** goodness is a trial's rank by value among those that have one, from 0 to 1, the best 1; NaN: it has none. */
export function goodness(value, goal) {
  if (!ranks.has(value)) ranks.set(value, new Map());
  const known = ranks.get(value);
  if (!known.has(goal)) known.set(goal, ranked(value, goal));
  return known.get(goal);
}

const ranks = new WeakMap(); // of dimensions, by goal: every plot asks for them

function ranked(value, goal) {
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

/** focus is the range of a value's axis where trials are worth telling apart: without the worst fifth when it lies far
    off; undefined: all of it. */
export function focus(value, goal) {
  const sorted = value.data.filter((v) => isFinite(v)).sort(), n = sorted.length;
  if (n <= 20) return undefined;
  const [lo, hi] = goal === "maximize" ? [sorted[Math.floor(0.2 * (n - 1))], sorted[n - 1]] : [sorted[0], sorted[Math.floor(0.8 * (n - 1))]];
  return hi > lo && (sorted[n - 1] - sorted[0]) / (hi - lo) > 1.5 ? [lo, hi] : undefined;
}

/** bands are the values of a dimension that has few, each with a band of its axis: {labels, of}; null: it is a range. */
export function bands(dim) {
  if (dim.categories) return { labels: dim.categories, of: (v) => v };
  if (dim.kind !== "param" || !dim.few || dim.few.length < 2) return null;
  const places = new Map(dim.few.map((v, i) => [v, i]));
  return { labels: dim.few.map(String), of: (v) => places.get(v) ?? NaN };
}
