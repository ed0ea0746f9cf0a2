package ui_test

import "testing"

// Words of a cron expression say all of it; where there are no short ones, it stands as it is.
const cronTest = `
import { cronWords } from "./triggerwords.mjs";
const raw = ["0 6 * * MON-FRI/2", "0 6 * * */2", "0 6 * * MON-", "0 6 * * MONDAY", "0 6 * * 8", "0 6 * * 0-7", "0 6 * * MON,", "0 6 * * MON-WED-FRI", "0 6 * JAN-MAR *",
  "0,30 * * * *", "*/7 * * * *", "*/0 * * * *", "10-50/10 * * * *", "*/15 9 * * *", "*/15 9-17 * * *", "0 */5 * * *", "0 */0 * * *", "0 9-17 * * *", "0 1-23/2 * * *", "0 9,12-14 * * *",
  "* 9 * * *", "0 6 1,15 * *", "0 6 */2 * *", "0 6 1 * MON", "0 6 1 13 *", "0 6 1 JAN *", "0 6 * 1 *", "0 6 * *", "0 6 * * * *", "@reboot"];
const want = {
  "* * * * *": "every minute", "*/1 * * * *": "every minute", "* */1 * * *": "every minute", "*/15 * * * *": "every 15 minutes", "@hourly": "every hour", "1 * * * *": "every hour, 1 minute past",
  "5 */1 * * *": "every hour, 5 minutes past", "0 */6 * * *": "every 6 hours, at minute 0",
  "30 2 * * *": "every day at 02:30", "05 006,18 * * *": "every day at 06:05, 18:05", "@daily": "every day at 00:00", "@weekly": "Sunday at 00:00",
  "0 6 * * MON-FRI": "Monday to Friday at 06:00", "0 6 * * mon-Fri": "Monday to Friday at 06:00", "0 6 * * 5-7": "Friday to Sunday at 06:00", "0 6 * * 7": "Sunday at 06:00",
  "0 6 * * MON-FRI,SUN": "Monday to Friday, Sunday at 06:00", "0 6 * * MON,WED-FRI": "Monday, Wednesday to Friday at 06:00", "0 6 * * 1,3": "Monday, Wednesday at 06:00",
  "*/5 * * * SAT": "Saturday every 5 minutes", "@monthly": "on day 1 of each month at 00:00", "0 6 31 * *": "on day 31 of each month that has one, at 06:00",
  "0 6 01 01 *": "on January 1 at 06:00", "@yearly": "on January 1 at 00:00",
};
for (const text of raw) want[text] = "at the times " + text;
for (const [text, words] of Object.entries(want)) if (cronWords(text) !== words) throw new Error(text + " is " + cronWords(text) + ", not " + words);
`

func TestWordsOfCron(t *testing.T) { runNode(t, cronTest, "triggerwords", "format") }
