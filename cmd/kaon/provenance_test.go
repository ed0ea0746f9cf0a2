package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/store"
)

// What a sweep was made of stays with its results: what was set from outside, too, and no secret.
func TestProvenance(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("specs/square.yaml", square)
	args := []string{"run", "specs/square.yaml", "--json", "--set", "name=other", "--set", "task.env.API_TOKEN=hunter2hunter2", "--seed", "7"}
	dirty := false
	if _, err := exec.LookPath("git"); err == nil {
		for _, words := range []string{"init -q", "add square.yaml", "-c user.name=a -c user.email=a@b commit -qm x"} {
			cmd := exec.Command("git", append([]string{"-C", filepath.Join(p.dir, "specs")}, strings.Fields(words)...)...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git %s: %v\n%s", words, err, out)
			}
		}
		p.write("specs/square.yaml", square+"\n# changed\n")
		dirty = true
	}
	id := contract(t, p.kaon(args...).ends(exitDone)).Sweep
	text := p.read("kaon-results/sweeps/" + id + "/sweep.json")
	var known store.Sweep
	if err := json.Unmarshal([]byte(text), &known); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "hunter2") {
		t.Errorf("the secret is in the results:\n%s", text)
	}
	if strings.Join(known.Overrides, " ") != "name=other task.env.API_TOKEN=SECRET seed=7" || known.File != filepath.Join(p.dir, "specs/square.yaml") || known.Seed != 7 || known.Kaon == "" {
		t.Errorf("known is %+v", known.Provenance)
	}
	var effective struct {
		Name string
		Seed int
	}
	if err := json.Unmarshal(known.Effective, &effective); err != nil || effective.Name != "other" || effective.Seed != 7 {
		t.Errorf("effective is %s, %v", known.Effective, err)
	}
	var compact strings.Builder
	if err := json.NewEncoder(&compact).Encode(known.Effective); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256([]byte(strings.TrimSpace(compact.String()))); hex.EncodeToString(sum[:]) != known.EffectiveHash {
		t.Errorf("hash of the effective spec %s is %s", compact.String(), known.EffectiveHash)
	}
	if g := known.Git; dirty && (g == nil || len(g.Commit) < 40 || !g.Dirty) {
		t.Errorf("git %+v", g)
	}
	if len(known.Runs) != 1 || known.Runs[0].Ended == "" || known.Runs[0].Dir != p.dir || known.Runs[0].Host == "" || known.Runs[0].User == "" ||
		known.Runs[0].Command != "kaon run specs/square.yaml --json --set name=other --set task.env.API_TOKEN=SECRET --seed 7" {
		t.Errorf("runs %+v", known.Runs)
	}
	p.kaon("status", id).ends(exitDone).prints("with: kaon run specs/square.yaml", "set: name=other", "set: seed=7", "spec: "+known.File)
	var s status
	p.kaon("status", id, "--json").ends(exitDone).json(&s)
	if s.Origin == nil || s.Origin.EffectiveHash != known.EffectiveHash {
		t.Errorf("status has %+v", s.Origin)
	}
}

// A trial runs by hand as it ran in the sweep: with its command, environment, seed, code, inputs and secrets.
func TestTry(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("specs/tried.yaml", `
name: tried
method: grid
metric: {name: y, goal: minimize}
parameters: {x: {values: [3, "it's"]}, z: {value: 1.5}}
command: ["sh", "trial.sh", "${args}", "${args_json_file}"]
task: {code: ., dir: ., fetch: [data.txt], secrets: [TRIED_SECRET], env: {MINE: "${param.x}"}}
`)
	p.write("specs/data.txt", "input\n")
	p.write("specs/trial.sh", `
for file; do :; done
echo "$* $MINE $KAON_PARAM_X $KAON_SEED $TRIED_SECRET" | sed "s|$file|FILE|" > seen
cat "$KAON_INPUTS/data.txt" "$file" trial.sh >> seen
cat seen
echo x > "$KAON_ARTIFACTS/left"
echo y=1
`)
	p.write("specs/.kaonignore", "data.txt\n")
	secret := func(args ...string) ran {
		cmd := p.command(args...)
		cmd.Env = append(cmd.Env, "TRIED_SECRET=abcdefgh")
		return p.launch(cmd).wait()
	}
	id := contract(t, secret("run", "specs/tried.yaml", "--json", "--set", "parameters.z.value=2.5").ends(exitDone)).Sweep
	p.write("specs/trial.sh", "echo changed since")
	seen := func(text string) string { // what the trial wrote, its secret as logs hide it
		return strings.ReplaceAll(text, "abcdefgh", "***")
	}
	want := p.kaon("logs", id+"/1").ends(exitDone).stdout
	for _, args := range [][]string{{"try", id + "/1"}, {"try", id + "/1", "--in", "tried"}} {
		got := seen(secret(args...).ends(exitDone).stdout)
		if got != want || !strings.Contains(got, "--z=2.5") || !strings.Contains(got, "input\n") || !strings.Contains(got, "for file; do") {
			t.Errorf("by hand:\n%s\nin the sweep:\n%s", got, want)
		}
	}
	script := secret("try", id+"/1", "--print").ends(exitDone).stdout
	if strings.Contains(script, "abcdefgh") || !strings.Contains(script, `export MINE='it'\''s'`) {
		t.Errorf("script:\n%s", script)
	}
	cmd := exec.Command("sh")
	cmd.Stdin, cmd.Dir, cmd.Env = strings.NewReader(script), p.dir, append(os.Environ(), "TRIED_SECRET=abcdefgh")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--z=2.5") {
		t.Errorf("the script: %v\n%s", err, out)
	}
	p.kaon("try", id+"/1").ends(exitUsage).says("TRIED_SECRET")
	p.kaon("try", id+"/9").ends(exitUsage).says("trials 0 to 1")
	p.kaon("trial", id+"/1").ends(exitDone).prints(`command: sh trial.sh '--x=it'\''s' --z=2.5`)
	shell := p.command("try", id+"/0", "--shell")
	shell.Env, shell.Stdin = append(shell.Env, "TRIED_SECRET=abcdefgh", "SHELL=/bin/sh"), strings.NewReader("echo in $KAON_TRIAL with $MINE; exit 5\n")
	p.launch(shell).wait().ends(5).prints("in 0 with 3")
}

// The attempt that counts is tried, with the seed of its trial, and so is the `then` step, with its winner.
func TestTryAttemptAndStep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("again.yaml", `
method: random
run_cap: 2
metric: {name: y, goal: minimize}
parameters: {x: {distribution: uniform, min: 0, max: 1}, s: {values: ["$(touch pwned) '; touch pwned; \"$(touch pwned)"]}}
command: 'test $KAON_ATTEMPT = 2 && echo y=${param.x} $KAON_SEED ${param.s} && cat ${args_json_file}'
task: {retries: 1, logs: all}
then: 'cat "$KAON_WINNER"; echo ${winner.seed} $KAON_SEED ${winner.args}'
`)
	id := contract(t, p.kaon("run", "again.yaml", "--json").ends(exitDone)).Sweep
	for _, what := range []string{"/0", "/1", "/then"} {
		want := p.kaon("logs", id+what).ends(exitDone).stdout
		if got := p.kaon("try", id+what).ends(exitDone).stdout; got != want || got == "" {
			t.Errorf("%s by hand:\n%s\nin the sweep:\n%s", what, got, want)
		}
		r := p.kaon("trial", id+what).ends(exitDone).prints("command: ")
		if strings.Contains(r.stdout, "\x00") || what != "/then" && !strings.Contains(r.stdout, id+"."+what[1:]+".2/args.json") {
			t.Errorf("the command is not exact:\n%q", r.stdout)
		}
	}
	if _, err := os.Stat(filepath.Join(p.dir, "pwned")); err == nil {
		t.Error("a value ran")
	}
}
