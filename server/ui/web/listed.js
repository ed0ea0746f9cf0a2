// Which sweeps are listed, and in which order, by the words of the address.
import { endedOf, limitOf } from "./parts.js";

const filters = ["text", "state", "queue", "owner", "label", "archived"]; // words of the address
const most = 1000; // sweeps that are asked for to be sorted

/** none is the words of an address without a filter. */
export const none = Object.fromEntries([...filters, "limit"].map((name) => [name, ""]));

/** filtered says whether an address has a filter that leaves sweeps out. */
export function filtered(query) { return filters.some((name) => name !== "archived" && query.get(name)); }

/** labelsOf are the labels that an address wants; they have no spaces in them. */
export function labelsOf(query) { return (query.get("label") ?? "").split(" ").filter(Boolean); }

/** toggledLabel is the word when one more label is wanted, or one less. */
export function toggledLabel(query, label) {
  const list = labelsOf(query);
  return (list.includes(label) ? list.filter((l) => l !== label) : [...list, label]).join(" ");
}

/** askedFor is the path of the API that an address stands for. What is sorted is asked for as a whole, up to 1,000. */
export function askedFor(query) {
  const words = new URLSearchParams({ limit: String(query.get("sort") ? Math.max(limitOf(query), most) : limitOf(query)) });
  for (const name of ["text", "state", "queue", "owner"]) if (query.get(name)) words.set(name, query.get(name));
  for (const label of labelsOf(query)) words.append("label", label);
  if (query.get("archived") === "1") words.set("archived", "true");
  return `/sweeps?${words}`;
}

/** took is how many seconds a sweep has been at work. */
export function took(s, now) { return ((s.finished ? Date.parse(s.finished) : now) - Date.parse(s.created)) / 1000; }

// keys are what columns are sorted by; null stands behind all else.
const keys = {
  sweep: (s) => s.sweep, state: (s) => s.state, queue: (s) => s.queue ?? "", owner: (s) => s.owner || null,
  ended: (s) => endedOf(s.trials), total: (s) => s.trials.total, failed: (s) => s.trials.failed,
  best: (s) => (typeof s.best?.value === "number" ? s.best.value : null), begun: (s) => Date.parse(s.created), took,
};

/** sorted are sweeps by a column, or as they came, which is the newest first, where there is no such column. */
export function sorted(list, column, desc, now) {
  const key = Object.hasOwn(keys, column ?? "") ? keys[column] : null;
  if (!key) return list;
  const order = (a, b) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : (a < b) !== desc ? -1 : 1);
  return list.map((s) => [key(s, now), s]).sort((a, b) => order(a[0], b[0])).map(([, s]) => s);
}
