package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

func TestFailedSweepEndsWithOne(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("bad.yaml", `
name: bad
method: grid
metric: {name: y, goal: minimize}
parameters: {x: {values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}
command: 'test ${param.x} -lt 2 || { echo "no luck" >&2; exit 7; }; echo y=1'
task: {resources: {cpus: 0.5, memory: 16MB}, retries: 0}
limits: {failed: 3, parallel: 1}
`)
	p.kaon("run", "bad.yaml").ends(exitFailed).
		prints("stopped after 3 of 10 trials failed (limits.failed: 3); most often: exit code 7: no luck (3×, for example trial 2)")
	p.alone()
	got := contract(t, p.kaon("run", "bad.yaml", "--json").ends(exitFailed))
	if got.State != "failed" || got.Trials.Failed < 3 || got.Trials.Stopped == 0 || got.Trials.Total != 10 {
		t.Errorf("result is %+v", got)
	}
	p.kaon("trial", got.Sweep+"/2").ends(exitDone).prints("failed", "no luck", "exit code 7")
	p.kaon("run", "--resume", got.Sweep).ends(exitFailed)
}

func TestBadUsageEndsWithTwo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.write("a folder/x", "")
	p.write("a file", "")
	id := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone)).Sweep
	for _, tt := range []struct{ args, says string }{
		{"run", "run wants a sweep file"},
		{"run --bogus", "unknown flag --bogus"},
		{"bogus", "unexpected argument bogus"},
		{"run missing.yaml", "no such file"},
		{"run a\\folder", "is a directory"},
		{"run square.yaml --cluster nowhere", "want local, mesos://"},
		{"run square.yaml --cluster mesos://", "--cluster"},
		{"run square.yaml --results s4://x", `scheme "s4" is not known`},
		{"run square.yaml --metrics 127.0.0.1:99999", "serve metrics"},
		{"run square.yaml --log loud", "--log must be one of"},
		{"run square.yaml --set metric.gaol=minimize", "did you mean `goal`"},
		{"run square.yaml --set parameters.x=", "parameters.x"},
		{"run square.yaml --parallel 0", "kaon: --parallel 0: limits.parallel: 0 is below 1"},
		{"run square.yaml --packing loose", "kaon: --packing loose: packing: `loose` is not known here"},
		{"run square.yaml --set task.resources.cpus=100000", "this would never start here: 8 trials need 100000 cpus each, and this machine has "},
		{"run square.yaml --set task.constraints=[[rack,IS,r1]]", "change task.resources or task.constraints, or run it elsewhere with --cluster"},
		{"plan missing.yaml", "no such file"},
		{"best --results nowhere", "nowhere"},
		{"best nobody", id},
		{"run --resume nobody", id},
		{"retry nobody", id},
		{"trial one", "SWEEP/TRIAL"},
		{"trial 8", "trials 0 to 7"},
		{"trial nobody/1", id},
		{"trials --state happy", "succeeded"},
		{"trials --sort z", "cost"},
		{"logs 3 --attempt 9", "attempt 9"},
		{"export --output nowhere/x", "nowhere/x"},
		{"export --to tensorboard", "--output DIR"},
		{"export --to tensorboard --output new --points", "--points"},
		{"export --to tensorboard --output kaon-results", "kaon-results holds"},
		{"export --to mlflow --output mlruns", "http://HOST:PORT"},
		{"cluster --agent name", "KEY=VALUE"},
		{"cluster --listen nowhere", "listen"},
		{"executor", "MESOS_"},
	} {
		words := strings.Fields(tt.args)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], `\`, " ")
		}
		p.kaon(words...).ends(exitUsage).says(tt.says)
	}
	if _, err := os.Stat(p.dir + "/nowhere"); err == nil {
		t.Error("reading from a folder that is not there made it")
	}
}

// How a command is used belongs to the error, not to what scripts read; and one screen holds both.
func TestUsageIsOnStandardError(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, args := range [][]string{{"rn"}, {"run", "--bogus", "--json"}, {"trial"}, {"bench"}, {"completion", "powershell"}} {
		r := p.kaon(args...).ends(exitUsage).says("kaon: ", "Usage: kaon", "--help")
		if r.stdout != "" || strings.Count(r.stderr, "\n") > 5 {
			t.Errorf("%v: standard output is %q, standard error is\n%s", args, r.stdout, r.stderr)
		}
	}
}

func TestHabits(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for words, same := range map[string]string{"help": "--help", "help bench pack": "bench pack --help", "--version": "version", "": "--help"} {
		got, want := p.kaon(strings.Fields(words)...).ends(exitDone), p.kaon(strings.Fields(same)...).ends(exitDone)
		if got.stdout != want.stdout || got.stdout == "" {
			t.Errorf("kaon %s prints\n%s\nkaon %s prints\n%s", words, got.stdout, same, want.stdout)
		}
	}
}

// A spec that does not start leaves nothing, not even an empty folder for results.
func TestBadSpecMakesNoFolder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("bad.yaml", "method: grdi\n")
	p.kaon("run", "bad.yaml").ends(exitUsage).says("did you mean `grid`?")
	p.kaon("run", "missing.yaml").ends(exitUsage)
	if files, err := os.ReadDir(p.dir); err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

func TestBadSpecFromStandardInput(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.fed("name: [", "run", "-").ends(exitUsage).says("-:1:7", "name: [")
	p.fed(square, "run", "-", "--quiet").ends(exitDone).prints("winner: trial 3")

	type problems struct {
		Errors []struct {
			File, Field, Problem, Remedy string
			Line, Column                 int
		}
	}
	var got problems
	p.fed("method: grid\nmetric: {name: y, gaol: minimize}\nparameters: {x: {values: [1]}}\ncommand: ./x\n", "plan", "-", "--json").ends(exitUsage).json(&got)
	if len(got.Errors) != 1 || got.Errors[0].Line != 2 || got.Errors[0].Field != "metric.gaol" || !strings.Contains(got.Errors[0].Remedy, "goal") {
		t.Errorf("problems are %+v", got)
	}
	got = problems{}
	p.kaon("plan", "missing.yaml", "--json").ends(exitUsage).json(&got)
	if len(got.Errors) != 1 || got.Errors[0].File != "missing.yaml" || !strings.Contains(got.Errors[0].Problem, "no such file") {
		t.Errorf("problems are %+v", got)
	}
}

// Whatever the masters do not do, the time to look for them is kept.
func TestConnectTimeoutIsKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	silent := l.Addr().String()
	for _, masters := range []string{silent, silent + "," + silent + "," + silent, closedPort(t) + "," + silent} {
		for command, flag := range map[string]string{"run": "--connect-timeout", "plan": "--wait"} {
			began := time.Now()
			p.kaon(command, "square.yaml", "--cluster", "mesos://"+masters, flag, "2s").ends(exitUnreachable)
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("%s at %s: it took %v to give up after 2s", command, masters, took)
			}
		}
	}
}

func TestUnreachableEndsWithThree(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.write("a file", "")
	closed := closedPort(t)

	began := time.Now()
	p.kaon("run", "square.yaml", "--cluster", "mesos://"+closed, "--connect-timeout", "1s").ends(exitUnreachable).
		says("no master can be reached within 1s", "connection refused", "nothing of it ran")
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v to give up after 1s", took)
	}

	p.kaon("run", "square.yaml", "--results", "a file").ends(exitUnreachable).says("a file")
	p.kaon("run", "square.yaml", "--results", "/proc/nowhere").ends(exitUnreachable).says("/proc/nowhere")
	p.kaon("run", "square.yaml", "--state", "a file").ends(exitUnreachable).says("state folder", "a file")
	p.kaon("run", "square.yaml", "--results", "s3://nobody/x").ends(exitUnreachable).says("s3://nobody", "AWS_ACCESS_KEY_ID")
	p.kaon("best", "--results", "s3://nobody/x").ends(exitUnreachable)
	cmd := p.command("run", "square.yaml", "--results", "s3://nobody/x")
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL=http://"+closed, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REGION=us-east-1")
	p.launch(cmd).wait().ends(exitUnreachable).says("bucket is unavailable", closed)
}

// closedPort is an address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
}

// Whoever reads the output may stop reading, and a full disk is told.
func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	id := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone)).Sweep
	for _, args := range [][]string{
		{"best"}, {"best", "--json"}, {"best", "--format", "env"}, {"trials"}, {"trials", "--json"}, {"trial", "3"}, {"trial", "3", "--json"},
		{"export"}, {"export", "--format", "jsonl"}, {"plan", "square.yaml"}, {"plan", "square.yaml", "--json"}, {"logs", "3"}, {"version"},
		{"run", "--resume", id}, {"run", "--resume", id, "--json"},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		cmd := p.command(args...)
		cmd.Stdout = full
		r := p.launch(cmd).wait()
		full.Close()
		r.ends(exitFailed).says(syscall.ENOSPC.Error() + ": make room there")
	}
	var fields map[string]json.RawMessage
	p.kaon("best", id, "--json").ends(exitDone).json(&fields)
}
