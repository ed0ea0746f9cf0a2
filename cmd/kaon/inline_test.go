package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hostileNames are names of files that a careless command would take for options, code or several words.
var hostileNames = []string{
	"a b.txt", "q'uote.txt", `d"quote.txt`, "new\nline.txt", "$(touch PWNED).txt", "`touch PWNED`.txt", "-rf.txt", "--help.txt", ";touch PWNED;.txt",
	"&touch PWNED&.txt", "$HOME.txt", `back\slash.txt`, "{x}.txt", "${args}.txt", "*.txt", "tab\t.txt", "#.txt", "ü.txt", "yes.txt", "1.txt", "!x.txt",
}

// hostileFiles makes them, each with its name in it, and answers them in the order of a shell's pattern.
func (p place) hostileFiles() []string {
	p.t.Helper()
	for _, name := range hostileNames {
		p.write(name, name)
	}
	p.write(".hidden.txt", "")
	sorted := slices.Sorted(slices.Values(hostileNames))
	return sorted
}

// A map runs every combination once, and prints what the commands write in the order of the combinations; names of files reach the
// program as they are and run nothing.
func TestMap(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	names := p.hostileFiles()
	var want strings.Builder
	for _, n := range []string{"1", "2"} {
		for _, name := range names {
			want.WriteString(n + "<" + name + ">\n" + name + "\n")
		}
	}
	before, _ := os.ReadDir(p.dir)
	for form, args := range map[string][]string{
		"text":  {"map", `printf '%s<%s>\n' {n} {file}; cat < {file}; echo`, "n=1..2", "file=*.txt"},
		"words": {"map", "n=1..2", "file=*.txt", "-q", "--", "sh", "-c", `printf '%s<%s>\n' "$1" "$2"; cat < "$2"; echo`, "sh"},
	} {
		r := p.kaon(args...).ends(exitDone)
		if form == "text" {
			r.says("42 trials by grid search", "42 succeeded")
		}
		if r.stdout != want.String() {
			t.Errorf("%s: it printed\n%q, want\n%q", form, r.stdout, want.String())
		}
	}
	after, _ := os.ReadDir(p.dir)
	if len(after) != len(before)+1 { // kaon-results
		t.Errorf("the folder has %d entries, had %d: %v", len(after), len(before), after)
	}
}

// What a command wrote is printed as soon as it and all before it have ended, whether the rest ends or is interrupted.
func TestMapPrintsAsCommandsEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	gate := p.pipe("gate")
	args := []string{"map", "echo {x}; if test {x} = b; then head -n 1 gate; fi", "x=a,b,c,d", "--set", "task.resources.cpus=0.1", "-j", "4"}
	x := p.start(args...)
	x.stdout.await(t, "a\n")
	if got := x.stdout.String(); got != "a\n" {
		t.Errorf("before b has ended it printed %q", got)
	}
	if _, err := gate.WriteString("open\n"); err != nil {
		t.Fatal(err)
	}
	if r := x.wait().ends(exitDone); r.stdout != "a\nb\nopen\nc\nd\n" {
		t.Errorf("it printed %q", r.stdout)
	}
	x = p.start(args...)
	x.stdout.await(t, "a\n")
	x.signal(os.Interrupt)
	if r := x.wait().ends(exitInterrupted).says("kaon run --resume"); r.stdout != "a\n" {
		t.Errorf("interrupted it printed %q", r.stdout)
	}
}

// With --json each command is a line: what it got, how it ended, what it wrote. One that fails keeps none from running.
func TestMapJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("values", "07\n1.50\n\ntrue\n  x \n")
	r := p.kaon("map", `printf '[%s]' {v}; echo err{v} >&2; test {v} != true`, "v=@values", "--json", "-j", "2", "--set", "task.resources.cpus=0.1").ends(exitFailed)
	var got []string
	for line := range strings.Lines(r.stdout) {
		var one mapOutput
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if one.Exit == nil || one.Trial != len(got) {
			t.Fatalf("line %d is %s", len(got), line)
		}
		got = append(got, strings.Join([]string{one.State.String(), string(one.Params), one.Stdout, one.Stderr}, "|"))
	}
	want := []string{
		`succeeded|{"v":"07"}|[07]|err07` + "\n", `succeeded|{"v":"1.50"}|[1.50]|err1.50` + "\n",
		`failed|{"v":"true"}|[true]|errtrue` + "\n", `succeeded|{"v":"  x "}|[  x ]|err  x ` + "\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("it printed\n%q, want\n%q", got, want)
	}
}

// A sweep that is typed runs as one of a file does, and as the file that --print makes of it.
func TestTypedSweepAndItsFile(t *testing.T) {
	t.Parallel()
	want(t, "sh")
	p := newPlace(t)
	p.write("train.sh", `for a; do case $a in --x=*) x=${a#--x=};; --style=*) style=${a#--style=};; esac; done
[ "$style" = "it's \"plain\" \$(touch PWNED)" ] || { echo "style is $style" >&2; exit 1; }
echo "y=$((x * x - 6 * x))"
`)
	typed := []string{
		"sweep", "x=0..7", "-m", "min y", `style="it's \"plain\" $(touch PWNED)"`, "--set", "task.filters=['(\\w+)=(.*)']", "--seed", "7", "-j", "2", "--", "sh", "train.sh",
	}
	ran := contract(t, p.kaon(append([]string{"sweep", "--json"}, typed[1:]...)...).ends(exitDone))
	if ran.Trials.Succeeded != 8 || ran.Best == nil || ran.Best.Trial != 3 || ran.Best.Value != -9 {
		t.Errorf("it came to %+v, want the winner 3 of 8", ran)
	}
	printed := p.kaon(append([]string{"sweep", "--print"}, typed[1:]...)...).ends(exitDone)
	p.write("kept.yaml", printed.stdout)
	kept := contract(t, p.kaon("run", "kept.yaml", "--json").ends(exitDone))
	if a, b := p.board("kaon-results", ran.Sweep), p.board("kaon-results", kept.Sweep); a != b {
		t.Errorf("typed, the board is\n%s\nof the file\n%s", a, b)
	}
	if !strings.HasPrefix(printed.stdout, "# kaon sweep ") || !strings.Contains(printed.stdout, "\nseed: 7\n") {
		t.Errorf("it printed\n%s", printed.stdout)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "PWNED")); err == nil {
		t.Error("a value was run")
	}
	if r := p.kaon("sweep", "x=1", "--print", "--cluster", "mesos://me:hidden@127.0.0.1:1", "--", "true").ends(exitDone); strings.Contains(r.stdout, "hidden") {
		t.Errorf("it printed a secret:\n%s", r.stdout)
	}
	// what cannot be kept is refused, and nothing is printed
	if r := p.kaon("sweep", "x=1", "--print", "--set", "command.0=false", "--", "true").ends(exitUsage); r.stdout != "" {
		t.Errorf("it printed\n%s", r.stdout)
	}
	mapped := p.kaon("map", "--print", "echo {x}", "x=a,'b c'").ends(exitDone)
	p.write("mapped.yaml", mapped.stdout)
	if got := contract(t, p.kaon("run", "mapped.yaml", "--json").ends(exitDone)); got.Trials.Succeeded != 2 {
		t.Errorf("the printed map came to %+v", got)
	}
}

// Mistakes are told before anything runs, with the word, the place in it and a remedy.
func TestTypedMistakes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, tt := range []struct {
		args []string
		says []string
	}{
		{[]string{"sweep", "lr=0.1~x", "--", "true"}, []string{"lr=0.1~x: at character 8", "       ^", "to mean the text"}},
		{[]string{"sweep", "--", "true"}, []string{"no parameters", "kaon sweep lr="}},
		{[]string{"sweep", "lr=1"}, []string{"no command", "-- python train.py"}},
		{[]string{"sweep", "lr=1", "-m", "accuracy", "--", "true"}, []string{"'max accuracy'"}},
		{[]string{"sweep", "lr=1,2", "--", "true", "{lrr}"}, []string{"{lrr}: at character 1", "there are {lr}"}},
		{[]string{"sweep", "lr=0.1~0.2", "--method", "grid", "--", "true"}, []string{"without number", "lr=0.1..0.2..0.025"}},
		{[]string{"sweep", "lr=1,2", "--method", "grdi", "--", "true"}, []string{"command line:", "did you mean `grid`"}},
		{[]string{"sweep", "lr=1,2", "--", "./nothing-here"}, []string{"nothing-here"}},
		{[]string{"sweep", "lr=1", "lr=1..3", "--", "true"}, []string{"given twice"}},
		{[]string{"map"}, []string{"no command"}},
		{[]string{"map", "true"}, []string{"no parameters"}},
		{[]string{"map", "x=1", "true"}, []string{"the command comes first"}},
		{[]string{"map", "gzip", "x", "file=*.txt"}, []string{"x: it is no parameter"}},
		{[]string{"map", "cat {file}", "file=*.nope"}, []string{"no file matches `*.nope`"}},
		{[]string{"map", "a | b", "x=1"}, []string{"write {x}"}},
		{[]string{"map", "echo {x}", "x=@nope"}, []string{"no such file"}},
	} {
		r := p.kaon(tt.args...).ends(exitUsage).says(tt.says...)
		if r.stdout != "" {
			t.Errorf("kaon %v printed %q", tt.args, r.stdout)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(p.dir, "kaon-results", "sweeps", "*")); len(left) > 0 {
		t.Errorf("something ran: %v", left)
	}
}
