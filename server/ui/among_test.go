package ui_test

import "testing"

// A value lies among those of a part of all trials, which may all be less, and a list is the same as another with the same in it.
const amongTest = `
globalThis.addEventListener = () => {};
globalThis.matchMedia = () => ({ matches: false, addEventListener() {} });
globalThis.localStorage = { getItem: () => null };
globalThis.location = { hash: "" };
globalThis.document = { addEventListener() {}, documentElement: { dataset: {} } };
const { among } = await import("./trial.mjs");
for (const [values, at, percent, place] of [[[1, 2, 3], 4, 100, 100], [[1, 2, 3], 0, 0, 0], [[1, 2, 3], 2, 33, 50], [[1, 10, 1000], -5, 0, 0], [[1, 10, 1000], 5000, 100, 100], [[2, 2], 2, 0, 50]]) {
  const got = among(values, at);
  if (got.percent !== percent || Math.abs(got.place(at) - place) > 1e-9) throw new Error(at + " among " + values + ": " + got.percent + " %, at " + got.place(at));
}
for (const [values, at, same] of [[[[64, 32], [64, 32], [32], null], [64, 32], 2], [["a", "b", "a"], "a", 2], [[true, false], false, 1], [[{ a: 1 }, null], { a: 1 }, 1], [[null, null], 3, 0]]) {
  if (among(values, at).same !== same) throw new Error(JSON.stringify([values, at, among(values, at)]));
}
`

func TestValueAmongOthers(t *testing.T) { runNode(t, amongTest) }
