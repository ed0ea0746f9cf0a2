// What begins runs of a registered workflow, in words.
import { plural } from "./format.js";

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"], names = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const short = { "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *" };
const two = (n) => String(n).padStart(2, "0"), whole = (s) => /^\d+$/.test(s), each = /^\*(\/0*1)?$/;

// dayWord is the name of a day of the week; of any other text there is none.
function dayWord(text) { return days[/^0*[0-7]$/.test(text) ? Number(text) % 7 : names.indexOf(text.toUpperCase())]; }

// onDays are days of the week and ranges of them; null: the field says something else, too.
function onDays(text) {
  const parts = text.split(",").map((part) => {
    const [from, to, ...rest] = part.split("-"), first = dayWord(from), last = to === undefined ? "" : dayWord(to);
    if (rest.length || first === undefined || last === undefined || first === last) return null;
    return last ? `${first} to ${last}` : first;
  });
  return parts.every(Boolean) ? parts.join(", ") : null;
}

/** cronWords is a cron expression in words; one that has no short ones stands as it is. */
export function cronWords(text) {
  const [minute, hour, day, month, week, ...rest] = (short[text.trim().toLowerCase()] ?? text).trim().split(/\s+/), as = `at the times ${text}`;
  if (rest.length || week === undefined) return as;
  const every = /^\*\/(\d+)$/.exec(minute);
  let when;
  if (each.test(minute) && each.test(hour)) when = "every minute";
  else if (every && 60 % every[1] === 0 && each.test(hour)) when = `every ${plural(Number(every[1]), "minute")}`;
  else if (whole(minute) && each.test(hour)) when = Number(minute) ? `every hour, ${plural(Number(minute), "minute")} past` : "every hour";
  else if (whole(minute) && /^\*\/\d+$/.test(hour) && 24 % hour.slice(2) === 0) when = `every ${plural(Number(hour.slice(2)), "hour")}, at minute ${Number(minute)}`;
  else if (whole(minute) && /^\d+(,\d+)*$/.test(hour)) when = `at ${hour.split(",").map((h) => `${two(Number(h))}:${two(Number(minute))}`).join(", ")}`;
  else return as;
  const timed = when.startsWith("at ");
  if (day === "*" && month === "*" && week === "*") return timed ? `every day ${when}` : when;
  if (day === "*" && month === "*") { const on = onDays(week); return on ? `${on} ${when}` : as; }
  if (whole(day) && week === "*" && month === "*") return `on day ${Number(day)} of each month ${Number(day) > 28 ? "that has one, " : ""}${when}`;
  if (whole(day) && week === "*" && whole(month) && months[month - 1]) return `on ${months[month - 1]} ${Number(day)} ${when}`;
  return as;
}

/** triggerWords is a trigger in words. */
export function triggerWords(t) {
  if (t.kind === "cron") return `${cronWords(t.what)}${t.zone ? `, ${t.zone}` : ""}`;
  if (t.kind === "after") return `behind each success of ${t.what}`;
  if (t.kind === "signal") return `on the signal ${t.what}`;
  if (t.kind === "file") return `for each file that appears or changes: ${t.what}`;
  return `behind the sweep ${t.what}`;
}
