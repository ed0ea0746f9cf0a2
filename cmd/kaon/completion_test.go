package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// A real bash completes with the script that kaon prints.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	want(t, "bash")
	p := newPlace(t)
	p.write("square.yaml", square)
	id := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone)).Sweep
	bash := p.shell("bash")
	for _, tt := range []struct{ typed, offers string }{
		{"kaon tri", "trials trial"},
		{"kaon ver", "version"},
		{"kaon run --res", "--results --resume"},
		{"kaon run --log i", "info"},
		{"kaon run --resume sq", id},
		{"kaon best --format ", "text json yaml env flags argo airflow metaflow"},
		{"kaon best ", id},
		{"kaon stop ", id},
		{"kaon rm another-aaaaaa ", id},
		{"kaon trials --state s", "succeeded stopped"},
		{"kaon trials --limit 3 ", id},
		{"kaon best --quux ", id},
		{"kaon bench ", "hollow kubernetes local mesos pack search serve warm wire workflow"},
		{"kaon queue ", "list rm set usage"},
		{"kaon queue usage --by ", "day queue sweep user"},
		{"kaon completion z", "zsh"},
		{"kaon run squ", ""}, // a file: bash's own
	} {
		script := `eval "$(kaon completion bash)"
complete -p kaon >/dev/null || exit 9
COMP_WORDS=(` + tt.typed + `); case "$1" in *" ") COMP_WORDS+=("");; esac
COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _kaon; echo "${COMPREPLY[*]}"`
		cmd := bash(script)
		cmd.Args = append(cmd.Args, "bash", tt.typed)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got := strings.Join(strings.Fields(string(out)), " "); !sameWords(got, tt.offers) {
			t.Errorf("%q offers %q, want %q", tt.typed, got, tt.offers)
		}
	}
}

func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return false
	}
	for _, word := range x {
		if !strings.Contains(" "+b+" ", " "+word+" ") {
			return false
		}
	}
	return true
}

// The other shells take their scripts, where they are installed.
func TestCompletionScriptsParse(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			want(t, shell)
			p := newPlace(t)
			script := p.kaon("completion", shell).ends(exitDone).stdout
			cmd := p.shell(shell)("")
			cmd.Args = []string{shell, "-n"}
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	if code := execute(t.Context(), []string{"completion", "csh"}, &output{io.Discard, io.Discard}); code != exitUsage {
		t.Errorf("an unknown shell ends with %d", code)
	}
}

func TestCompleteKnowsNoFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	var out strings.Builder
	if code := execute(t.Context(), []string{"complete", "--", "export", "--output", ""}, &output{&out, os.Stderr}); code != exitDone || out.Len() > 0 {
		t.Errorf("exit code %d, offers %q", code, out.String())
	}
}
