package sweep

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// TestGood parses every accepted spec and compares what came of it, with its first points and their
// commands, with the golden text beside it.
func TestGood(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d good specs found (%v)", len(files), err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(filepath.Base(f), src, WithSeed(1))
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, strings.TrimSuffix(f, ".yaml")+".txt", []byte(describe(t, s)))
		})
	}
}

func describe(t *testing.T, s *Spec) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s trials=%d capped=%v", s.Method, s.Trials, s.Capped)
	if n, finite := s.Space.Size(); finite {
		fmt.Fprintf(&b, " size=%s", n)
	}
	fmt.Fprintf(&b, "\nobjective %+v metrics %s\n", asJSON(t, s.Objective), asJSON(t, append([]Metric{}, s.Metrics...)))
	fmt.Fprintf(&b, "constraints %v env %v retries %d timeout %v grace %v isolation %v limits {Parallel:%d "+
		"Failed:%d FailedShare:%v Wall:%v}\n", s.Task.Constraints, s.Task.Env, s.Task.Retries, s.Task.Timeout,
		s.Task.Grace, s.Task.Isolation,
		s.Limits.Parallel, s.Limits.Failed, s.Limits.FailedShare, s.Limits.Wall)
	if l := s.Limits; len(s.Early) > 0 {
		fmt.Fprintf(&b, "early %s steps %d trial %d %v\n", asJSON(t, s.Early), l.Steps, l.TrialSteps, l.TrialTime)
	}
	if c := s.Task.Container; c != nil {
		fmt.Fprintf(&b, "container %s registry %+v isolation %s gpus %v of image %v\n", asJSON(t, c),
			c.Registry, s.Task.Isolation, s.WantsDevices(), s.Command.OfImage())
	}
	if t := &s.Task; t.Code+t.Dir != "" || len(t.Fetch)+len(t.Secrets) > 0 {
		fmt.Fprintf(&b, "code %q dir %q secrets %q logs %s\n", t.Code, t.Dir, t.Secrets, t.Logs)
	}
	for _, f := range s.Task.Fetch {
		fmt.Fprintf(&b, "fetch {URL:%s SHA256:%s To:%s Unpack:%v}\n", f.URL, f.SHA256, f.To, f.Unpack)
	}
	if a := s.Artifacts; a.None || a.Top+len(a.Files) != 0 {
		fmt.Fprintf(&b, "artifacts %+v\n", a)
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "warning: %v\n", w)
	}
	var p Point
	for i := range min(s.Points(), 4) {
		if s.Method == "grid" {
			p = s.Space.At(big.NewInt(int64(i)))
		} else {
			p, _ = s.Space.Draw(s.Seed, i)
		}
		fmt.Fprintf(&b, "%d: %s\n", i, asJSON(t, p))
	}
	getenv := func(name string) (string, bool) { return "/home/me", name == "HOME" }
	x, err := s.Command.Expand(Vars{Params: p, Getenv: getenv, Entrypoint: []string{"/digits", "train"},
		Cmd: []string{"--quiet"}})
	fmt.Fprintf(&b, "run %q %s %s %v\n", x.Argv, x.Shell, x.Files, err)
	demand, err := s.Demand(p)
	fmt.Fprintf(&b, "demand %s %v\n", asJSON(t, demand), err)
	if s.Then != nil {
		x, err := s.Then.Command.Expand(Vars{Winner: &Winner{Trial: 3, Value: 0.5, Params: p}})
		fmt.Fprintf(&b, "then %q %s %v\n", x.Argv, x.Shell, err)
	}
	return b.String()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
