package sampler_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/sampler"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

const space = `
name: mine
seed: 7
method: {command: [%s], batch: %d, timeout: %s}
run_cap: 20
metric: {name: loss, goal: minimize}
parameters:
  x: {min: -5.0, max: 5.0}
  k: {values: [a, b]}
  n: {min: 1, max: 9, when: k == "b"}
  one: {value: 1}
command: "true"
`

// program is a sampler that a shell script is, with all the time that it takes on a busy machine.
func program(t *testing.T, script string, batch int) (*sampler.Sampler, string) {
	t.Helper()
	return hurried(t, script, batch, "2m")
}

// hurried is the same with a time in which it is to answer.
func hurried(t *testing.T, script string, batch int, timeout string) (*sampler.Sampler, string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "s.sh"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := sweep.Parse("s.yaml", fmt.Appendf(nil, space, "sh, s.sh", batch, timeout))
	if err != nil {
		t.Fatal(err)
	}
	s := sampler.New(spec, folder)
	t.Cleanup(s.Close)
	return s, folder
}

// What a program does wrong ends the search, with its name, what was wrong, and what it wrote.
func TestAttackWrongAnswers(t *testing.T) {
	for script, says := range map[string]string{
		`echo oops >&2; exit 3`: "it ended: exit status 3; it wrote: oops",
		`read h; echo hello`:    `it answered "hello", which is no JSON object`,
		`read h; echo '{}'; read a; echo '{"params": [{"x": 9, "k": "a"}]}'`:           "`x` cannot be 9",
		`read h; echo '{}'; read a; echo '{"params": [{"x": 1.0}]}'`:                   "it lacks the parameter `k`",
		`read h; echo '{}'; read a; echo '{"params": [{"x": 1.0, "k": "b"}]}'`:         "it lacks the parameter `n`",
		`read h; echo '{}'; read a; echo '{"params": [{"x": 1.0, "k": "a", "y": 1}]}'`: "the spec has no parameter `y`",
		`read h; echo '{}'; read a; echo '{"params": []}'`:                             "it answered with 0 points where 1 were asked for",
		`read h; echo '{}'; read a; echo '{"params": [7]}'`:                            "it is no object of parameters",
		`read h; echo '{"error": "I am out of ideas"}'`:                                "it says: I am out of ideas",
		`read h; sleep 120`: "it has not answered within 2s (method.timeout)",
		`read h; head -c 3000000 /dev/zero | tr '\0' x; echo; sleep 120`: "more than 1048576 bytes in one line",
		`read h; echo '{}'`: "it ended: exit status 0",
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			timeout := "2m"
			if strings.Contains(says, "method.timeout") {
				timeout = "2s"
			}
			s, _ := hurried(t, script, 1, timeout)
			began := time.Now()
			_, ok := s.Ask(0)
			if ok || s.Err() == nil || !strings.Contains(s.Err().Error(), says) || !strings.Contains(s.Err().Error(), "`sh s.sh` (method.command)") {
				t.Errorf("%v, %v", ok, s.Err())
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %v", took)
			}
			if _, ok := s.Ask(1); ok {
				t.Error("it goes on")
			}
		})
	}
}

// counting answers with how many lines it has read, and keeps them.
const counting = `n=0
while read line; do
  echo "$line" >> log
  case $n in 0) echo '{}';; *)
    asked=$(echo "$line" | sed 's/.*"ask":\[\([0-9,]*\)\].*/\1/' | tr ',' ' ')
    out=
    for i in $asked; do out="$out,{\"x\": $n.5, \"k\": \"b\", \"n\": $((i % 9 + 1))}"; done
    echo "{\"params\": [${out#,}]}";;
  esac
  n=$((n + 1)); [ $n -lt 5 ] || n=1
done
`

// A fresh process hears the same lines as the one before, and goes on as it would have.
func TestDialogueIsRepeated(t *testing.T) {
	for _, batch := range []int{1, 4} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			first, folder := program(t, counting, batch)
			log := search.NewLog(first, "command")
			outcomes := map[int]search.Outcome{}
			run := func(log *search.Log, from, to int) (points []string) {
				for trial := from; trial < to; trial++ {
					p, _, err := log.Ask(trial)
					if err != nil {
						t.Fatal(err)
					}
					text, _ := json.Marshal(p)
					points = append(points, string(text))
					if trial%3 == 1 {
						outcomes[trial-1] = search.Outcome{State: sweep.Succeeded, Value: float64(trial), Known: true}
						log.Tell(trial-1, outcomes[trial-1])
					}
				}
				return points
			}
			before := run(log, 0, 10)
			again, other := program(t, counting, batch)
			restored := search.NewLog(again, "command")
			for trial := range before {
				restored.Restore(trial, log.Steps(trial), outcomes[trial])
			}
			if err := restored.Replay(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(other, "log")); err == nil {
				t.Error("it was started before anybody needed a point")
			}
			want, got := run(log, 10, 20), run(restored, 10, 20)
			if strings.Join(want, "\n") != strings.Join(got, "\n") {
				t.Errorf("undisturbed\n%s\nrestored\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
			}
			heard := func(folder string) string {
				data, err := os.ReadFile(filepath.Join(folder, "log"))
				if err != nil {
					t.Fatal(err)
				}
				var lines []string
				for line := range strings.Lines(string(data)) {
					var m map[string]any
					if err := json.Unmarshal([]byte(line), &m); err != nil {
						t.Fatal(err)
					}
					delete(m, "answered")
					delete(m, "replayed")
					text, _ := json.Marshal(m)
					lines = append(lines, string(text))
				}
				return strings.Join(lines, "\n")
			}
			if a, b := heard(folder), heard(other); a != b {
				t.Errorf("the first heard\n%s\nthe second\n%s", a, b)
			}
		})
	}
}

// A program sees little of the environment, and is gone after Close with what it started.
func TestProcess(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s, folder := program(t, `env > env; sleep 1000 & echo $! > pid; read h; echo '{}'; read a; echo '{"params": [{"x": 1, "k": "a"}]}'; trap "" TERM; sleep 1000`, 1)
	p, ok := s.Ask(0)
	if text, _ := json.Marshal(p); !ok || string(text) != `{"x":1.0,"k":"a","one":1}` {
		t.Errorf("point %s: %v", text, s.Err())
	}
	s.Close()
	env, err := os.ReadFile(filepath.Join(folder, "env"))
	if err != nil || strings.Contains(string(env), "secret") || !strings.Contains(string(env), "PATH=") {
		t.Errorf("environment: %v\n%s", err, env)
	}
	pid, _ := os.ReadFile(filepath.Join(folder, "pid"))
	for wait := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			break
		}
		if time.Since(wait) > 10*time.Second {
			t.Fatalf("what it started is alive: %s", stat)
		}
	}
}

// A program rests when its sweep has ended, also one that has failed; a fresh one goes on where it stood.
func TestRest(t *testing.T) {
	s, folder := program(t, "echo $$ >> pids; [ ! -e broken ] || exit 3\n"+counting, 1)
	pids := func() []string {
		text, _ := os.ReadFile(filepath.Join(folder, "pids"))
		return strings.Fields(string(text))
	}
	ask := func(trial int, want bool) {
		t.Helper()
		if _, ok := s.Ask(trial); ok != want {
			t.Fatalf("trial %d: %v, %v", trial, ok, s.Err())
		}
	}
	ask(0, true)
	ask(1, true)
	s.Rest()
	if _, err := os.Stat("/proc/" + pids()[0]); err == nil {
		t.Error("it is alive")
	}
	broken := filepath.Join(folder, "broken")
	if err := os.WriteFile(broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ask(2, false)
	s.Rest()
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	ask(2, true)
	p, _ := s.Ask(2)
	if text, _ := json.Marshal(p); len(pids()) != 3 || !strings.Contains(string(text), `"x":3.5`) {
		t.Errorf("the third process, of %d, answers %s", len(pids()), text)
	}
}
