// What a program writes, as a terminal would leave it: without escape sequences, and of a line that was written over and
// over, as progress bars do, its last form. The time it takes grows with the length, whatever is in it: trials write it.
const csi = /\u001b\[[0-9;:?]*[A-Za-z]/g, butColours = /\u001b\[(?:[0-9;:?]*[A-Za-ln-z]|\?[0-9;:?]*m)/g, osc = /\u001b\][^\u0007\u001b\n]{0,4096}(?:\u0007|\u001b\\)/g;

function last(line) {
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end--; // of CRLF, or before a form that has not come yet
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}

/** plain is a text without all that; colours says that sequences of colours stay. */
export function plain(text, colours = false) { return text.replace(colours ? butColours : csi, "").replace(osc, "").split("\n").map(last).join("\n"); }

/** pieces takes a text piece by piece, and keeps the last so many characters of it; lines that are whole are looked at once.
    colours says that sequences of colours stay. */
export function pieces(most, colours = false) {
  let whole = "", rest = "";
  return {
    add(piece) {
      const at = piece.lastIndexOf("\n") + 1;
      if (at > 0) { whole = (whole + plain(rest + piece.slice(0, at), colours)).slice(-most); rest = ""; }
      rest = (rest + piece.slice(at)).slice(-most);
    },
    text() {
      const text = (whole + plain(rest, colours)).slice(-most);
      return colours && text.length === most ? text.replace(/^[0-9;:]{0,100}m/, "") : text; // a sequence may have been cut
    },
  };
}
