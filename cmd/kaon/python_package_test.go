package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// script runs a program with the package, whose kaon is this test; it returns what it printed.
func (p place) script(name, text string, args ...string) string {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	source, err := filepath.Abs("../../python")
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(name, text)
	cmd := exec.Command("python3", append([]string{"-B", "-W", "error::ResourceWarning", name}, args...)...)
	cmd.Dir, cmd.Env = p.dir, append(p.environ(), "KAON_BINARY="+self, "PYTHONPATH="+source, "XDG_CONFIG_HOME="+p.dir)
	return p.launch(cmd).wait().ends(exitDone).stdout
}

const runAndRead = `
import json, sys, kaon

@kaon.sweep(x=[1, 2, 3], y=kaon.group(z=["a<b"]), metric="min loss")
def train(x, y, steps=3):
    with open(__import__("os").environ["KAON_ARTIFACTS"] + "/note.txt", "w") as f:
        f.write("of %d" % x)
    print("hello")
    for i in range(steps):
        kaon.report({"loss": x + i, "odd name": float("nan")}, step=i)
    return x / 2

def refused(kind, call):
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError("it was not refused")

if __name__ == "__main__":
    assert train.plan()["trials"] == 3
    s = train.run("results", parallel=2)
    place = kaon.open("results")
    assert place.sweep().id == s.id == place.sweep(s.id[:7]).id and s.state == "succeeded"
    assert place.sweeps()[0]["best"] == 0.5 and s.info()["goal"] == "minimize"
    rows = s.trials(sort="value", desc=True)
    assert rows.column("trial") == [2, 1, 0] and rows[0]["param.y.z"] == "a<b" and rows[0]["value"] == 1.5, rows
    assert rows[0]["metric.odd name"] != rows[0]["metric.odd name"], "NaN is a number"
    assert s.trials(limit=1, state="succeeded").column("trial") == [0] and not s.trials(state=["failed"])
    assert [c["points"][:3] for c in s.curves([1])] == [[(0, 2), (1, 3), (2, 4)]], s.curves([1])
    assert [p["metric.loss"] for p in s.points(1, "loss")] == [2, 3, 4, 1]
    best = s.best()
    assert (best.trial, best.value, best.params) == (0, 0.5, {"x": 1, "y": {"z": "a<b"}})
    assert s.artifacts().column("name") == ["note.txt"] and s.artifact("note.txt", 2) == b"of 3" and s.logs(1) == "hello\n"
    assert s.trial(2)["state"] == "succeeded" and place.compare(s.id + "/0", s.id + "/1")["params"][0]["values"] == [1, 2]
    assert "a&lt;b" in rows._repr_html_() and s.id in s._repr_html_() and s.report().startswith("<!doctype html>")
    assert "sweep" in s.importance()["note"] or s.importance()["trials"] == 0
    for name in ("nothing", "--results=/", "-x", ""):
        refused(kaon.KaonError, lambda: place.sweep(name))
    refused(kaon.NotFound, lambda: s.trial(99))
    refused(kaon.NotFound, lambda: s.artifact("../../../sweep.json", 0))
    refused(kaon.NotFound, lambda: s.stop())
    refused(kaon.NotFound, lambda: kaon.open("no such folder"))
    said = refused(kaon.SpecError, lambda: kaon.sweep({"method": "grid", "parameters": {"x": {"valus": [1]}}, "command": "true"}).run("results"))
    assert "parameters.x.valus" in said and "did you mean" in said, said
    said = refused(kaon.SweepFailed, lambda: kaon.sweep({"method": "grid", "parameters": {"x": {"value": 1}}, "command": "exit 3"}).run("results", quiet=True))
    assert "has ended as failed" in said, said
    print("read")
`

// A script runs a sweep of its function and reads all of its results from their folder.
func TestPythonRunsAndReads(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	if out := p.script("train.py", runAndRead); out != "read\n" {
		t.Errorf("printed %q", out)
	}
}

const atServer = `
import sys, kaon

SPEC = {"name": "py", "method": "grid", "metric": {"name": "l", "goal": "minimize"}, "parameters": {"x": {"values": [3, 1, 2]}},
        "command": "for i in 1 2 3; do echo \"{\\\"l\\\": $KAON_PARAM_X.$i, \\\"step\\\": $i}\"; done; echo file > $KAON_ARTIFACTS/a.txt; test $KAON_PARAM_X != 9 || sleep 99"}
c = kaon.Client(sys.argv[1], sys.argv[2])
assert c.whoami()["role"] == "submitter" and c.validate(SPEC)["trials"] == c.plan(SPEC)["trials"] == 3
id = c.submit(SPEC, key="once", labels=["lab"])["sweep"]
assert c.submit(SPEC, key="once", labels=["lab"])["sweep"] == id
kinds = [e.kind for e in c.watch(id)]
assert kinds[0] == "snapshot" and ("ended" in kinds or kinds == ["snapshot"]), kinds
place = kaon.open(sys.argv[1], sys.argv[2])
s = place.sweep("lab")
assert s.id == place.sweep().id == place.sweep("py").id == id and s.state == "succeeded" and s.info()["best"]["trial"] == 1
assert s.trials(filter="params.x > 1", sort="value").column("param.x") == [2, 3]
assert s.best().params == {"x": 1} and s.curves([0])[0]["points"] == [(1, 3.1), (2, 3.2), (3, 3.3)] and len(s.curves()) == 3
assert s.points(2).column("metric.l") == [2.1, 2.2, 2.3] and s.artifact("a.txt", 0) == b"file\n" and "3.1" in s.logs(0)
assert len(s.report()) > 10000 and s.id in s._repr_html_() and place.compare(id + "/0", id + "/1")["leader"] == 1
assert kaon.sweep(dict(SPEC, name="again")).run(server=sys.argv[1], token=sys.argv[2], quiet=True).best().value == 1.3
long = kaon.sweep(dict(SPEC, name="long", parameters={"x": {"value": 9}})).submit(sys.argv[1], sys.argv[2], labels=["l"])
told = False
for event in c.watch(long.id):
    if not told: # the first is a snapshot, which points may be in already
        told = True
        long.pause(); long.resume(); long.stop(reason="enough")
assert long.state == "stopped", long.info()
for kind, call in ((kaon.NotFound, lambda: place.sweep("nope")), (kaon.NotFound, lambda: s.trial(99)), (kaon.Refused, lambda: s.stop()),
                   (kaon.Refused, lambda: s.trials(filter="params.x >")), (kaon.Denied, lambda: c.ask("GET", "/tokens")),
                   (kaon.Denied, lambda: kaon.Client(sys.argv[1], "other").whoami()), (kaon.NotFound, lambda: s.artifact("b.txt", 0)),
                   (kaon.SpecError, lambda: c.submit({"method": "grid", "parameters": {"x": {"valus": [1]}}, "command": "x"}))):
    try:
        call()
    except kind as error:
        assert sys.argv[2] not in str(error)
        continue
    raise AssertionError(kind)
assert c.delete(id)["objects"] > 3
local = kaon.open(sys.argv[3])
assert local.client.usage()["by"] == "queue" and "again" in local.sweeps().column("name") and len(local.client.agents()) == 1
print("asked")
`

// A script submits to a server, watches, reads, stops and is refused, by HTTP alone.
func TestPythonAtServer(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	_, port, _ := strings.Cut(closedPort(t), ":")
	server := p.start("serve", "--listen", "127.0.0.1:"+port, "--json")
	var at struct{ Server string }
	testkit.Await(t, "the server", func() bool { return json.Unmarshal([]byte(server.stdout.String()), &at) == nil })
	var token struct{ Secret string }
	p.kaon("token", "create", "ann", "--role", "submitter", "--days", "1", "--json", "--server", at.Server).ends(exitDone).json(&token)
	if out := p.script("ask.py", atServer, "http://127.0.0.1:"+port, token.Secret, at.Server); out != "asked\n" {
		t.Errorf("printed %q", out)
	}
	server.signal(os.Interrupt)
	server.wait()
}

// cells runs a notebook's code as IPython does as far as kaon sees: each cell a source that linecache knows, and a display that is replaced.
const cells = `
import json, linecache, sys, types

class Handle:
    def update(self, data, raw):
        shown.append(data["text/plain"])

def display(data, raw, display_id):
    shown.append(data["text/plain"])
    return Handle()

shown = []
ipython = types.ModuleType("IPython")
ipython.get_ipython = lambda: object()
ipython.display = types.ModuleType("IPython.display")
ipython.display.display = display
sys.modules.update({"IPython": ipython, "IPython.display": ipython.display, "matplotlib": None})
with open(sys.argv[1]) as f:
    notebook = json.load(f)
for number, one in enumerate(notebook["cells"]):
    if one["cell_type"] == "code":
        text, name = "".join(one["source"]), "<cell %d>" % number
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        exec(compile(text, name, "exec"), globals())
assert shown and "8/8 trials" in shown[-1], shown
assert len(rows) == 5 and best.value == rows[0]["value"] < 1 and "param.lr" in rows.columns
print("all cells ran")
`

const inJupyter = `
import nbclient, nbformat, sys
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=120).execute()
pages = [o["data"]["text/html"] for c in notebook.cells for o in c.get("outputs", []) if "text/html" in o.get("data", {})]
assert len(pages) > 5 and any("8 <span" in page for page in pages), len(pages)
print("all cells ran")
`

// The notebook runs from its first cell to its last: by its code alone, and in Jupyter where that is installed.
func TestNotebookExample(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	p.examples()
	if out := p.script("cells.py", cells, "examples/notebook/sweep.ipynb"); !strings.HasSuffix(out, "all cells ran\n") {
		t.Errorf("printed %q", out)
	}
	t.Run("jupyter", func(t *testing.T) {
		if exec.Command("python3", "-c", "import nbclient, ipykernel").Run() != nil {
			t.Skip("beyond a whole run: needs a python3 with nbclient and ipykernel")
		}
		if out := p.script("jupyter.py", inJupyter, "examples/notebook/sweep.ipynb"); out != "all cells ran\n" {
			t.Errorf("printed %q", out)
		}
	})
}
