// What an attempt writes, read while it does.
import { ui } from "./html.js";
import { ask } from "./api.js";
import { pieces } from "./plain.js";

const most = 400000; // characters that are kept; what is older goes
const redraw = 150; // milliseconds between pictures of it

/** useWritten follows a stream of an attempt at a path of the API, anew when `again` changes; without a path there is none yet.
    Colours are kept if they are wanted. */
export function useWritten(path, again, colours = false) {
  const [log, setLog] = ui.useState({ text: "", read: 0, over: false, error: null });
  ui.useEffect(() => {
    if (!path) return undefined;
    const stop = new AbortController(), written = pieces(most, colours);
    let read = 0, drawn = 0;
    const show = (over, error = null) => { drawn = Date.now(); setLog({ text: written.text(), read, over, error }); };
    (async () => {
      const reader = (await ask(path, { signal: stop.signal })).body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        read += value.length;
        written.add(value);
        if (Date.now() - drawn > redraw) show(false);
      }
      show(true);
    })().catch((err) => err.name === "AbortError" || show(true, err));
    return () => stop.abort();
  }, [path, again]);
  return log;
}
