// Numbers, times and names as people read them, in the browser's own language.

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** count is a whole number. */
export function count(n) { return n === undefined || n === null ? "–" : whole.format(n); }

/** plural is a count with its noun. */
export function plural(n, noun) { return `${count(n)} ${noun}${n === 1 ? "" : "s"}`; }

/** firstOf is how many of things are shown, in words; which says which those are. */
export function firstOf(shown, total, noun, which = "") {
  return shown < total ? `${which ? "" : "the first "}${count(shown)} of ${plural(total, noun)}${which && `: ${which}`}` : plural(total, noun);
}

/** value is a number: a whole one as it is, any other with five digits, and an exponent where it would be long. */
export function value(v) {
  if (v === null || v === undefined) return "–";
  if (typeof v !== "number") return typeof v === "string" ? v : JSON.stringify(v);
  if (Number.isSafeInteger(v)) return whole.format(v);
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return v.toExponential(3).replace("e+", "e").replace(/\.?0+e/, "e");
  return short.format(v);
}

/** tick is a label of an axis. */
export function tick(v) {
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return v.toExponential(3).replace("e+", "e").replace(/\.?0+e/, "e");
  return String(Number(v.toPrecision(7)));
}

/** duration is seconds in the two largest units that matter. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !isFinite(seconds)) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds), units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const at = units.findIndex(([, size]) => s >= size);
  const [name, size] = units[at], first = Math.floor(s / size), next = units[at + 1];
  const rest = next ? Math.floor((s % size) / next[1]) : 0;
  return `${first} ${name}${rest ? ` ${rest} ${next[0]}` : ""}`;
}

/** ago is how long since a time. */
export function ago(time, now = Date.now()) {
  const s = (now - Date.parse(time)) / 1000;
  if (!isFinite(s)) return "–";
  if (s < 5) return "just now";
  const [name, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, u]) => s >= u);
  return `${plural(Math.floor(s / size), name)} ago`;
}

/** stamp is a time in full. */
export function stamp(time) { const t = typeof time === "number" ? time : Date.parse(time); return isFinite(t) && t > 0 ? when.format(t) : "–"; }

/** inZone is a time in a zone; one in UTC, which is said, where the browser does not know the zone. */
export function inZone(time, zone) {
  const as = (timeZone) => new Date(time).toLocaleString(undefined, { timeZone, dateStyle: "medium", timeStyle: "short" });
  try { return as(zone); } catch { return `${as("UTC")} UTC`; }
}

/** bytes is a size. */
export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) { n /= 1000; i++; }
  return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

/** flat is nested parameters by dotted names. */
export function flat(params, before = "") {
  return Object.entries(params ?? {}).flatMap(([k, v]) =>
    v && typeof v === "object" && !Array.isArray(v) ? flat(v, `${before}${k}.`) : [[before + k, v]]);
}
