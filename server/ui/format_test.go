package ui_test

import "testing"

const formatTest = `
import { tick, value } from "./format.mjs";
const same = (got, want) => { if (got !== want) throw new Error("it is " + got + ", not " + want); };
const plain = (v) => value(v).replace(/[^0-9a-z.-]/g, ""); // without the separators of a language
same(plain(131072), "131072");
same(plain(-123457), "-123457");
same(plain(Number.MAX_SAFE_INTEGER), "9007199254740991");
same(plain(1e20), "1e20");
same(plain(1.5e-7), "1.5e-7");
same(value(null), "–");
same(value("a"), "a");
same(tick(131072), "131072");
same(tick(123457), "123457");
same(tick(0.25), "0.25");
same(tick(2.5e8), "2.5e8");
`

// Whole numbers are shown in full, as a number of steps is no measurement.
func TestNumbersOfPages(t *testing.T) { runNode(t, formatTest, "format") }
