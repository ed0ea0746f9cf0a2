// The server's API, and whether it can be reached. Nothing else of a page asks the network.
import { ui } from "./html.js";

/** Refused is an answer that is no success. */
export class Refused extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

/** saidOf is a problem in words: what is wrong, and in which places of what was sent. */
export function saidOf(problem) {
  const places = (problem.errors ?? []).map((e) => [e.location, e.message].filter(Boolean).join(": ")).filter(Boolean);
  return [problem.detail ?? problem.title, ...places].filter(Boolean).join("; ");
}

const watchers = new Set();
export const server = { state: "connecting", since: Date.now() }; // state: connecting, live, lost, unknown (who asks is)

/** reached notes whether the server answers, and tells whoever shows it. */
export function reached(state) {
  if (server.state === state) return;
  server.state = state;
  server.since = Date.now();
  watchers.forEach((f) => f());
}

/** useServer is the state of the server, from now on. */
export function useServer() {
  const [, again] = ui.useState(0);
  ui.useEffect(() => {
    const f = () => again((n) => n + 1);
    watchers.add(f);
    return () => watchers.delete(f);
  }, []);
  return server;
}

/** ask does a request and answers its response. */
export async function ask(path, { method = "GET", body, signal, headers: more } = {}) {
  const headers = { ...more };
  if (method !== "GET") headers["X-Kaon-Request"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch("/v1" + path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin" });
  } catch (err) {
    if (err.name !== "AbortError") reached("lost");
    throw err.name === "AbortError" ? err : new Refused(0, "the server does not answer");
  }
  if (response.status === 401 && path !== "/session") reached("unknown");
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, saidOf(problem) || `the server answers ${response.status}`);
  }
  if (server.state !== "live") reached("live");
  return response;
}

/** get is the answer of a request as a value. */
export async function get(path, options) {
  const response = await ask(path, options);
  return response.status === 204 ? null : response.json();
}

/** sweepPath is the path of a sweep. */
export function sweepPath(id, rest = "") { return `/sweeps/${encodeURIComponent(id)}${rest}`; }

/** useGet is what a path answers: {data, error, loading, again}. What was there stays until there is something newer. Between two answers
    lie at least rest times as long as one takes: so is asked for what takes long where there is much. */
export function useGet(path, beat = 0, rest = 0) {
  const [state, setState] = ui.useState({ path: null, data: null, error: null });
  const [turn, again] = ui.useState(0);
  const work = ui.useRef(null);
  ui.useEffect(() => {
    const mine = (work.current = { stop: new AbortController(), busy: false, stale: false });
    return () => mine.stop.abort();
  }, [path]);
  ui.useEffect(() => {
    const mine = work.current;
    const look = () => { // one request at a time: what happens meanwhile is looked for behind it
      mine.stale = mine.busy;
      if (mine.busy || mine.stop.signal.aborted) return;
      mine.busy = true;
      const begun = Date.now(), free = () => { mine.busy = false; if (mine.stale) look(); };
      get(path, { signal: mine.stop.signal }).then(
        (data) => setState({ path, data, error: null }),
        (error) => error.name === "AbortError" || setState((s) => ({ path, data: s.path === path ? s.data : null, error })),
      ).finally(() => (rest ? setTimeout(free, rest * (Date.now() - begun)) : free()));
    };
    if (path) look();
  }, [path, turn, beat]);
  const current = state.path === path;
  return { data: current ? state.data : null, error: current ? state.error : null, loading: !current, again: () => again((n) => n + 1) };
}
