// The address is the view: path and query behind # say what is shown, so that a link shows the same to whoever opens it.
import { ui } from "./html.js";

/** decode undoes the escapes of a part of an address; one that has wrong ones stands as it is. */
export function decode(text) { try { return decodeURIComponent(text); } catch { return text; } }

/** parse reads the part of an address behind #. */
export function parse(hash) {
  const [path, query] = hash.replace(/^#/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query ?? "") };
}

/** link is an address below #. */
export function link(parts, query = {}) {
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== "" && v !== null && v !== undefined));
  const text = q.toString();
  return "#/" + parts.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}

/** useRoute is where we are, from now on. */
export function useRoute() {
  const [route, setRoute] = ui.useState(() => parse(location.hash));
  ui.useEffect(() => {
    const changed = () => setRoute(parse(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

/** change sets words of the query and leaves the others; empty ones go. It makes no step to go back over. */
export function change(words) {
  const { parts, query } = parse(location.hash);
  for (const [k, v] of Object.entries(words)) {
    if (v === "" || v === null || v === undefined) query.delete(k); else query.set(k, v);
  }
  history.replaceState(null, "", link(parts, Object.fromEntries(query)));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
