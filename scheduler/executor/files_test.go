package executor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// files is a file server over a folder, an agent and an executor.
type files struct {
	*fakeAgent
	t      *testing.T
	server *transfer.Server
	bucket bucket.Bucket
	root   string // of the sandbox
}

func newFiles(t *testing.T) *files {
	t.Helper()
	bucket, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d, err := transfer.Open(transfer.Config{Folder: t.TempDir(), Sweep: "s", Bucket: bucket, Bind: "127.0.0.1", AttemptBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	a := newFakeAgent(t)
	return &files{fakeAgent: a, t: t, server: d, bucket: bucket, root: startExecutor(t, a, nil).sandbox}
}

// serve puts bytes into the file server.
func (f *files) serve(name string, data []byte) task.Source {
	f.t.Helper()
	file := filepath.Join(f.t.TempDir(), "file")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		f.t.Fatal(err)
	}
	address, sum, err := f.server.Serve(file, name)
	if err != nil {
		f.t.Fatal(err)
	}
	return task.Source{URL: address, SHA256: sum, Name: name, To: name}
}

// code packs files given by name.
func (f *files) code(contents map[string]string) *task.Source {
	f.t.Helper()
	folder := f.t.TempDir()
	for name, text := range contents {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			f.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			f.t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	if err := archive.Pack(&packed, folder); err != nil {
		f.t.Fatal(err)
	}
	src := f.serve("code"+archive.Suffix, packed.Bytes())
	src.Unpack = true
	return &src
}

func (f *files) deliver(trial int, artifacts []string, logs string) *task.Deliver {
	return &task.Deliver{URL: f.server.Attempt(trial, 1), Artifacts: artifacts, Logs: logs}
}

func (f *files) object(name string) string {
	f.t.Helper()
	data, err := bucket.ReadObject(f.t.Context(), f.bucket, name, 1<<20)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

func (f *files) log(name string) string {
	f.t.Helper()
	z, err := zstd.NewReader(strings.NewReader(f.object(name)))
	if err != nil {
		f.t.Fatal(err)
	}
	defer z.Close()
	text, err := io.ReadAll(z)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

func TestArtifactsAreInTheBucketBeforeTheEndIsTold(t *testing.T) {
	f := newFiles(t)
	f.launch("s.1.1", task.Order{Trial: 1, Attempt: 1, Deliver: f.deliver(1, nil, "failed"),
		Shell: `mkdir $KAON_ARTIFACTS/sub; echo one > $KAON_ARTIFACTS/a; echo two > $KAON_ARTIFACTS/sub/b; mkfifo $KAON_ARTIFACTS/pipe
ln -s /etc/hostname $KAON_ARTIFACTS/out; ln -s ../../stdout $KAON_ARTIFACTS/sub/in; echo said; ln -s nowhere $KAON_ARTIFACTS/broken`})
	o := f.finished("s.1.1")
	if o.state != mesosapi.TASK_FINISHED || len(o.end.Artifacts) != 3 {
		t.Fatalf("got %s %q %+v", o.state, o.message, o.end)
	}
	want := []string{"broken, a link to what is not there", "out, a link that leads out of the attempt's folder", "pipe, a pipe, not a file"}
	if !slices.Equal(o.end.Undelivered, want) {
		t.Errorf("not delivered: %q, want %q", o.end.Undelivered, want)
	}
	sum := sha256.Sum256([]byte("two\n"))
	if want := (results.Artifact{Name: "sub/b", Size: 4, SHA256: hex.EncodeToString(sum[:])}); o.end.Artifacts[1] != want || o.end.Artifacts[2].Name != "sub/in" {
		t.Errorf("got %+v, want %+v first", o.end.Artifacts[1:], want)
	}
	if f.object("sweeps/s/artifacts/1/1/a") != "one\n" || f.object("sweeps/s/artifacts/1/1/sub/b") != "two\n" {
		t.Error("the bucket has other files")
	}
}

func TestChosenArtifacts(t *testing.T) {
	f := newFiles(t)
	make := `cd $KAON_ARTIFACTS; echo 1 > model.bin; echo 2 > notes.txt; mkdir ckpt; echo 3 > ckpt/1`
	cases := []struct {
		patterns []string
		shell    string
		state    mesosapi.TaskState
		names    string
		says     string
	}{
		{[]string{"model.bin"}, make, mesosapi.TASK_FINISHED, "model.bin", ""},
		{[]string{"*.txt", "ckpt"}, make, mesosapi.TASK_FINISHED, "ckpt/1 notes.txt", ""},
		{[]string{"*.onnx"}, make, mesosapi.TASK_FINISHED, "", ""},
		{[]string{"best.bin"}, make, mesosapi.TASK_FAILED, "", `left no artifact "best.bin"`},
		{[]string{"best.bin"}, "exit 3", mesosapi.TASK_FAILED, "", "exit code 3"},
		{[]string{"m"}, "ln -s / $KAON_ARTIFACTS/m", mesosapi.TASK_FAILED, "", `left no artifact "m": m is a link that leads out`},
		{nil, `touch "$KAON_ARTIFACTS/$(printf 'a\033[31mb.txt')"`, mesosapi.TASK_FAILED, "", `artifact "a[31mb.txt" cannot be delivered, for its name has a character that is not allowed at byte 1 (U+001B): write it to $KAON_ARTIFACTS under another name`},
		{nil, `d=$(printf %0250d 1); cd $KAON_ARTIFACTS; mkdir -p $d/$d/$d; touch $d/$d/$d/x`, mesosapi.TASK_FAILED, "", "cannot be delivered, for its name has"},
		{nil, "rm -r $KAON_ARTIFACTS; echo x > $KAON_ARTIFACTS", mesosapi.TASK_FAILED, "", "the trial put a file in the place of the folder $KAON_ARTIFACTS: write"},
		{nil, "rm -r $KAON_ARTIFACTS; ln -s / $KAON_ARTIFACTS", mesosapi.TASK_FAILED, "", "the trial put a link in the place of the folder $KAON_ARTIFACTS: write"},
		{nil, "head -c 2000000 /dev/zero > $KAON_ARTIFACTS/large", mesosapi.TASK_FAILED, "", "2000000 bytes, and at most 1048576 bytes are kept"},
	}
	for i, c := range cases {
		id := "s." + string(rune('0'+i)) + ".1"
		f.launch(id, task.Order{Trial: i, Attempt: 1, Shell: c.shell, Deliver: f.deliver(i, c.patterns, "none")})
		o := f.finished(id)
		var names []string
		for _, a := range o.end.Artifacts {
			names = append(names, a.Name)
		}
		if o.state != c.state || strings.Join(names, " ") != c.names || !strings.Contains(o.message, c.says) {
			t.Errorf("%q: got %s %q with %q", c.patterns, o.state, o.message, names)
		}
	}
}

func TestLogsOfFailuresAreKept(t *testing.T) {
	f := newFiles(t)
	f.launch("s.1.1", task.Order{Trial: 1, Attempt: 1, Deliver: f.deliver(1, nil, "failed"), Shell: `echo out; echo err >&2; exit 1`})
	f.launch("s.2.1", task.Order{Trial: 2, Attempt: 1, Deliver: f.deliver(2, nil, "failed"), Shell: `echo out`})
	f.launch("s.3.1", task.Order{Trial: 3, Attempt: 1, Deliver: f.deliver(3, nil, "all"), Shell: `echo out`})
	for _, id := range []string{"s.1.1", "s.2.1", "s.3.1"} {
		f.finished(id)
	}
	if out, err := f.log("sweeps/s/logs/1/1/stdout.zst"), f.log("sweeps/s/logs/1/1/stderr.zst"); out != "out\n" || err != "err\n" {
		t.Errorf("got %q and %q", out, err)
	}
	if f.log("sweeps/s/logs/3/1/stdout.zst") != "out\n" {
		t.Error("the log of a success that was asked for")
	}
	if _, err := f.bucket.Stat(t.Context(), "sweeps/s/logs/2/1/stdout.zst"); err == nil {
		t.Error("a log nobody asked for")
	}
}

func TestAttemptsHaveCopiesOfTheCode(t *testing.T) {
	f := newFiles(t)
	code := f.code(map[string]string{"train.sh": "#!/bin/sh\ncat lib/data; echo changed > lib/data; echo x=1\n", "lib/data": "fresh\n"})
	for _, id := range []string{"s.1.1", "s.2.1"} {
		f.launch(id, task.Order{Code: code, Argv: []string{"./train.sh"}, Metrics: []string{"x"}})
		if o := f.finished(id); o.state != mesosapi.TASK_FINISHED || len(o.points) != 1 {
			t.Fatalf("%s %s", o.state, o.message)
		}
		out, err := os.ReadFile(filepath.Join(f.root, id, "stdout"))
		if err != nil || !strings.HasPrefix(string(out), "fresh\n") {
			t.Errorf("%s saw %q, %v", id, out, err)
		}
		if _, err := os.Stat(filepath.Join(f.root, id, "work")); err == nil {
			t.Error("the copy of a success is left")
		}
	}
	f.launch("s.3.1", task.Order{Code: code, Dir: "lib", Shell: "test -f data && test $PWD = ${KAON_CONTROL%/control}/work/lib"})
	if o := f.finished("s.3.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("in a folder of the code: %s", o.message)
	}
	broken := *code
	broken.SHA256 = strings.Repeat("0", 64)
	f.launch("s.4.1", task.Order{Code: &broken, Shell: "true"})
	if o := f.finished("s.4.1"); o.state != mesosapi.TASK_FAILED || !strings.Contains(o.message, "bring the code: fetch code.tar.zst: its sha256 is") {
		t.Errorf("damaged code: %s %q", o.state, o.message)
	}
}

func TestInputsAreSharedAndInPlace(t *testing.T) {
	f := newFiles(t)
	plain := f.serve("a.csv", []byte("1,2\n"))
	set := *f.code(map[string]string{"x/y": "deep"})
	set.To = "data"
	loose := set
	loose.To, loose.Name = ".", "again.tar.zst"
	here := filepath.Join(t.TempDir(), "local.txt")
	if err := os.WriteFile(here, []byte("local"), 0o644); err != nil {
		t.Fatal(err)
	}
	local := task.Source{URL: "file://" + here, Name: "local.txt", To: "in/local.txt"}
	inputs := []task.Source{plain, set, loose, local}
	f.launch("s.1.1", task.Order{Inputs: inputs, Shell: `cat a.csv data/x/y x/y in/local.txt; test $KAON_INPUTS = $PWD`})
	f.launch("s.2.1", task.Order{Inputs: inputs, Dir: "/", Shell: `cd $KAON_INPUTS && cat a.csv data/x/y x/y in/local.txt`})
	for _, id := range []string{"s.1.1", "s.2.1"} {
		if o := f.finished(id); o.state != mesosapi.TASK_FINISHED {
			t.Fatalf("%s %s", o.state, o.message)
		}
		if out, err := os.ReadFile(filepath.Join(f.root, id, "stdout")); err != nil || string(out) != "1,2\ndeepdeeplocal" {
			t.Errorf("%s got %q, %v", id, out, err)
		}
	}
	stored, err := os.ReadDir(filepath.Join(f.root, task.Store))
	if err != nil || len(stored) != len(inputs) {
		t.Errorf("%d things were fetched for %d inputs: %v", len(stored), len(inputs), err)
	}
	twice := []task.Source{plain, plain}
	f.launch("s.3.1", task.Order{Inputs: twice, Shell: "true"})
	if o := f.finished("s.3.1"); o.state != mesosapi.TASK_FAILED || !strings.Contains(o.message, "choose another with `to`") {
		t.Errorf("two of one name: %s %q", o.state, o.message)
	}
}

func TestSecretsReachTheTrialAndNothingElse(t *testing.T) {
	f := newFiles(t)
	const secret = "hunter2-hunter2"
	address := f.server.Secrets(map[string]string{"TOKEN": secret})
	f.launch("s.1.1", task.Order{Trial: 1, Attempt: 1, Secrets: address, Deliver: f.deliver(1, nil, "all"),
		Shell: `test "$TOKEN" = ` + strings.Join(strings.Split(secret, ""), "''") + ` || exit 9; echo "{\"milestone\": \"$TOKEN\", \"a\": 1}" >> $KAON_METRICS; echo "with $TOKEN."; echo "{\"milestone\": \"\\u0068${TOKEN#h}\", \"\\u0068${TOKEN#h}\": 1}" >> $KAON_METRICS; echo x > "$KAON_ARTIFACTS/a-$TOKEN.txt"; printf 'hunter2' >&2; sleep 0.05; echo "-hunter2 failed" >&2; exit 1`})
	o := f.finished("s.1.1")
	told, err := json.Marshal(o.points)
	if err != nil || !strings.Contains(string(told), `"***"`) || strings.Contains(string(told), secret) {
		t.Errorf("got points %s, %v", told, err)
	}
	if o.message != "exit code 1: *** failed" || !slices.Equal(o.end.Stderr, []string{"*** failed"}) {
		t.Errorf("got %q and %q", o.message, o.end.Stderr)
	}
	if len(o.points) != 2 || len(o.end.Artifacts) != 1 || o.end.Artifacts[0].Name != "a-***.txt" {
		t.Errorf("got %d points and artifacts %+v", len(o.points), o.end.Artifacts)
	}
	if out := f.log("sweeps/s/logs/1/1/stdout.zst"); out != "with ***.\n" {
		t.Errorf("the bucket has %q", out)
	}
	err = filepath.WalkDir(f.root, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || !e.Type().IsRegular() {
			return err
		}
		if strings.Contains(e.Name(), secret) && filepath.Base(filepath.Dir(path)) != artifactsName {
			t.Errorf("the name %s holds the secret", path)
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) && e.Name() != metricsName { // which the trial wrote itself
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestKilledAttemptDeliversNothing(t *testing.T) {
	f := newFiles(t)
	code := f.code(map[string]string{"a": "b"})
	if err := f.server.Close(); err != nil { // nobody answers: the attempt waits
		t.Fatal(err)
	}
	f.launch("s.1.1", task.Order{Code: code, Shell: "true"})
	f.launch("s.2.1", task.Order{Trial: 2, Attempt: 1, Deliver: f.deliver(2, nil, "all"), Shell: "echo x > $KAON_ARTIFACTS/a"})
	for _, id := range []string{"s.1.1", "s.2.1"} {
		f.await(id+" running", func() bool {
			return slices.ContainsFunc(f.mu.updates, func(s mesosapi.TaskStatus) bool { return s.TaskID.Value == id })
		})
		f.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: id}}})
		if o := f.finished(id); o.state != mesosapi.TASK_KILLED {
			t.Errorf("%s: got %s %q", id, o.state, o.message)
		}
	}
}

// That all of an attempt's artifacts arrived is noted where another attempt may go on from them.
func TestWholeArtifactsAreNoted(t *testing.T) {
	f := newFiles(t)
	for i, one := range []struct {
		shell   string
		attempt int
		noted   bool
	}{
		{"echo a > $KAON_ARTIFACTS/a", 1, false}, // of the then step, which begins anew
		{"echo a > $KAON_ARTIFACTS/a", 1, true},
		{"echo a > $KAON_ARTIFACTS/a", 2, true},
		{"echo a > $KAON_ARTIFACTS/a; exit 3", 1, true},
		{"exit 3", 1, false},
		{"cd $KAON_ARTIFACTS; echo a > a; truncate -s 3M model; exit 3", 1, false}, // more than an attempt may leave
	} {
		trial := i + results.ThenTrial
		id := fmt.Sprintf("s.%d.%d", trial, one.attempt)
		f.launch(id, task.Order{Trial: trial, Attempt: one.attempt, Shell: one.shell,
			Deliver: &task.Deliver{URL: f.server.Attempt(trial, one.attempt)}})
		f.finished(id)
		_, err := f.bucket.Stat(t.Context(), results.WholeName("s", trial, one.attempt))
		if noted := err == nil; noted != one.noted {
			t.Errorf("%q, attempt %d: noted %v", one.shell, one.attempt, noted)
		}
	}
}
