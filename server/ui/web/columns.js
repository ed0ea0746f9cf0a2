// Which columns of the trials are hidden, as a word of the address.
import { decode } from "./route.js";

/** hiddenBy are the keys of the columns that a word hides; without one that is the host. */
export function hiddenBy(word) { return new Set(word === "none" ? [] : (word ?? "host").split(",").map(decode)); }

/** toggled is the word when one more column is hidden, or one less. */
export function toggled(word, key) {
  const next = hiddenBy(word);
  if (!next.delete(key)) next.add(key);
  return [...next].map(encodeURIComponent).join(",") || "none"; // an empty word goes
}
