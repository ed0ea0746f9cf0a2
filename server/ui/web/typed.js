// What somebody typed, as a value, or why it cannot be sent as it is.

const nouns = { integer: "a whole number", number: "a number", boolean: "true or false", object: "a mapping, written as JSON,", list: "a list, written as JSON,", any: "a value" };
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g; // texts, so that no number is looked for in them, and numbers

/** altered is why JSON, read and written by a browser, would not be what it was; empty: it would. A remedy for whole numbers is another way to
    send them. */
export function altered(text, remedy) {
  for (const [found] of text.matchAll(token)) {
    if (found.startsWith('"')) continue;
    const number = Number(found), shown = found.length > 40 ? `${found.slice(0, 40)}…` : found;
    if (/^-?\d+$/.test(found) && !Number.isSafeInteger(number)) return `the browser has no whole numbers beyond 2^53, as ${shown}: ${remedy}`;
    if (!Number.isFinite(number)) return `${shown} is beyond what a number can be: write one up to ${Number.MAX_VALUE}`;
  }
  return "";
}

/** valueOf is what was typed for a parameter, as a value: {value}, or {wrong}. */
export function valueOf(text, type) {
  if (type === "string" || type === "file") return { value: text };
  let value;
  try { value = JSON.parse(text); } catch {
    return type === "any" ? { value: text } : { wrong: `${nouns[type] ?? `${type}, written as JSON,`} is needed` };
  }
  const wrong = altered(text, "use kaon workflow run");
  return wrong ? { wrong } : { value };
}

/** payloadOf is what was typed as the payload of a signal: {value}, or {wrong}. */
export function payloadOf(text) {
  let value;
  try { value = JSON.parse(text || "{}"); } catch (err) { return { wrong: `The payload is no JSON: ${err.message}` }; }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { wrong: "The payload is a JSON object, as {\"day\": \"2026-01-31\"}." };
  const wrong = altered(text, "use kaon workflow trigger");
  return wrong ? { wrong: `The payload: ${wrong}.` } : { value };
}
