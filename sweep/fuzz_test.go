package sweep

import (
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzParse: whatever the bytes, Parse ends, and either refuses with placed problems or gives a spec whose
// first points, demands and commands can be computed.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src), "run_cap=3")
	}
	f.Fuzz(func(t *testing.T, text, set string) {
		// A panic in a timer ends the process and leaves the input as a failure; a hang would go unnoticed.
		slow := time.AfterFunc(20*time.Second, func() { panic("parsing did not end: " + text + "\n" + set) })
		defer slow.Stop()
		s, err := Parse("fuzz.yaml", []byte(text), WithSet(set))
		if err != nil {
			var all Errors
			if !errors.As(err, &all) || len(all) == 0 || all.Error() == "" {
				t.Fatalf("refused without Errors: %v", err)
			}
			return
		}
		if s.Points() < 1 || s.Trials > MaxTrials {
			t.Fatalf("%d trials", s.Points())
		}
		for i := range min(s.Points(), 3) {
			var p Point
			if s.Method == "grid" {
				p = s.Space.At(big.NewInt(int64(i / max(s.Repeat.Trials, 1))))
			} else if !s.Space.Conditional() {
				p, _ = s.Space.Draw(s.Seed, i)
			} else {
				var ok bool
				if p, ok, _ = s.Space.evaluation().draw(s.Seed, i, maxRejections); !ok {
					continue
				}
			}
			text, err := p.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			var back Point
			if err := back.UnmarshalJSON(text); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			_, _ = s.Demand(p)
			if _, err := s.Command.Expand(Vars{Params: p,
				Getenv:     func(string) (string, bool) { return "", true },
				Entrypoint: []string{"/e"}}); err != nil {
				t.Fatalf("the command was accepted and cannot be expanded: %v", err)
			}
		}
	})
}

// FuzzShell: a shell command with a macro that is accepted hands a hostile value to the shell as data. The
// value would create a file if any part of it ran.
func FuzzShell(f *testing.F) {
	for _, script := range []string{
		"echo ${param.v}", `echo "${param.v}" '${param.v}'`, "echo \\\" ${param.v}",
		"a=${X:-\"b\"} ${param.v}", "# ' \necho ${param.v}",
		`echo "\"${param.v}"`, "echo $(echo ${param.v})", "case a in a) echo ${param.v};; esac",
		"echo a#'${param.v}'", "x=1;#'\necho '${param.v}",
	} {
		f.Add(script)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, script string) {
		if strings.ContainsAny(script, "\x00") || len(script) > 200 {
			return
		}
		// Only words that cannot do harm by themselves: the fuzzer's own script runs in a real shell.
		for _, r := range script {
			if !strings.ContainsRune("echo parmv.${}'\"\\#\n;=()ab1X:-<`", r) {
				return
			}
		}
		if strings.Contains(script, "rm") || strings.ContainsAny(script, ">") || !strings.Contains(script, "${param.v}") {
			return
		}
		dir := t.TempDir()
		value := `'";touch pwned;$(touch pwned)` + "`touch pwned`" + "\ntouch pwned\n#'\""
		x, err := Command{Shell: script}.Expand(Vars{Params: Point{{"v", value}}})
		if err != nil {
			return
		}
		cmd := exec.Command(sh, "-c", x.Shell)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=/nonexistent:/usr/bin:/bin"}
		_ = cmd.Run() // the script may well be nonsense; what matters is what it left behind
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
			t.Fatalf("a value ran as code:\n%s\nbecame\n%s", script, x.Shell)
		}
	})
}
