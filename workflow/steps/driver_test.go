package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// sparkStandIn is a program that takes the words of spark-submit and has its driver's REST API at spark.ui.port. It ends when it was
// asked for its jobs thrice; its first argument says how. Real Sparks are tried by make spark.
const sparkStandIn = `#!/usr/bin/env python3
import http.server, json, os, sys, threading
words = sys.argv[1:]
conf = dict(w.split("=", 1) for a, w in zip(words, words[1:]) if a == "--conf")
how = words[-1]
asked, looks = threading.Event(), []
class UI(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.replace("/api/v1/applications", "")
        if path == "": v = [{"id": "app-1", "name": "x"}]
        elif path == "/app-1/environment": v = {"sparkProperties": [[k, v] for k, v in conf.items()]}
        else:
            looks.append(path)
            v = [{"jobId": 0, "name": "count at job.py:3", "status": "SUCCEEDED" if len(looks) > 1 else "RUNNING", "numTasks": 8,
                  "numSkippedTasks": 0, "numCompletedTasks": 8 if len(looks) > 1 else 2, "numFailedTasks": 1, "numCompletedStages": 1,
                  "numSkippedStages": 0, "stageIds": [0]}]
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(v).encode())
        if len(looks) > 2: asked.set()
    def log_message(self, *a): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(conf["spark.ui.port"])), UI)
threading.Thread(target=server.serve_forever, daemon=True).start()
open("words", "w").write(json.dumps(words))
if how != "forever": asked.wait(60)
else: threading.Event().wait()
if how == "fails":
    sys.stderr.write("Traceback (most recent call last):\n  File x\npyspark.errors.exceptions.captured.AnalysisException: no such table\n"
                     "INFO ShutdownHookManager: Deleting directory /tmp/x\n")
    sys.exit(1)
if how == "puts out": json.dump({"rows": 3}, open(os.environ["KAON_OUTPUT"], "w"))
`

func TestSparkTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	x.env = []string{fmt.Sprintf("PORT0=%d", testkit.FreePort(t))}
	submit := x.write("spark-submit", sparkStandIn)
	result, err := x.do("spark-submit", map[string]any{
		"application": "job.py", "spark_submit": submit, "arguments": []any{"puts out"}, "conf": map[string]any{"spark.cores.max": int64(2)},
	})
	spark, _ := result.Outputs["spark"].(map[string]any)
	if err != nil || result.Outputs["rows"] != int64(3) || spark["app"] != "app-1" || spark["tasks_done"] != int64(8) || spark["tasks_failed"] != int64(1) {
		t.Errorf("it puts out %v, %v\n%s", result.Outputs, err, x.stderr)
	}
	for _, want := range []string{`"name": "spark_ui", "value": "http://`, `{"progress": 25.0,`, `{"progress": 100.0,`, `{"milestone": "job 0 succeeded: count at job.py:3, 8 tasks"}`} {
		if strings.Count(x.metrics, want) != 1 {
			t.Errorf("it tells\n%s\nwant once %s", x.metrics, want)
		}
	}
	_, err = x.do("spark-submit", map[string]any{"application": "job.py", "spark_submit": submit, "arguments": []any{"fails"}})
	if err == nil || err.Error() != "pyspark.errors.exceptions.captured.AnalysisException: no such table" {
		t.Errorf("it fails with %v", err)
	}
	_, err = x.do("spark-submit", map[string]any{"application": "job.py", "spark_submit": "./nowhere"})
	if err == nil || !strings.Contains(err.Error(), "install Spark") {
		t.Errorf("without Spark it fails with %v", err)
	}
}

func TestSparkIsKilled(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	x.env = []string{fmt.Sprintf("PORT0=%d", testkit.FreePort(t))}
	submit := x.write("spark-submit", sparkStandIn)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := sparkSubmit{}.Run(ctx, x.call(map[string]any{"application": "job.py", "spark_submit": submit, "arguments": []any{"forever"}}))
		ended <- err
	}()
	testkit.Await(t, "it to start", func() bool { _, err := os.Stat(filepath.Join(x.folder, "words")); return err == nil })
	cancel(ErrStop)
	if err := <-ended; !errors.Is(err, ErrStop) {
		t.Errorf("it ends with %v", err)
	}
}

// clusterStandIn is a spark-submit whose driver runs elsewhere, in files: it is asked for by --status and ended by --kill.
const clusterStandIn = `#!/bin/sh
case "$*" in
*--kill*) echo KILLED > state; echo "killed $*" >> log;;
*--status*) printf '{"driverState" : "%s"}\n' "$(cat state)"; echo asked >> log;;
*) echo RUNNING > state; echo '"submissionId" : "driver-20260101000000-0001",' >&2; echo "submitted $*" >> log; [ -f stay ] && exec sleep 600; echo FINISHED > state;;
esac
`

// An application that runs elsewhere is waited for, and ended there.
func TestSparkInClusterMode(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	keys := map[string]any{"application": "s3://b/a.jar", "class": "A", "spark_submit": x.write("spark-submit", clusterStandIn), "deploy_mode": "cluster"}
	if _, err := x.do("spark-submit", keys); err == nil || !strings.Contains(err.Error(), "master") {
		t.Errorf("without a master it is %v", err)
	}
	keys["master"] = "spark://m:6066"
	x.write("stay", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := sparkSubmit{}.Run(ctx, x.call(keys)); ended <- err }()
	read := func(name string) string { data, _ := os.ReadFile(filepath.Join(x.folder, name)); return string(data) }
	testkit.Await(t, "it to be submitted", func() bool { return strings.Contains(read("log"), "submitted") })
	cancel(ErrStop)
	<-ended
	if log := read("log"); !strings.Contains(log, "killed --master spark://m:6066 --kill driver-20260101000000-0001") ||
		!strings.Contains(log, "spark.standalone.submit.waitAppCompletion=true") {
		t.Errorf("it was told\n%s", log)
	}
}

func TestSQLBindsValues(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	evil := "O'Brien\"; DROP TABLE people; -- :age $x %s"
	_, err := x.do("sql", map[string]any{"database": "sqlite:///p.db", "parameters": map[string]any{"who": evil, "age": int64(41), "list": []any{1.5}},
		"query": "CREATE TABLE people (name TEXT, age INT, more TEXT); -- ; :nobody\nINSERT INTO people VALUES (:who, :age, :list), ('a;:b', 3, NULL)"})
	if err != nil {
		t.Fatal(err)
	}
	x.write("ask.sql", "SELECT name, age, more FROM people WHERE name = :who OR age < 10 ORDER BY age DESC;\n")
	result, err := x.do("sql", map[string]any{"database": "sqlite:///p.db", "file": "ask.sql", "parameters": map[string]any{"who": evil}, "rows": int64(1)})
	first, _ := result.Outputs["first"].(map[string]any)
	rows, _ := result.Outputs["rows"].([]any)
	if err != nil || first["name"] != evil || first["more"] != "[1.5]" || result.Outputs["count"] != int64(2) || len(rows) != 1 {
		t.Errorf("it puts out %v, %v", result.Outputs, err)
	}
	for query, want := range map[string]string{
		"SELECT * FROM nowhere":        "statement 1: OperationalError: no such table: nowhere",
		"SELECT 1; SELECT :x":          ":x stands in the query",
		"SELECT 'a":                    "does not end",
		" -- nothing\n;":               "asks nothing",
		"SELECT * FROM people LIMIT 1": ":who does not stand in the query",
	} {
		keys := map[string]any{"database": "sqlite:///p.db", "query": query}
		if strings.Contains(want, ":who") {
			keys["parameters"] = map[string]any{"who": "x"}
		}
		if _, err := x.do("sql", keys); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %v, want %q in it", query, err, want)
		}
	}
	x.env = []string{"MY_DATABASE=sqlite:///p.db"}
	if result, err := x.do("sql", map[string]any{"database": "$MY_DATABASE", "query": "SELECT count(*) AS n FROM people"}); err != nil || fmt.Sprint(result.Outputs["first"]) != "map[n:2]" {
		t.Errorf("by a variable it is %v, %v", result.Outputs, err)
	}
	if _, err := x.do("sql", map[string]any{"database": "$NO_DATABASE", "query": "SELECT 1"}); err == nil || !strings.Contains(err.Error(), "NO_DATABASE is not set") {
		t.Errorf("without the variable it is %v", err)
	}
}

func TestStatements(t *testing.T) {
	for text, want := range map[string]string{
		"a = :x and b = '::y :z;' and c::int = :w2": "[[a = |:x| and b = '::y :z;' and c::int = |:w2]]",
		"/* ; :a */ select $q$ :b ; $q$, `:c`; two": "[[/* ; :a */ select $q$ :b ; $q$, `:c`] [ two]]",
		"select a[1:2], :x::date, 'it''s :n'":       "[[select a[1:2], |:x|::date, 'it''s :n']]",
		"é = :é":                                    "[[é = :é]]",
		";;":                                        "[]",
	} {
		all, err := statements(text)
		got := "["
		for i, s := range all {
			if i > 0 {
				got += " "
			}
			var parts []string
			for _, p := range s {
				if p.Param != "" {
					parts = append(parts, ":"+p.Param)
				} else {
					parts = append(parts, p.Text)
				}
			}
			got += "[" + strings.Join(parts, "|") + "]"
		}
		if got += "]"; err != nil || got != want {
			t.Errorf("%q is %s, %v, want %s", text, got, err, want)
		}
	}
}

const beelineStandIn = `#!/bin/sh
while [ $# -gt 1 ]; do [ "$1" = -f ] && cp "$2" asked.sql; shift; done
echo "INFO  : 2026-01-01 Stage-1 map = 50%,  reduce = 0%" >&2
if grep -q nothing asked.sql; then echo "Error: Error while compiling statement: FAILED: SemanticException no table nothing" >&2; exit 2; fi
if grep -q forever asked.sql; then trap 'echo interrupted >> log; exit 1' INT; echo > started; while :; do sleep 0.1; done; fi
printf 't.name,n\n"a, b",1\nc,2\n'
`

func TestHiveAsksThroughBeeline(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	keys := map[string]any{"url": "jdbc:hive2://h:10000/d", "beeline": x.write("beeline", beelineStandIn), "query": "SELECT * FROM t WHERE a = :a AND b < :b",
		"parameters": map[string]any{"a": "x'; DROP TABLE t; -- ${hiveconf:y}\\", "b": 0.5}}
	result, err := x.do("hive", keys)
	if err != nil || fmt.Sprint(result.Outputs["first"]) != "map[n:1 name:a, b]" || result.Outputs["count"] != int64(2) || !strings.Contains(x.metrics, `{"progress": 25.0}`) {
		t.Errorf("it puts out %v, %v, and tells %s", result.Outputs, err, x.metrics)
	}
	asked, _ := os.ReadFile(filepath.Join(x.folder, "asked.sql"))
	if want := `SELECT * FROM t WHERE a = 'x\'\u003B DROP TABLE t\u003B -- \u0024{hiveconf:y}\\' AND b < 0.5;` + "\n"; string(asked) != want {
		t.Errorf("it asks %s, want %s", asked, want)
	}
	keys["parameters"], keys["query"] = nil, "SELECT * FROM nothing"
	if _, err := x.do("hive", keys); err == nil || !strings.Contains(err.Error(), "SemanticException no table nothing") {
		t.Errorf("it fails with %v", err)
	}
	keys["query"] = "SELECT forever"
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := hive{}.Run(ctx, x.call(keys)); ended <- err }()
	testkit.Await(t, "it to start", func() bool { _, err := os.Stat(filepath.Join(x.folder, "started")); return err == nil })
	cancel(ErrStop)
	if err := <-ended; !errors.Is(err, ErrStop) {
		t.Errorf("it ends with %v", err)
	}
}

func TestPigAndScala(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	program := x.write("tool", "#!/bin/sh\nprintf '%s|' \"$@\" > words\n: > script\nwhile [ $# -gt 1 ]; do [ \"$1\" = -f ] && cp \"$2\" script; shift; done\n"+
		"echo 'MapReduceLauncher - 40% complete' >&2\ngrep -q bad script && { echo 'ERROR 1066: Unable to open iterator for alias b' >&2; exit 6; }\nexit 0\n")
	words := func() string { data, _ := os.ReadFile(filepath.Join(x.folder, "words")); return string(data) }
	keys := map[string]any{"pig": program, "script": "a = LOAD '$in';", "parameters": map[string]any{"in": "a b", "n": int64(3)}, "exec_type": "local"}
	if _, err := x.do("pig", keys); err != nil || !strings.HasPrefix(words(), "-x|local|-param|in=a b|-param|n=3|-f|") || !strings.Contains(x.metrics, "40") {
		t.Errorf("it is %v of %s", err, words())
	}
	for _, evil := range []string{"`id`", "x'; rm", "$y", "a\nb"} {
		keys["parameters"] = map[string]any{"in": evil}
		if _, err := x.do("pig", keys); err == nil || !strings.Contains(err.Error(), "as part of the script") {
			t.Errorf("%q is %v", evil, err)
		}
	}
	keys["parameters"], keys["script"] = nil, "bad"
	if _, err := x.do("pig", keys); err == nil || !strings.HasPrefix(err.Error(), "ERROR 1066: ") {
		t.Errorf("it fails with %v", err)
	}
	if _, err := x.do("scala", map[string]any{"scala": program, "class": "a.Main", "class_path": []any{"a.jar", "lib"}, "arguments": []any{"x ${y}", int64(2)},
		"java_options": []any{"-Xmx1g"}, "properties": map[string]any{"k": "v"}}); err != nil || words() != "-J-Xmx1g|-Dk=v|-cp|a.jar:lib|a.Main|x ${y}|2|" {
		t.Errorf("it is %v of %s", err, words())
	}
}

func TestNotebookWithoutPapermill(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	python := x.write("python", "#!/bin/sh\nexec python3 -S -I \"$@\"\n") // it has no packages
	if _, err := x.do("notebook", map[string]any{"file": "a.ipynb", "interpreter": python}); err == nil || !strings.Contains(err.Error(), "has no papermill") {
		t.Errorf("it fails with %v", err)
	}
}

// A real notebook by a real papermill: KAON_PAPERMILL_PYTHON names a Python that has it.
func TestNotebookRuns(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	python := os.Getenv("KAON_PAPERMILL_PYTHON")
	if python == "" {
		python = "python3"
	}
	if exec.Command(python, "-c", "import papermill, ipykernel").Run() != nil {
		t.Log("papermill is not here, and no notebook ran: python3 -m venv V && V/bin/pip install papermill ipykernel, then KAON_PAPERMILL_PYTHON=V/bin/python")
		return
	}
	cell := func(source, tags string) string {
		return fmt.Sprintf(`{"cell_type": "code", "execution_count": null, "id": "c%d", "metadata": {"tags": [%s]}, "outputs": [], "source": %q}`, len(source), tags, source)
	}
	x.write("n.ipynb", `{"cells": [`+strings.Join([]string{
		cell("n = 1\nwho = 'nobody'", `"parameters"`),
		cell("import json, os\njson.dump({'n': n + 1, 'who': who}, open(os.environ['KAON_OUTPUT'], 'w'))", ""),
		cell("1 / (n - 5)", ""),
	}, ",")+`], "metadata": {"kernelspec": {"display_name": "p", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}`)
	evil := `x"; import os; os.abort() #`
	result, err := x.do("notebook", map[string]any{"file": "n.ipynb", "interpreter": python, "kernel": "python3", "parameters": map[string]any{"n": int64(41), "who": evil}})
	if err != nil || result.Outputs["n"] != int64(42) || result.Outputs["who"] != evil {
		t.Fatalf("it puts out %v, %v\n%s", result.Outputs, err, x.stderr)
	}
	if data, err := os.ReadFile(filepath.Join(x.folder, "run-n1-a1", "n.ipynb")); err != nil || !strings.Contains(string(data), "injected-parameters") {
		t.Errorf("the notebook that ran is %.100s, %v", data, err)
	}
	if _, err := x.do("notebook", map[string]any{"file": "n.ipynb", "interpreter": python, "parameters": map[string]any{"n": int64(5)}}); err == nil ||
		!strings.Contains(err.Error(), "ZeroDivisionError: division by zero") {
		t.Errorf("it fails with %v", err)
	}
}

// A function is called with inputs that no variable can hold, and a step whose program would look for them there says where they are.
func TestLargeInputs(t *testing.T) {
	t.Parallel()
	x := newTasks(t)
	x.write("f.py", "def main(text, n):\n    return {'size': len(text), 'last': text[-1], 'n': n}\n")
	call := x.call(map[string]any{"file": "f.py", "arguments": map[string]any{"n": int64(3)}})
	call.Inputs["text"] = strings.Repeat("x", 200_000) + "é"
	result, err := python{}.Run(t.Context(), call)
	if err != nil || result.Outputs["size"] != int64(200_001) || result.Outputs["last"] != "é" || result.Outputs["n"] != int64(3) {
		t.Errorf("it puts out %v, %v\n%s", result.Outputs, err, x.stderr)
	}
	call = x.call(nil)
	call.Inputs["text"], call.Script.Words = strings.Repeat("x", 200_000), []string{"true"}
	said := ""
	call.Progress = func(p Progress) { said += p.Text }
	if _, err := (command{}).Run(t.Context(), call); err != nil || !strings.Contains(said, "$KAON_PARAMS is not set") {
		t.Errorf("it says %q, %v", said, err)
	}
}
