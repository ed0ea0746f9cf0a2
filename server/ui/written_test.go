package ui_test

import "testing"

// The log of what runs goes on when the server is back, and a page that nobody sees lets go of it. The server is real; time goes by a
// hundred times as fast.
const writtenTest = `
import { createServer } from "node:http";
const later = setTimeout, asked = [], wait = async (what, f) => { for (let i = 0; !f(); i++) { if (i > 6000) throw new Error("waited in vain for " + what + ": " + JSON.stringify([asked.map((a) => a.url), last])); await new Promise((go) => later(go, 10)); } };
globalThis.setTimeout = (f, ms, ...more) => later(f, ms > 30000 ? ms : ms / 100, ...more);
const http = createServer((rq, rs) => {
  const one = { url: rq.url, rs, gone: false };
  asked.push(one);
  rs.on("close", () => { one.gone = true; });
  rs.flushHeaders();
});
await new Promise((go) => http.listen(0, "127.0.0.1", go));
const real = fetch;
globalThis.fetch = (path, options) => real("http://127.0.0.1:" + http.address().port + path, options);
let seen = () => {}, source, last = null, ended = false;
globalThis.document = { hidden: false, documentElement: { dataset: {} }, addEventListener: (_, f) => { const before = seen; seen = () => { before(); f(); }; }, removeEventListener() {} };
globalThis.addEventListener = () => {};
globalThis.EventSource = class { constructor() { source = this; this.readyState = 1; } close() {} addEventListener() {} };
const { follow } = await import("./written.mjs");
let end = follow("/logs?follow=true", { goesOn: true, ended: () => ended }, (l) => { last = l; });
const next = async (n, url) => { await wait(url, () => asked.length >= n); if (asked.length !== n || asked[n - 1].url !== "/v1" + url) throw new Error("asked for " + asked.map((a) => a.url)); return asked[n - 1].rs; };
const is = (text, read) => wait(text, () => last?.text === text && last.read === read);
const broken = (await next(1, "/logs?follow=true"));
broken.write(Buffer.from([0x61, 0x0a, 0xc3]));
await is("a\n", 3);
broken.destroy();
await wait("an error", () => last.error);
if (last.text !== "a\n" || last.over || last.error.message !== "the server does not answer") throw new Error(JSON.stringify([last, last.error.message]));
const second = await next(2, "/logs?follow=true&offset=3");
second.write(Buffer.from([0xa9, 0x0a]));
await is("a\n\u00e9\n", 5);
if (last.error) throw new Error("it says " + last.error.message + " where there is no error");
second.end(); // as a server does that is stopped
const third = await next(3, "/logs?follow=true&offset=5");
if (last.over) throw new Error("over before the attempt has ended");
document.hidden = true;
seen();
await wait("a page that is hidden to let go", () => asked[2].gone);
await new Promise((go) => later(go, 1000));
if (asked.length !== 3) throw new Error("it asks for what nobody sees");
document.hidden = false;
seen();
const fourth = await next(4, "/logs?follow=true&offset=5");
source.onopen(); // which is no reason to ask twice
ended = true;
fourth.write("b\n");
fourth.end();
await wait("the end", () => last.over);
if (last.text !== "a\n\u00e9\nb\n") throw new Error(last.text);
source.onopen();
seen();
await new Promise((go) => later(go, 1000));
if (asked.length !== 4) throw new Error("it asks for what has ended");
end();
asked.length = 0; last = null; ended = false;
end = follow("/step", { ended: () => ended }, (l) => { last = l; });
const whole = await next(1, "/step");
whole.write("one\n");
await is("one\n", 4);
whole.destroy();
const again = await next(2, "/step");
if (last.text !== "one\n") throw new Error("what was there is gone");
again.write("two\n");
await is("two\n", 4);
end();
await wait("the end of what nobody follows", () => asked[1].gone);
asked.length = 0; last = null; // of what is longer than the head the executor has left out some
end = follow("/long?follow=true", { goesOn: true, ended: () => ended }, (l) => { last = l; });
const long = await next(1, "/long?follow=true");
long.write(Buffer.alloc((8 << 20) - 1, "x\n"));
await wait("almost the head", () => last?.read === (8 << 20) - 1);
long.destroy();
const behind = await next(2, "/long?follow=true&offset=8388607");
behind.write("\ny\n");
await wait("more than the head", () => last.read === (8 << 20) + 2);
behind.destroy();
const tail = await next(3, "/long?follow=true");
if (!last.text.endsWith("\ny\n")) throw new Error("what was there is gone");
tail.write("z\n");
await is("z\n", 2);
end();
process.exit(0);
`

func TestLogGoesOn(t *testing.T) { runNode(t, writtenTest) }
