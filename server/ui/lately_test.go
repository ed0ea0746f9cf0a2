package ui_test

import "testing"

// page has what modules of pages want of a browser when they are loaded.
const page = `
globalThis.addEventListener = () => {};
globalThis.matchMedia = () => ({ matches: false, addEventListener() {} });
globalThis.localStorage = { getItem: () => null };
globalThis.location = { hash: "" };
globalThis.document = { addEventListener() {}, documentElement: { dataset: {} } };
const same = (got, want) => {
  const [a, b] = [got, want].map((v) => JSON.stringify(v));
  if (a !== b) throw new Error("it is " + a + ", not " + b);
};
`

// What the cluster did says of which part of the work it is, and a sweep that cannot be got does not hide the others.
const latelyTest = page + `
const { latelyOf, toldOf } = await import("./lately.mjs");
const now = Date.now(), ago = (ms) => new Date(now - ms).toISOString();
const sweep = (i, more) => ({ sweep: "s" + i, here: true, metric: "loss", ...more });
const columns = (rows, total) => {
  const all = (v) => Array(rows).fill(v);
  return { trial: [...all(0).keys()], state: all("succeeded"), value: all(1), seconds: all(2), ended_ms: all(now),
    agent: all("a"), params: [], metrics: [], total, sampled: rows < total };
};
const server = (sweeps, total, answers = {}) => async (path) => {
  if (path.startsWith("/sweeps?")) return { items: sweeps, total };
  const id = path.split("/")[2];
  if (answers[id] instanceof Error) throw answers[id];
  return answers[id] ?? columns(3, 3);
};
const wrong = (name, message) => Object.assign(new Error(message), { name });
const list = [sweep(1), sweep(2, { finished: ago(1000) }), sweep(3, { finished: ago(1e6) }), sweep(4, { here: false })];
let got = await latelyOf(server(list, 4), now - 60000);
same([got.all.map((b) => b.name), toldOf(got), got.wrong], [["s1/0", "s1/1", "s1/2", "s2/0", "s2/1", "s2/2"], "", []]);
const answers = { s2: columns(10, 30000), s3: wrong("Refused", "the disk is away") };
got = await latelyOf(server([1, 2, 3, 4, 5, 6, 7].map((i) => sweep(i)), 9, answers), now - 60000);
same([got.wrong, got.all.length], [[{ sweep: "s3", message: "the disk is away" }], 3 + 10 + 3 + 3]);
for (const words of ["5 of 7 sweeps", "the newest 7 of 9 sweeps", "10 of 30,000 trials of s2"]) {
  if (!toldOf(got).includes(words)) throw new Error(toldOf(got));
}
same(await latelyOf(async () => { throw wrong("Refused", "no list"); }, now).then(() => "", (err) => err.message), "no list");
const left = server([sweep(1)], 1, { s1: wrong("AbortError", "left") });
same(await latelyOf(left, now).then(() => "", (err) => err.name), "AbortError");
`

func TestWhatTheClusterDid(t *testing.T) { runNode(t, latelyTest) }
