package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/sweep/shell"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// flowJSON is what scripts know of `kaon workflow run --json` and `status --json`.
type flowJSON struct {
	Run      string `json:"run"`
	Workflow string `json:"workflow"`
	engine.View
	Seconds  float64           `json:"seconds"`
	Live     bool              `json:"live"`
	Messages []api.StepMessage `json:"messages"`
}

// flowOf is what a run said as JSON.
func flowOf(t *testing.T, r ran) flowJSON {
	t.Helper()
	var f flowJSON
	r.json(&f)
	return f
}

// step is one step of a run.
func (f flowJSON) step(t *testing.T, key string) engine.StepView {
	t.Helper()
	for _, s := range f.Steps {
		if s.Key == key {
			return s
		}
	}
	t.Fatalf("the run has no step %s: %+v", key, f.Steps)
	return engine.StepView{}
}

// deck is the expression of a talk on Netflix's Meson, as it stands there, with work in every step.
const deck = `
name: deck
parameters:
  regions: {type: "list[string]", default: [north, south, "we st'$(touch injected)"]}
steps:
  getUsers: {type: command, command: 'echo "{\"n\": 3}" > $KAON_OUTPUT', outputs: {n: integer}}
  wrangleData: {type: command, command: [sh, -c, 'printf "{\"rows\": %s}" $0 > $KAON_OUTPUT', "${steps.getUsers.outputs.n * 2}"]}
  trainGlobalModel: {type: command, command: 'echo "{\"err\": 0.5}" > $KAON_OUTPUT'}
  validateGlobalModel: {type: command, command: 'true'}
  trainRegModel:
    type: command
    inputs: {region: "${reg}"}
    command: 'echo started >> marks; printf "{\"err\": %d, \"name\": \"%s\"}" "$(printf %s "${reg}" | wc -c)" "$KAON_PARAM_REGION" > $KAON_OUTPUT'
  validateRegModel: {type: command, command: 'test ${steps.trainRegModel.outputs.err} -gt 1'}
  selectModel: {type: command, command: 'printf "{\"best\": %s}" ${min(steps.trainRegModel.outputs.err)} > $KAON_OUTPUT'}
  validateModel: {type: command, command: 'test ${steps.wrangleData.outputs.rows} = 6'}
graph: |
  start -> getUsers -> wrangleData ==> (trainGlobalModel -> validateGlobalModel, regionSplit **(reg = regions) --< (trainRegModel, validateRegModel) >-- regionJoin) >== selectModel -> validateModel -> end
`

func TestWorkflowFitsTheScreen(t *testing.T) {
	all := []api.WorkflowStep{
		{Step: "a", State: engine.Succeeded}, {Step: "b", State: engine.Running}, {Step: "c", State: engine.Waiting}, {Step: "d", State: engine.Failed},
	}
	for lines, want := range map[int]string{0: "abcd", 4: "abcd", 3: "bcd", 2: "bd", 1: "b"} {
		got := ""
		for _, s := range fitSteps(all, lines) {
			got += s.Step
		}
		if got != want {
			t.Errorf("on %d lines %q are shown, want %q", lines, got, want)
		}
	}
}

// The value of a secret parameter reaches steps, and stands in no file that kaon writes.
func TestWorkflowKeepsSecrets(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const secret = "hush-hush-99"
	var authorization atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization.Store(r.Header.Get("Authorization"))
		_, _ = w.Write([]byte("you said " + r.Header.Get("Authorization")))
	}))
	defer server.Close()
	p.write("flow.yaml", `
parameters: {TOKEN: {type: string, secret: true}, url: {type: string}}
steps:
  see: {type: command, secrets: [TOKEN], command: 'echo "it is $TOKEN"; [ ${#TOKEN} = 12 ]'}
  ask: {type: http, url: "${url}", headers: {Authorization: "Bearer ${TOKEN}"}}
  say: {type: notify, message: "${parameters.TOKEN}"}
  fail: {type: command, command: 'false'}
graph: see -> ask -> say -> fail
`)
	f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "-p", "TOKEN="+secret, "-p", "url="+server.URL, "--json").ends(exitFailed))
	if got := f.step(t, "ask").Outputs["body"]; got != "you said Bearer ***" || authorization.Load() != "Bearer "+secret {
		t.Errorf("the answer is %v, sent was %v", got, authorization.Load())
	}
	if err := filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "flow.yaml" {
			return err
		}
		if data, err := os.ReadFile(path); err != nil || strings.Contains(string(data), secret) && !strings.HasSuffix(path, "stdout") {
			t.Errorf("%s has it (%v)", path, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	p.kaon("workflow", "restart", f.Run).ends(exitUsage).says("set the variable TOKEN")
	p.kaon("workflow", "restart", f.Run, "--from", "say", "-p", "TOKEN=another-secret").ends(exitFailed).prints("say: ***")
	p.kaon("workflow", "run", "flow.yaml", "-p", "url=x").ends(exitUsage).says("`TOKEN` is secret", "-p TOKEN=")
	for text, want := range map[string]string{
		"inputs: {t: '${TOKEN}'}, command: x":       "`TOKEN` is secret",
		"env: {T: 'a ${TOKEN}'}, command: x":        "name it under the step's `secrets`",
		"command: [x, '${parameters.TOKEN}']":       "`TOKEN` is secret",
		"command: x, when: 'parameters.TOKEN == 1'": "`TOKEN` is secret",
	} {
		p.write("bad.yaml", "parameters: {TOKEN: {secret: true}}\nsteps:\n  a: {type: command, "+text+"}\ngraph: a\n")
		p.kaon("workflow", "show", "bad.yaml").ends(exitUsage).says(want)
	}
}

// What is known to be wrong in the keys of a type is told before anything starts.
func TestWorkflowChecksKeysOfTypes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for step, want := range map[string]string{
		"{type: spark-submit, application: a.py, conf: {executor.memory: 1g}}":       "settings of Spark begin with spark.",
		"{type: spark-submit, application: a.py, deploy_mode: far}":                  "client, or cluster",
		"{type: sql, database: 'oracle://x', query: SELECT 1}":                       "no database that is known",
		"{type: sql, database: 'sqlite:///x', query: 'SELECT ${steps.a.outputs.x}'}": "would become part of the query",
		"{type: sql, database: 'sqlite:///x', query: 'SELECT :x'}":                   ":x has no value",
		"{type: hive, url: 'jdbc:hive2://h/d'}":                                      "`query` or `file`",
		"{type: hive, url: h, query: SELECT 1}":                                      "jdbc:hive2://",
		"{type: pig, script: 'a = ${steps.a.outputs.x};'}":                           "would become part of the script",
		"{type: scala, class: A, file: a.scala}":                                     "`class` or `file`",
		"{type: notebook, file: a.py}":                                               "ends with .ipynb",
		"{type: spark, url: 'http://l', application: a.py, code: x}":                 "not both",
		"{type: livy, url: 'http://l', code: 'x = ${steps.a.outputs.x}'}":            "would become part of the code",
		"{type: genie, url: genie, cluster: [a], command: [b]}":                      "no address of a service",
		"{type: titus, url: 'http://t'}":                                             "needs `image`",
		"{type: http, url: 'http://t', fetch: {a: b}}":                               "fetches nothing",
		"{command: x, fetch: {../a: b}}":                                             "no name within the step's folder",
		"{command: x, fetch: {a: '${steps.nobody.artifacts.x}'}}":                    "nobody",
	} {
		p.write("bad.yaml", "steps:\n  a: {command: x}\n  b: "+step+"\ngraph: a -> b\n")
		p.kaon("workflow", "show", "bad.yaml").ends(exitUsage).says(want, "bad.yaml:3:")
	}
}

// A step finds the files that others have left, those of a for-each one behind the other, and asks a database with what they put out.
func TestWorkflowFetchesArtifacts(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	p.write("flow.yaml", `
steps:
  make: {type: command, command: 'echo "model ${i}" > $KAON_ARTIFACTS/model.txt; echo "[1]" > $KAON_ARTIFACTS/more.json', artifacts: [model.txt]}
  store:
    type: command
    fetch: {models: "${steps.make.artifacts['model.txt']}", own.yaml: flow.yaml}
    command: 'cd $KAON_INPUTS; grep -q "^steps" own.yaml; printf "{\"text\": \"%s\"}" "$(cat models/0 models/2 | tr "\n" ,)" > $KAON_OUTPUT'
  ask:
    type: sql
    database: sqlite:///flow.db
    query: "SELECT upper(:t) AS text"
    parameters: {t: "${steps.store.outputs.text}"}
graph: "**(i = 1..3) --< make >-- store -> ask"
`)
	f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "--json").ends(exitDone))
	first, _ := f.step(t, "ask").Outputs["first"].(map[string]any)
	if first["text"] != "MODEL 1,MODEL 3," {
		t.Errorf("it is %v", f.step(t, "ask").Outputs)
	}
}

func TestWorkflowOfTheDeck(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("deck.yaml", deck)
	f := flowOf(t, p.kaon("workflow", "run", "deck.yaml", "--json").ends(exitDone))
	if got := f.step(t, "selectModel").Outputs["best"]; got != 5.0 {
		t.Errorf("the least error is %v, want 5", got)
	}
	all := flowOf(t, p.kaon("workflow", "status", f.Run, "--all", "--json").ends(exitDone))
	if got := all.step(t, "trainRegModel[2]").Outputs["name"]; got != "we st'$(touch injected)" {
		t.Errorf("the third region is %q", got)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "injected")); err == nil {
		t.Error("a value became part of a command")
	}
	p.kaon("workflow", "status").ends(exitDone).prints("deck-", "succeeded", "selectModel.best = 5", "3 iterations")
	p.kaon("workflow", "list").ends(exitDone).prints(f.Run, "succeeded")
	if marks := p.read("marks"); strings.Count(marks, "started") != 3 {
		t.Errorf("three regions were trained as\n%s", marks)
	}
}

// Every step writes its name when it starts; the gate holds the run up in the middle.
const gatedFlow = `
name: gated
steps:
  a: {type: command, command: 'echo a >> marks; echo "{\"list\": [1, 2, 3]}" > $KAON_OUTPUT'}
  b: {type: command, command: 'echo b${i} >> marks'}
  gate: {type: command, command: 'echo gate >> marks; echo > began; [ -f open ] || read line < gate; echo "{\"x\": 2}" > $KAON_OUTPUT'}
  search:
    type: sweep
    spec:
      method: grid
      metric: {name: y, goal: minimize}
      parameters: {x: {values: [3, 1, 2]}}
      command: 'echo s${param.x} >> marks; echo y=$((${param.x} * ${steps.gate.outputs.x}))'
  use:
    type: command
    command: [sh, -c, 'echo use $* >> marks; grep -q "\"value\":2" "$KAON_WINNER"', sh, "${winner.args}", "${steps.search.outputs.trials}"]
graph: a **(i = steps.a.outputs.list) --< b >-- gate -> search -> use
`

func TestWorkflowKilledAndResumed(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]os.Signal{"SIGKILL": syscall.SIGKILL, "SIGINT": os.Interrupt} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write("gated.yaml", gatedFlow)
			began := p.pipe("began")
			gate := p.pipe("gate")
			x := p.start("workflow", "run", "gated.yaml")
			line(t, began)
			x.signal(sig)
			r := x.wait()
			if sig == os.Interrupt {
				r.ends(exitInterrupted).says("go on with: kaon workflow resume gated-")
			}
			id, _, _ := strings.Cut(r.stdout, ":")
			p.kaon("workflow", "status", id).ends(exitDone).prints("interrupted", "go on with: kaon workflow resume "+id)
			p.write("open", "")
			if _, err := gate.WriteString("\n"); err != nil {
				t.Fatal(err)
			}
			f := flowOf(t, p.kaon("workflow", "resume", id, "--json").ends(exitDone))
			if f.State != engine.Succeeded || f.step(t, "search").Outputs["value"] != 2.0 {
				t.Errorf("resumed, it is %+v", f.View)
			}
			marks := strings.Fields(p.read("marks"))
			counts := map[string]int{}
			for _, m := range marks {
				counts[m]++
			}
			for _, once := range []string{"a", "b1", "b2", "b3", "s1", "s2", "s3", "use", "--x=1"} {
				if counts[once] != 1 {
					t.Errorf("%s started %d times: %v", once, counts[once], marks)
				}
			}
			if counts["gate"] < 1 || counts["gate"] > 2 {
				t.Errorf("the step in flight started %d times", counts["gate"])
			}
			p.kaon("workflow", "resume", id).ends(exitDone).prints("succeeded")
			if again := strings.Fields(p.read("marks")); len(again) != len(marks) {
				t.Errorf("a resume of a run that has ended did something: %v", again)
			}
		})
	}
}

// Whatever it was doing when it was killed, again and again, every step ends. What was in flight went on and was found, or died with its
// executor and started once more; nothing starts a third time.
func TestWorkflowKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", `
name: loop
steps:
  a: {type: command, command: 'echo a${i} >> marks; printf "{\"v\": %d}" ${i} > $KAON_OUTPUT', resources: {cpus: 0.1, memory: 16MB}}
  sum: {type: command, command: 'echo sum >> marks; test ${sum(steps.a.outputs.v)} = 36'}
  search:
    type: sweep
    spec: {method: grid, metric: {name: y}, parameters: {x: {values: [1, 2, 3]}}, command: 'echo s${param.x} >> marks; echo y=${param.x}'}
  use: {type: command, command: [sh, -c, 'echo use $0 >> marks', "${winner.args}"]}
graph: "**(i = 1..8; parallel = 2) --< a >-- sum -> search -> use"
`)
	started := func() int {
		text, _ := os.ReadFile(filepath.Join(p.dir, "marks")) // it is made by the first
		return strings.Count(string(text), "\n")
	}
	x := p.start("workflow", "run", "flow.yaml")
	x.stdout.await(t, "loop-")
	id, _, _ := strings.Cut(x.stdout.String(), ":")
	for _, lines := range []int{1, 4, 7, 10} {
		testkit.Await(t, "more steps to start", func() bool { return started() >= lines })
		_ = x.cmd.Process.Kill() // on a busy machine it may have ended
		x.wait()
		x = p.start("workflow", "resume", id)
	}
	x.wait().ends(exitDone).prints("succeeded")
	counts := map[string]int{}
	for line := range strings.Lines(p.read("marks")) {
		counts[strings.TrimSpace(line)]++
	}
	for _, mark := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "sum", "s1", "s2", "s3", "use --x=1"} {
		if counts[mark] < 1 || counts[mark] > 2 { // what was in flight may have died with its executor
			t.Errorf("%s started %d times: %v", mark, counts[mark], counts)
		}
	}
	if len(counts) != 13 {
		t.Errorf("started were %v", counts)
	}
}

func TestWorkflowRestarts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", `
parameters: {word: {type: string, default: "no"}}
steps:
  a: {type: command, command: 'echo a >> marks'}
  b: {type: command, command: 'echo b >> marks; test "${word}" = yes', retry: {times: 1, backoff: 0.01}}
  c: {type: command, command: 'echo c >> marks'}
  last: {type: command, command: 'echo last ${workflow.status} >> marks'}
graph: a -> b -> c
finally: last
`)
	f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "--json").ends(exitFailed))
	if s := f.step(t, "b"); s.Attempts != 2 || !strings.Contains(s.Reason, "exit code 1") {
		t.Errorf("b is %+v", s)
	}
	p.kaon("workflow", "restart", f.Run, "-p", "word=yes", "--quiet").ends(exitDone).prints("succeeded")
	p.kaon("workflow", "restart", f.Run, "--from", "c", "--quiet").ends(exitDone)
	if got, want := strings.Join(strings.Fields(p.read("marks")), " "), "a b b last failed b c last succeeded c last succeeded"; got != want {
		t.Errorf("started were %q, want %q", got, want)
	}
	p.kaon("workflow", "restart", f.Run).ends(exitUsage).says("--from")
	p.kaon("workflow", "restart", f.Run, "--from", "d").ends(exitUsage).says(`no step "d"`)
	p.kaon("workflow", "run", "flow.yaml", "-p", "wrod=yes").ends(exitUsage).says("did you mean `word`")
	p.kaon("workflow", "resume", "nobody").ends(exitUsage).says("kaon workflow list")
}

func TestWorkflowWaitsForPeople(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", `
name: release
steps:
  ask: {type: wait, approval: true}
  held: {type: command, command: 'echo held >> marks', breakpoint: true}
  slow: {type: command, command: 'echo slow >> marks; sleep 600'}
  later: {type: command, command: 'echo later >> marks; sleep 600'}
graph: ask -> held -> slow -> later
`)
	x := p.start("workflow", "run", "flow.yaml")
	x.stdout.await(t, "kaon workflow approve")
	id, _, _ := strings.Cut(x.stdout.String(), ":")
	p.kaon("workflow", "approve", id, "nosuch").ends(exitUsage).says("has no step nosuch")
	p.kaon("workflow", "approve", id, "ask").ends(exitDone)
	x.stdout.await(t, "ask succeeded")
	testkit.Await(t, "the run to hold at its breakpoint", func() bool {
		f := flowOf(t, p.kaon("workflow", "status", id, "--json").ends(exitDone))
		return strings.Contains(f.step(t, "held").Reason, "holds here")
	})
	p.kaon("workflow", "approve", id, "held").ends(exitDone)
	x.stdout.await(t, "slow running")
	p.kaon("workflow", "resume", id).ends(exitUsage).says("another process works on run " + id)
	p.kaon("workflow", "skip", id, "slow").ends(exitDone)
	x.stdout.await(t, "later running")
	p.kaon("workflow", "cancel", id, "--reason", "enough").ends(exitDone)
	x.wait().ends(exitFailed).prints("canceled", "enough")
	p.alone()
}

// The light types, a workflow within one, and a type of one's own.
func TestWorkflowTypes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var posted atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		posted.Store(body["text"])
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"answer": 42}`))
	}))
	defer server.Close()
	p.write("mine.sh", `
read line
case $line in
*describe*) echo '{"type":"description","name":"mine","text":"adds one","keys":[{"key":"n","kind":"number","text":"a number"}]}';;
*)
  n=$(printf %s "$line" | sed 's/.*"n":\([0-9]*\).*/\1/')
  echo '{"type":"progress","text":"adding"}'
  echo "{\"type\":\"outputs\",\"outputs\":{\"sum\":$((n + 1))}}";;
esac
`)
	p.write("inner.yaml", "parameters: {n: {type: integer}}\nsteps:\n  double: {type: command, command: 'printf \"{\\\"n\\\": %d}\" $((${n} * 2)) > $KAON_OUTPUT'}\ngraph: double\n")
	p.write("flow.yaml", `
parameters: {url: {type: string}}
steps:
  ask: {type: http, url: "${parameters.url}", body: {text: hello}}
  wait: {type: wait, for: 0.01}
  mine: {type: custom, program: [sh, mine.sh], with: {n: "${steps.ask.outputs.body.answer}"}}
  inner: {type: workflow, file: inner.yaml, parameters: {n: "${steps.mine.outputs.sum}"}}
  say: {type: notify, message: "it is ${steps.inner.outputs.double.n}", url: "${parameters.url}"}
graph: ask -> wait -> mine -> inner -> say
`)
	f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "-p", "url="+server.URL, "--json").ends(exitDone).says("mine: adding", "say: it is 86"))
	if f.State != engine.Succeeded || posted.Load() != "it is 86" {
		t.Errorf("posted was %v", posted.Load())
	}
	var list flowJSON // the run that is a step is none of them
	if p.kaon("workflow", "list", "--json").ends(exitDone).json(&list); list.Run != f.Run {
		t.Errorf("the list has %s", list.Run)
	}
	p.kaon("workflow", "types").ends(exitDone).prints("spark-submit: ", "executor_memory", "sweep: ", "custom: ")
	p.kaon("workflow", "types", "sh", "mine.sh").ends(exitDone).prints("mine: adds one", "a number")
}

func TestWorkflowCache(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("work.sh", "echo work >> marks; echo '{\"x\": 1}' > $KAON_OUTPUT\n")
	p.write("flow.yaml", `
name: cached
parameters: {n: {type: integer, default: 1}}
steps:
  work: {type: command, command: [sh, work.sh], inputs: {n: "${n}"}, cache: {scope: workflow}}
  use: {type: command, command: 'test ${steps.work.outputs.x} = 1'}
graph: work -> use
`)
	work := func(args ...string) engine.StepView {
		return flowOf(t, p.kaon(append([]string{"workflow", "run", "flow.yaml", "--json"}, args...)...).ends(exitDone)).step(t, "work")
	}
	for i, c := range []struct {
		args   []string
		cached bool
	}{{nil, false}, {nil, true}, {[]string{"-p", "n=2"}, false}, {nil, true}} {
		if got := work(c.args...); got.Cached != c.cached || got.Outputs["x"] != 1.0 {
			t.Errorf("run %d: %+v", i, got)
		}
	}
	p.write("work.sh", p.read("work.sh")+"# another program\n")
	if work().Cached {
		t.Error("another program's outputs stand for it")
	}
	if got := strings.Count(p.read("marks"), "work"); got != 3 {
		t.Errorf("it worked %d times, want 3", got)
	}
}

func TestWorkflowCallsPython(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	p.write("fit.py", "def fit(xs, scale):\n    return {'mean': sum(xs) / len(xs) * scale}\n")
	p.write("flow.yaml", `
steps:
  fit: {type: python, file: fit.py, function: fit, inputs: {xs: [1, 2, 6]}, arguments: {scale: 2}, outputs: {mean: number}}
graph: fit
`)
	f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "--json").ends(exitDone))
	if got := f.step(t, "fit").Outputs["mean"]; got != 6.0 {
		t.Errorf("the mean is %v, want 6", got)
	}
}

// The commands of the manual, typed from top to bottom into one shell: the examples do real work, and end.
func TestWorkflowManual(t *testing.T) {
	t.Parallel()
	want(t, "bash")
	p := newPlace(t)
	for _, name := range []string{"examples/regions", "examples/promote", "examples/digits"} {
		if err := os.CopyFS(filepath.Join(p.dir, name), os.DirFS(filepath.Join(top, name))); err != nil {
			t.Fatal(err)
		}
	}
	p.write("go.mod", "module example.com/examples\n\ngo 1.26\n") // they need nothing but Go
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash")
	cmd.Stdin = strings.NewReader("set -e\nkaon() { " + shell.Quote(self) + ` "$@"; }` + "\n" + strings.Join(blocks(t, "docs/workflows.md", "sh"), "\n"))
	cmd.Dir, cmd.Env = p.dir, p.environ()
	const building = 5 * time.Minute // of a small program, on a busy machine
	p.launch(cmd).within(building).ends(exitDone).prints("validateModel.accuracy = 0.9", "selectModel.chosen = ", "mine: says hello", "promote-")
	if text := p.read("examples/promote/published/model.json"); !strings.Contains(text, `"weights"`) {
		t.Errorf("published is %.100s", text)
	}
}

// With results in S3 artifacts are fetched from there, and a for-each may go through a listing of it.
func TestWorkflowOverS3(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon-test")
	p := newPlace(t)
	p.aws = []string{"AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey, "AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=us-east-1"}
	p.write("flow.yaml", `
steps:
  make: {type: command, command: 'echo "made ${i}" > "$KAON_ARTIFACTS/made #1 50%.txt"'}
  read: {type: command, fetch: {one.txt: "${file}"}, command: 'printf "{\"text\": \"%s\"}" "$(cat $KAON_INPUTS/one.txt)" > $KAON_OUTPUT'}
  join: {type: command, fetch: {all: "${steps.make.artifacts['made #1 50%.txt']}"}, command: 'cat $KAON_INPUTS/all/0 $KAON_INPUTS/all/1 > $KAON_ARTIFACTS/all.txt'}
graph: |
  **(i = 1..2) --< make >-- **(file = files("s3://kaon-test/flow/sweeps/*/artifacts/0/1/made #1 50%.txt")) --< read >-- join
`)
	f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "--results", "s3://kaon-test/flow", "--state", "state", "--json").ends(exitDone))
	all := flowOf(t, p.kaon("workflow", "status", f.Run, "--all", "--json", "--state", "state").ends(exitDone))
	for i, want := range []string{"made 1", "made 2"} {
		if got := all.step(t, fmt.Sprintf("read[%d]", i)).Outputs["text"]; got != want {
			t.Errorf("file %d is %v, want %s", i, got, want)
		}
	}
}

// A step runs again whose earlier files were removed from the results; what follows finds those that it leaves then.
func TestWorkflowCacheOfRemovedFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", `
name: cached
steps:
  work: {type: command, command: 'echo model > $KAON_ARTIFACTS/model; echo more > $KAON_ARTIFACTS/more', artifacts: ["*"], cache: true}
  use: {type: command, command: 'grep model $KAON_INPUTS/m', fetch: {m: "${steps.work.artifacts.model}"}}
graph: work -> use
`)
	work := func() engine.StepView {
		return flowOf(t, p.kaon("workflow", "run", "flow.yaml", "--json").ends(exitDone)).step(t, "work")
	}
	first := work()
	if again := work(); first.Cached || !again.Cached {
		t.Errorf("the first is %+v, the second %+v", first, again)
	}
	p.kaon("rm", first.ID).ends(exitDone)
	if again := work(); again.Cached || again.ID == first.ID {
		t.Errorf("with its files gone, it is %+v", again)
	}
	if again := work(); !again.Cached {
		t.Errorf("behind that it is %+v", again)
	}
}
