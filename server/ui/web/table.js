// Text whose cells are separated, as a table.

/** table is the rows of a text whose cells are separated; quoted cells may hold what separates. */
export function table(text, separator, rows) {
  const out = [];
  let row = [], cell = "", quoted = false;
  for (let i = 0; i < text.length && out.length < rows; i++) {
    const ch = text[i];
    if (quoted) { if (ch !== '"') cell += ch; else if (text[i + 1] === '"') { cell += '"'; i++; } else quoted = false; }
    else if (ch === '"' && cell === "") quoted = true;
    else if (ch === separator) { row.push(cell); cell = ""; }
    else if (ch === "\n") { row.push(cell.replace(/\r$/, "")); out.push(row); row = []; cell = ""; }
    else cell += ch;
  }
  if (out.length < rows && (cell !== "" || row.length)) out.push([...row, cell]);
  return out;
}
