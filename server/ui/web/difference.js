// Two texts line by line: what was taken away, what was put in, and what stands around it.

const mostCells = 4e6; // of the table that the longest common part is found by

/** difference is lines of {kind, text, before, after}: kind is same, less or more; before and after are numbers of lines. */
export function difference(one, other) {
  const a = one.split("\n"), b = other.split("\n"), out = [];
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const n = a.length - start - end, m = b.length - start - end;
  for (let i = 0; i < start; i++) out.push({ kind: "same", text: a[i], before: i + 1, after: i + 1 });
  const less = (i) => out.push({ kind: "less", text: a[start + i], before: start + i + 1 }), more = (j) => out.push({ kind: "more", text: b[start + j], after: start + j + 1 });
  if ((n + 1) * (m + 1) > mostCells) { // so large a part is shown as one that is another
    for (let i = 0; i < n; i++) less(i);
    for (let j = 0; j < m; j++) more(j);
  } else {
    const wide = m + 1, common = new Uint32Array((n + 1) * wide);
    for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) {
      common[i * wide + j] = a[start + i] === b[start + j] ? common[(i + 1) * wide + j + 1] + 1 : Math.max(common[(i + 1) * wide + j], common[i * wide + j + 1]);
    }
    for (let i = 0, j = 0; i < n || j < m;) {
      if (i < n && j < m && a[start + i] === b[start + j]) { out.push({ kind: "same", text: a[start + i], before: start + i + 1, after: start + j + 1 }); i++; j++; }
      else if (j >= m || (i < n && common[(i + 1) * wide + j] >= common[i * wide + j + 1])) less(i++);
      else more(j++);
    }
  }
  for (let k = end; k > 0; k--) out.push({ kind: "same", text: a[a.length - k], before: a.length - k + 1, after: b.length - k + 1 });
  return out;
}

/** around is the lines of a difference that have changed, each with some lines before and behind it, as parts. */
export function around(lines, some = 3) {
  const parts = [];
  let last = -1;
  lines.forEach((l, i) => {
    if (l.kind === "same") return;
    const from = Math.max(i - some, last + 1), to = Math.min(i + some, lines.length - 1);
    if (!parts.length || from > last + 1) parts.push([]);
    for (let k = from; k <= to; k++) if (k > last) { parts[parts.length - 1].push(lines[k]); last = k; }
  });
  return parts;
}
