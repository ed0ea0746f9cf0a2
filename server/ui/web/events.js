// What happens, as the server tells it: one stream for all who listen. When it breaks it is begun again, and everybody
// looks anew.
import { reached, server, get } from "./api.js";
import { ui } from "./html.js";

const listeners = new Set();
let source = null, retry = 0, timer = 0;

function open() {
  clearTimeout(timer);
  source?.close();
  source = null;
  if (document.hidden) return; // seen begins it
  source = new EventSource("/v1/events");
  source.onopen = () => { retry = 0; reached("live"); tell({ kind: "anew" }); };
  source.addEventListener("snapshot", (e) => tell({ kind: "snapshot", ...JSON.parse(e.data) }));
  source.addEventListener("event", (e) => tell(JSON.parse(e.data)));
  source.onmessage = (e) => tell(JSON.parse(e.data));
  source.onerror = () => {
    source?.close();
    if (server.state !== "unknown") reached("lost");
    timer = setTimeout(probe, Math.min(500 * 2 ** retry++, 10000));
  };
}

// probe asks who we are before a stream is begun: a stream that is refused does not say why.
function probe() {
  get("/whoami").then(open, () => { if (server.state !== "unknown") timer = setTimeout(probe, Math.min(500 * 2 ** retry++, 10000)); });
}

function tell(event) { listeners.forEach((f) => f(event)); }

// A page that nobody sees holds no stream: browsers have six connections to a server for all their tabs. Seen again, it looks
// anew, as after a break.
function seen() {
  clearTimeout(timer);
  if (document.hidden) { timer = setTimeout(() => { source?.close(); source = null; }, 5000); return; }
  if (listeners.size > 0 && (!source || source.readyState === EventSource.CLOSED)) open();
}
document.addEventListener("visibilitychange", seen);
addEventListener("pagehide", () => { clearTimeout(timer); source?.close(); source = null; });
addEventListener("pageshow", seen);

/** listen begins the stream for the first who listens, and ends it behind the last. */
export function listen(f) {
  listeners.add(f);
  if (listeners.size === 1) open();
  return () => {
    listeners.delete(f);
    if (listeners.size === 0) { clearTimeout(timer); source?.close(); source = null; }
  };
}

/** useBeat is a number that rises soon after something has happened to a sweep, or to any when id is empty; never more
    often than every so many milliseconds. */
export function useBeat(id, every = 500, wanted = () => true) {
  const [beat, setBeat] = ui.useState(0);
  const rest = ui.useRef({ every, wanted });
  rest.current = { every, wanted };
  ui.useEffect(() => {
    let due = 0, last = 0;
    const stop = listen((e) => {
      if (e.kind !== "anew" && ((id && e.sweep !== id) || !rest.current.wanted(e)) || due) return;
      due = setTimeout(() => { due = 0; last = Date.now(); setBeat((n) => n + 1); }, Math.max(rest.current.every - (Date.now() - last), 60));
    });
    return () => { clearTimeout(due); stop(); };
  }, [id]);
  return beat;
}

/** useClock is the time, from now on, every so many milliseconds. */
export function useClock(every = 1000) {
  const [now, setNow] = ui.useState(Date.now());
  ui.useEffect(() => {
    const t = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(t);
  }, [every]);
  return now;
}
