package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/testkit"
)

// heavy leaves 100 MB that nothing compresses away, and the checksum of it in a file beside the spec.
const heavy = `
name: heavy
method: grid
parameters: {x: {values: [1]}}
command: 'head -c 104857600 /dev/urandom > $KAON_ARTIFACTS/model.bin && sha256sum < $KAON_ARTIFACTS/model.bin > sum'
artifacts: [model.bin]
`

func TestArtifactSurvivesAKillOfTheScheduler(t *testing.T) {
	p := newPlace(t)
	p.write("heavy.yaml", heavy)
	first := p.start("run", "heavy.yaml", "--quiet")
	part := p.awaitPart()
	first.signal(syscall.SIGKILL)
	first.wait()
	info, err := os.Stat(part)
	if err != nil || info.Size() == 0 || info.Size() >= 100<<20 {
		t.Fatalf("killed too late: %v, %v", info, err)
	}
	id := p.sweep("heavy")
	p.kaon("run", "--resume", id, "--quiet").ends(0)
	p.kaon("artifacts", "0", "--get", "model.bin", "-o", "got").ends(0)
	p.kaon("artifacts", "0", "--get", "model.bin", "-o", "nowhere/got").ends(exitUsage).says("write nowhere/got: no such file or directory")
	sum := sha256.Sum256([]byte(p.read("got")))
	if want, _, _ := strings.Cut(p.read("sum"), " "); hex.EncodeToString(sum[:]) != want {
		t.Errorf("the artifact has sha256 %x, the trial wrote %s", sum, want)
	}
	var trial struct {
		Attempts []struct{ End struct{ State string } }
	}
	p.kaon("trial", "0", "--json").ends(0).json(&trial)
	if len(trial.Attempts) != 1 || trial.Attempts[0].End.State != "succeeded" {
		t.Errorf("the kill cost an attempt: %+v", trial)
	}
	if left, err := filepath.Glob(filepath.Join(p.dir, "kaon-results/.state/*/depot/uploads/*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	p.alone()
}

// awaitPart waits until part of an artifact has come in.
func (p place) awaitPart() string {
	p.t.Helper()
	found := ""
	testkit.Await(p.t, "part of an artifact", func() bool {
		parts, _ := filepath.Glob(filepath.Join(p.dir, "kaon-results/.state/*/depot/uploads/*"))
		for _, part := range parts {
			if info, err := os.Stat(part); err == nil && info.Size() > 0 {
				found = part
			}
		}
		return found != ""
	})
	return found
}

// sweep is the id of the only sweep of a name.
func (p place) sweep(name string) string {
	p.t.Helper()
	found, err := filepath.Glob(filepath.Join(p.dir, "kaon-results/.state", name+"-*"))
	if err != nil || len(found) != 1 {
		p.t.Fatalf("sweeps %v, %v", found, err)
	}
	return filepath.Base(found[0])
}

const whole = `
name: whole
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.2, 0.3]}}
command: ["./train.sh", "${param.lr}"]
task:
  code: src
  secrets: [TOKEN]
  env: {OUT: "${KAON_ARTIFACTS}/m-${param.lr}"}
  fetch: [{url: words.txt, to: in/words}, URL/served.txt]
  logs: all
artifacts: {keep: top 2}
`

const trainScript = `#!/bin/sh
cat in/words served.txt
echo "token $TOKEN"
test ! -e junk || exit 7
echo "$1" > "$OUT"
echo "loss=$1"
`

func wholePlace(t *testing.T) place {
	p := newPlace(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "served") }))
	t.Cleanup(server.Close)
	p.write("whole.yaml", strings.ReplaceAll(whole, "URL", server.URL))
	p.write("words.txt", "words\n")
	p.write("src/.kaonignore", "junk\n")
	p.write("src/junk", "")
	p.write("src/train.sh", trainScript)
	if err := os.Chmod(filepath.Join(p.dir, "src/train.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFilesComeAndGo(t *testing.T) {
	p := wholePlace(t)
	p.kaon("run", "whole.yaml", "-q").ends(2).says("TOKEN is not set in this environment")
	t.Setenv("TOKEN", "abc")
	p.kaon("run", "whole.yaml", "-q").ends(2).says("could not be masked")
	const secret = "hunter2-hunter2"
	t.Setenv("TOKEN", secret)
	p.checkWhole("kaon-results", p.kaon("run", "whole.yaml", "-q", "--log", "debug").ends(0))
	p.holdsNot(secret)
}

// What reported an infinity is not among the best whose artifacts stay.
func TestArtifactsOfInfinitiesGo(t *testing.T) {
	p := newPlace(t)
	p.write("s.yaml", `
name: infinite
method: grid
metric: {name: score, goal: maximize}
parameters: {v: {values: [0, 1, 3, 9, 2]}}
command: echo > "$KAON_ARTIFACTS/m"; echo score=$(test ${param.v} -gt 0 -a ${param.v} -lt 9 && echo ${param.v} || echo Infinity)
artifacts: {keep: top 2}
`)
	p.kaon("run", "s.yaml", "-q").ends(0)
	for trial, kept := range []bool{false, false, true, false, true} {
		var list []artifactRow
		p.kaon("artifacts", fmt.Sprint(trial), "--json").ends(0).json(&list)
		if len(list) != 1 || list[0].Kept != kept {
			t.Errorf("trial %d: %+v, want it kept: %v", trial, list, kept)
		}
	}
}

// checkWhole looks at what a run of whole.yaml left.
func (p place) checkWhole(results string, r ran) {
	p.t.Helper()
	p.kaon("logs", "1", "--results", results).ends(0).prints("words\nserved\ntoken ***\nloss=0.2\n")
	for trial, kept := range []bool{true, true, false} {
		var list []artifactRow
		p.kaon("artifacts", fmt.Sprint(trial), "--json", "--results", results).ends(0).json(&list)
		if len(list) != 1 || list[0].Kept != kept || list[0].Size != 4 {
			p.t.Errorf("trial %d: %+v, want it kept: %v", trial, list, kept)
		}
	}
	p.kaon("artifacts", "0", "--get", "m-0.1", "--results", results).ends(0).prints("0.1\n")
	p.kaon("artifacts", "2", "--get", "m-0.3", "--results", results).ends(2).says("no longer there")
	p.kaon("artifacts", "0", "--get", "none", "--results", results).ends(2).says(`no artifact "none"`)
	if strings.Contains(r.stdout+r.stderr, "hunter2") {
		p.t.Error("the output tells the secret")
	}
	var winner struct {
		Files []struct{ Name, SHA256 string }
	}
	out := p.kaon("best", "--json", "--results", results).ends(0)
	if err := json.Unmarshal([]byte(out.stdout), &winner); err != nil || len(winner.Files) != 1 || winner.Files[0].Name != "m-0.1" {
		p.t.Errorf("the winner's files: %+v, %v in %s", winner, err, out.stdout)
	}
}

// holdsNot asserts that no file of the place has a text.
func (p place) holdsNot(text string) {
	p.t.Helper()
	err := filepath.WalkDir(p.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), text) {
			p.t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		p.t.Error(err)
	}
}

func TestFilesGoToS3(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	server.Bucket("data")
	p := wholePlace(t)
	t.Setenv("TOKEN", "hunter2-hunter2")
	const results = "s3://kaon/team"
	p.aws = []string{"AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey, "AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=us-east-1"}
	p.checkWhole(results, p.kaon("run", "whole.yaml", "-q", "--results", results).ends(0))
	p.kaon("run", "whole.yaml", "-q", "--results", results, "--set", "task.fetch=[s3://data/none.txt]").ends(2).says("task.fetch.0", "not exist")
}

func TestLogsAreFollowed(t *testing.T) {
	p := newPlace(t)
	gate := p.pipe("gate")
	p.write("slow.yaml", "name: slow\nmethod: grid\nparameters: {x: {values: [1]}}\ncommand: 'echo first; read go < gate; echo last'\n")
	run := p.start("run", "slow.yaml", "-q")
	var follow *process
	testkit.Await(t, "output of the trial, which may not have begun", func() bool {
		follow = p.start("logs", "0", "-f")
		for late := time.Now().Add(10 * time.Second); time.Now().Before(late); {
			select {
			case <-follow.ended:
				late = time.Now()
			case <-time.After(10 * time.Millisecond):
			}
			if strings.Contains(follow.stdout.String(), "first") {
				return true
			}
		}
		_ = follow.cmd.Process.Kill()
		<-follow.ended
		return false
	})
	if _, err := gate.WriteString("go\n"); err != nil {
		t.Fatal(err)
	}
	run.wait().ends(0)
	follow.wait().ends(0).prints("first\nlast\n")
}

func TestProgramThatAgentsLackIsNamed(t *testing.T) {
	p := newPlace(t)
	p.write("train.py", "")
	for name, command := range map[string]string{"argv": `["python", "train.py"]`, "shell": `"PYTHONPATH=. python ./train.py --x 1"`} {
		p.write(name+".yaml", "method: grid\nparameters: {x: {values: [1]}}\ncommand: "+command+"\n")
		p.kaon("run", name+".yaml", "--cluster", "mesos://127.0.0.1:1", "--work-dir", "sandbox").ends(2).says("train.py", "code: .")
	}
}

func TestTheRealMesosRunsWithFiles(t *testing.T) {
	cluster := os.Getenv("KAON_TEST_MESOS")
	if cluster == "" {
		t.Skip("beyond a whole run: needs a Mesos cluster; set KAON_TEST_MESOS=mesos://host:port")
	}
	p := wholePlace(t)
	t.Setenv("TOKEN", "hunter2-hunter2")
	p.checkWhole("kaon-results", p.kaon("run", "whole.yaml", "-q", "--cluster", cluster).ends(0))
}
