// Colours that programs write with escape sequences, as text with names of classes: nothing of a log becomes markup. Of the
// many colours that there are, eight are told apart, so that each can be read in light and in dark.
const sequence = /\u001b\[([0-9;:]*)m/g, mostPieces = 4000;

/** nearest is which of the eight colours a colour is like. */
function nearest(r, g, b) {
  const high = Math.max(r, g, b), low = Math.min(r, g, b);
  if (high - low < 40) return high > 90 ? 7 : 0;
  const middle = (high + low) / 2;
  return (r > middle ? 1 : 0) + (g > middle ? 2 : 0) + (b > middle ? 4 : 0);
}

function of256(n) {
  if (!(n >= 0 && n <= 255)) return null;
  if (n < 16) return n % 8;
  if (n >= 232) return n > 240 ? 7 : 0;
  const six = n - 16;
  return nearest(Math.floor(six / 36) * 51, (Math.floor(six / 6) % 6) * 51, (six % 6) * 51);
}

// apply is a style after a sequence.
function apply(style, text) {
  const codes = text.split(/[;:]/).map((n) => Number(n || 0));
  let s = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const n = codes[i];
    if (n === 0) s = {};
    else if (n === 1) s.bold = true;
    else if (n === 2) s.dim = true;
    else if (n === 3) s.italic = true;
    else if (n === 4) s.underline = true;
    else if (n === 22) { s.bold = false; s.dim = false; }
    else if (n === 23) s.italic = false;
    else if (n === 24) s.underline = false;
    else if (n >= 30 && n <= 37) s.colour = n - 30;
    else if (n >= 90 && n <= 97) s.colour = n - 90;
    else if (n === 39) s.colour = undefined;
    else if (n === 38 || n === 48) {
      const wide = codes[i + 1] === 2, c = wide ? nearest(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0) : of256(codes[i + 2]);
      if (n === 38 && c !== null) s.colour = c;
      i += wide ? 4 : 2;
    }
  }
  return s;
}

function names(s) {
  return [s.colour > 0 && `ansi-${s.colour}`, s.bold && "ansi-bold", s.dim && "ansi-dim", s.italic && "ansi-italic", s.underline && "ansi-underline"].filter(Boolean).join(" ");
}

/** coloured is a text as pieces [text, classes], without its sequences. Behind thousands of pieces the rest has no colour. */
export function coloured(text) {
  const out = [];
  let at = 0, style = {};
  for (const m of text.matchAll(sequence)) {
    if (m.index > at) out.push([text.slice(at, m.index), names(style)]);
    at = m.index + m[0].length;
    style = apply(style, m[1].slice(0, 100));
    if (out.length >= mostPieces) break;
  }
  if (at < text.length) out.push([text.slice(at).replace(sequence, ""), out.length >= mostPieces ? "" : names(style)]);
  return out;
}
