// What an attempt writes, read while it does.
import { ui } from "./html.js";
import { ask } from "./api.js";
import { listen } from "./events.js";
import { pieces } from "./plain.js";

const most = 400000; // characters that are kept; what is older goes
const head = 8 << 20; // bytes that executors keep from the start: what comes behind is rotated away, and has no offset
const redraw = 150; // milliseconds between pictures of it
const unseen = 5000, soonest = 1000, latest = 30000; // milliseconds that a page is hidden until it lets go, and until it asks again

/** follow reads a stream of an attempt at a path of the API until the attempt has ended, as ended says, and tells show what there is:
    {text, read, over, error}, read in bytes. A stream that breaks, or that ends before, is begun again: soon, and when the server is
    back. A page that nobody sees holds none: browsers have six connections to a server for all their tabs. goesOn says that the path
    names the attempt, so that what was read need not be read again, up to the head. What it answers ends it. */
export function follow(path, { colours = false, goesOn = false, ended = () => false }, show) {
  let written = pieces(most, colours), decoder = new TextDecoder(), read = 0, drawn = 0, done = false, // all has been read
    stop = null, timer = 0, drawing = 0, wait = soonest;
  const tell = (error = null) => { clearTimeout(drawing); drawing = 0; drawn = Date.now(); show({ text: written.text(), read, over: done, error }); };
  const anew = () => { written = pieces(most, colours); decoder = new TextDecoder(); read = 0; };
  const begin = async () => {
    clearTimeout(timer);
    if (stop || done || document.hidden) return;
    const mine = stop = new AbortController(), from = goesOn && read < head ? read : 0;
    let error = null, first = true;
    try {
      const reader = (await ask(from ? `${path}&offset=${from}` : path, { signal: mine.signal })).body.getReader();
      for (;;) {
        const { value, done: last } = await reader.read();
        if (last) break;
        if (first && !from) anew(); // what was there stays until there is something newer
        first = false;
        wait = soonest;
        read += value.length;
        written.add(decoder.decode(value, { stream: true }));
        drawing ||= setTimeout(() => tell(), Math.max(redraw - (Date.now() - drawn), 0));
      }
      done = ended(); // or the server ends, or nobody here knows it yet
    } catch (err) {
      error = err.status === undefined ? new Error("the server does not answer") : err;
    }
    if (mine.signal.aborted) return;
    stop = null;
    tell(error);
    if (!done && !(error?.status >= 400 && ended())) { timer = setTimeout(begin, wait); wait = Math.min(2 * wait, latest); }
  };
  const leave = () => { clearTimeout(timer); clearTimeout(drawing); drawing = 0; stop?.abort(); stop = null; };
  const seen = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(leave, unseen); else begin();
  };
  const hush = listen((e) => { if (e.kind === "anew") begin(); });
  document.addEventListener("visibilitychange", seen);
  begin();
  return () => { leave(); hush(); document.removeEventListener("visibilitychange", seen); };
}

const nothing = { text: "", read: 0, over: false, error: null };

/** useWritten follows a stream of an attempt at a path of the API, anew when `again` changes; without a path there is none yet. ended says
    that the attempt has. Colours are kept if they are wanted. */
export function useWritten(path, again, ended, { colours = false, goesOn = false } = {}) {
  const [log, setLog] = ui.useState(nothing), now = ui.useRef();
  now.current = ended;
  ui.useEffect(() => {
    setLog(nothing);
    return path ? follow(path, { colours, goesOn, ended: () => now.current }, setLog) : undefined;
  }, [path, again]);
  return log;
}
