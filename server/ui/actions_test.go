package ui_test

import "testing"

// What may be done is confirmed with what happens, says why not, and tells what went wrong with what; what was done is not done twice.
const actionsTest = page + `
const { doingsOf, agentDoings, may, operates } = await import("./actions.mjs");
const { saidOf } = await import("./api.mjs");
const trials = (more) => ({ total: 10, waiting: 0, running: 0, launched: 0, succeeded: 7, failed: 3, stopped: 0, cached: 0, ...more });
const sweep = (id, more) => ({ sweep: id, here: true, owner: "ann", labels: ["x"], finished: "2026-01-01T00:00:00Z", trials: trials(), ...more });
const ann = { name: "ann", role: "submitter" }, bob = { name: "bob", role: "submitter" }, viewer = { name: "v", role: "viewer" }, root = { name: "root", role: "operator" };
const names = (list, who = root) => doingsOf(list, who).map((d) => d.shown + (d.why ? "!" : ""));
same(names([sweep("a")]), ["Retry failed", "Extend", "Label", "Archive", "Delete"]);
same(names([sweep("a", { finished: "", trials: trials({ running: 2, succeeded: 5 }) })]), ["Pause", "Stop", "Extend", "Label"]);
same(names([sweep("a", { archived: "2026-01-02T00:00:00Z", here: false })]), ["Unarchive", "Delete"]);
same(names([sweep("a"), sweep("b", { archived: "2026-01-02T00:00:00Z" })]), ["Retry failed 2", "Label 2", "Archive 1", "Unarchive 1", "Delete 2"]);
for (const who of [viewer, bob, null]) if (!names([sweep("a")], who).every((n) => n.endsWith("!"))) throw new Error(who?.name + " may " + names([sweep("a")], who));
same([names([sweep("a")], ann), doingsOf([sweep("a")], bob)[0].why], [names([sweep("a")]), "You are submitter, and this is not yours."]);
const one = (name, list, wanted) => doingsOf(list, root, wanted).find((d) => d.name === name);
same(one("Retry failed", [sweep("a"), sweep("b")]).text.startsWith("6 failed trials will be run again"), true);
same([one("Extend", [sweep("a")]).fields[0].min, one("Extend", [sweep("a")]).fields[0].value], [11, "20"]);
const asked = [], wanted = async (path, options) => { asked.push([path, options]); };
const did = async (name, list, typed) => { asked.length = 0; const wrong = await one(name, list, wanted).act(typed ?? {}); return [wrong, ...asked]; };
same(await did("Retry failed", [sweep("a")]), ["", ["/sweeps/a/retry", { method: "POST" }]]);
same(await did("Extend", [sweep("a")], { trials: "25" }), ["", ["/sweeps/a/extend", { method: "POST", body: { set: ["run_cap=25"] } }]]);
same(await did("Label", [sweep("a")], { labels: " y  z y" }), ["", ["/sweeps/a", { method: "PATCH", body: { labels: ["y", "z"] } }]]);
same(await did("Label", [sweep("a"), sweep("b", { labels: [] })], { labels: "y" }),
  ["", ["/sweeps/a", { method: "PATCH", body: { labels: ["x", "y"] } }], ["/sweeps/b", { method: "PATCH", body: { labels: ["y"] } }]]);
same(await did("Archive", [sweep("a b")]), ["", ["/sweeps/a%20b", { method: "PATCH", body: { archived: true } }]]);
same(await did("Delete", [sweep("a")]), ["", ["/sweeps/a", { method: "DELETE" }]]);
let broken = true;
const half = one("Retry failed", [sweep("a"), sweep("b")], async (path) => { asked.push(path); if (path.includes("/b/") && broken) throw new Error("the journal is full"); });
asked.length = 0;
same(await half.act({}), "b: the journal is full");
broken = false;
same([await half.act({}), asked], ["", ["/sweeps/a/retry", "/sweeps/b/retry", "/sweeps/b/retry"]]);
const agent = { agent: "A1", host: "h", running: 2 }, agents = (a, who, alone = true) => agentDoings(a, who, wanted, alone)[0];
asked.length = 0;
await agents(agent, root).act({ reason: "disk", minutes: "1.5" }); await agents(agent, root, false).act({ reason: "", minutes: "" });
await agents({ ...agent, cordon: { cordon: "c/1", agent: "h" } }, root).act({});
same(asked, [["/cordons", { method: "POST", body: { agent: "h", reason: "disk", seconds: 90 } }], ["/cordons", { method: "POST", body: { agent: "A1" } }], ["/cordons/c%2F1", { method: "DELETE" }]]);
same([agents(agent, ann).why, agents(agent, { name: "z", role: "admin" }).why, operates(viewer), may(ann, { owner: "ann" })], ["You are submitter.", "", false, true]);
same(agents({ ...agent, cordon: { cordon: "c", attribute: "rack", value: "7", by: "ann", reason: "fans" } }, root).text, "every agent whose rack is 7 gets work again. It was cordoned by ann: fans.");
same(saidOf({ detail: "validation failed", errors: [{ location: "body.labels", message: "is too long" }] }), "validation failed; body.labels: is too long");
same([saidOf({ title: "Conflict" }), saidOf({})], ["Conflict", ""]);
`

func TestActions(t *testing.T) { runNode(t, actionsTest) }
