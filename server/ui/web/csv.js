// A sweep's trials as a CSV file, made in the browser from what plots are drawn from.
import { get, sweepPath } from "./api.js";

// A spreadsheet must not run what a trial has written.
function cell(v) {
  if (v === null || v === undefined) return "";
  let text = String(v);
  if (typeof v === "string" && /^[=+\-@\t\r＝＋－＠]/.test(text)) text = "'" + text;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** saveCSV has the browser save them. */
export async function saveCSV(sweep) {
  const c = await get(sweepPath(sweep.sweep, "/columns?most=200000"));
  const columns = [["trial", c.trial], ["state", c.state], ["value", c.value], ["attempts", c.attempts], ["seconds", c.seconds],
    ...c.params.map((p) => ["param." + p.name, p.values]), ...c.metrics.map((m) => ["metric." + m.name, m.values])];
  const lines = [columns.map(([name]) => cell(name)).join(",")];
  for (let i = 0; i < c.trial.length; i++) lines.push(columns.map(([, values]) => cell(values[i])).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = sweep.sweep + ".csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
