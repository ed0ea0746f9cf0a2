// A sweep's trials as a CSV file, made in the browser from what plots are drawn from.
import { get, sweepPath } from "./api.js";

// A spreadsheet must not run what a trial has written.
function cell(v) {
  if (v === null || v === undefined) return "";
  let text = typeof v === "object" ? JSON.stringify(v) : String(v);
  if (typeof v !== "number" && /^[=+\-@\t\r＝＋－＠]/.test(text)) text = "'" + text;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// save has the browser save rows of cells.
function save(name, rows) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** saveCSV has the browser save all trials, and says how many of how many they are. */
export async function saveCSV(sweep) {
  const c = await get(sweepPath(sweep.sweep, "/columns?most=200000"));
  const columns = [["trial", c.trial], ["state", c.state], ["value", c.value], ["attempts", c.attempts], ["seconds", c.seconds],
    ...c.params.map((p) => ["param." + p.name, p.values]), ...c.metrics.map((m) => ["metric." + m.name, m.values])];
  save(sweep.sweep + ".csv", [columns.map(([name]) => name), ...c.trial.map((_, i) => columns.map(([, values]) => values[i]))]);
  return { saved: c.trial.length, total: c.total, sampled: c.sampled };
}

const atOnce = 5000, mostShown = 200000;

/** saveShown has it save the trials of a list as it is filtered and sorted, with columns of [name, of a trial]. */
export async function saveShown(sweep, words, columns) {
  const rows = [columns.map(([name]) => name)];
  let total = 0;
  for (let from = 0; from < mostShown; from += atOnce) {
    const page = await get(sweepPath(sweep.sweep, `/trials?${words}&limit=${atOnce}&offset=${from}`));
    total = page.total;
    for (const t of page.items) rows.push(columns.map(([, of]) => of(t)));
    if (page.items.length < atOnce) break;
  }
  save(sweep.sweep + "-shown.csv", rows);
  return { saved: rows.length - 1, total, sampled: rows.length - 1 < total };
}
