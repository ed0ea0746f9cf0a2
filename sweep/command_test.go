package sweep

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// awkward is text that a shell or a careless program would take for more than text.
func awkward() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
			"'", `"`, `\`, "$(echo pwned)", "`echo pwned`", "${HOME}", "$HOME", ";", "&&", "\n", " ", "*",
			"#", "!", "~", "é", "a", "0.1", "--x", "=",
		}), 0, 8).Draw(t, "pieces")
		return strings.Join(pieces, "")
	})
}

// Whatever a value holds, a real shell hands it to the program unchanged, in every kind of quotes.
func TestShellGetsValuesAsData(t *testing.T) {
	for _, script := range []string{
		`printf '%s\0' ${param.v} x`, `printf '%s\0' "${param.v}" x`, `printf '%s\0' '${param.v}' x`,
		`for i in 1; do printf '%s\0' ${param.v} "$(echo x)"; done # it's a comment`,
		"printf '%s\\0' ${param.v} `echo x`",
	} {
		t.Run(script, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				v := awkward().Draw(r, "value")
				x, err := Command{Shell: script}.Expand(Vars{Params: Point{{"v", v}}})
				if err != nil {
					r.Fatal(err)
				}
				out, err := exec.Command("sh", "-c", x.Shell).Output()
				if want := v + "\x00x\x00"; err != nil || string(out) != want {
					r.Fatalf("%s\nprinted %q (%v), want %q", x.Shell, out, err, want)
				}
			})
		})
	}
}

// ${args} in a shell string are the words that a list would get.
func TestShellArgsAreTheWordsOfAList(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := Point{{"a", awkward().Draw(r, "a")}, {"b", awkward().Draw(r, "b")}}
		list, err := Command{Argv: []string{"${args}"}}.Expand(Vars{Params: p})
		if err != nil {
			r.Fatal(err)
		}
		shell, err := Command{Shell: `printf '%s\0' ${args}`}.Expand(Vars{Params: p})
		if err != nil {
			r.Fatal(err)
		}
		out, err := exec.Command("sh", "-c", shell.Shell).Output()
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); err != nil ||
			!slices.Equal(got, list.Argv) {
			r.Fatalf("shell %q (%v), list %q", got, err, list.Argv)
		}
	})
}

func TestExpand(t *testing.T) {
	params := Point{{"lr", 1e-5}, {"n", int64(3)}, {"on", true}, {"off", false}, {"none", nil},
		{"opt", Point{{"b", 0.9}}}, {"s", "a b"}}
	for _, c := range []struct {
		in   []string
		want []string
	}{
		{[]string{"${args}"},
			[]string{"--lr=1e-05", "--n=3", "--on=True", "--off=False", "--none=None", "--opt={'b': 0.9}",
				"--s=a b"}},
		{[]string{"${args_no_hyphens}"},
			[]string{"lr=1e-05", "n=3", "on=True", "off=False", "none=None", "opt={'b': 0.9}", "s=a b"}},
		{[]string{"${args_no_boolean_flags}"},
			[]string{"--lr=1e-05", "--n=3", "--on", "--none=None", "--opt={'b': 0.9}", "--s=a b"}},
		{[]string{"${args_no_equals}"},
			[]string{"--lr", "1e-05", "--n", "3", "--on", "True", "--off", "False", "--none", "None", "--opt",
				"{'b': 0.9}", "--s", "a b"}},
		{[]string{"${args_append_hydra}"},
			[]string{"+lr=1e-05", "+n=3", "+on=True", "+off=False", "+none=None", "+opt={'b': 0.9}",
				"+s=a b"}},
		{[]string{"${args_override_hydra}"},
			[]string{"++lr=1e-05", "++n=3", "++on=True", "++off=False", "++none=None", "++opt={'b': 0.9}",
				"++s=a b"}},
		{[]string{"dir=${now:%Y}/${model}", "x${param.n}${a.b}"},
			[]string{"dir=${now:%Y}/${model}", "x3${a.b}"}},
		{[]string{"${args_json}"},
			[]string{`{"lr": 1e-05, "n": 3, "on": true, "off": false, "none": null, "opt": {"b": 0.9}, "s": "a b"}`}},
		{[]string{"${env}", "${interpreter}", "${program}"}, []string{"/usr/bin/env", "python", "train.py"}},
		{[]string{"--lr=${param.lr}", "x${param.opt.b}y${param.n}"}, []string{"--lr=1e-05", "x0.9y3"}},
		{[]string{"$${args}", "a$${b}"}, []string{"${args}", "a${b}"}},
		{[]string{"${envvar:USER}/out"}, []string{"me/out"}},
		{[]string{"sh", "-c", "echo ${param.s} ${HOME} ${X:-1}"},
			[]string{"sh", "-c", "echo 'a b' ${HOME} ${X:-1}"}},
	} {
		x, err := Command{Program: "train.py",
			Argv: c.in}.Expand(Vars{Params: params,
			Getenv: func(string) (string, bool) { return "me", true }})
		if err != nil || !slices.Equal(x.Argv, c.want) {
			t.Errorf("%q becomes %q (%v), want %q", c.in, x.Argv, err, c.want)
		}
	}
}

func TestExpandRefuses(t *testing.T) {
	for _, c := range []Command{
		{Argv: []string{"${nope}"}}, {Argv: []string{"${param.absent}"}}, {Argv: []string{"${program}"}},
		{Argv: []string{"${envvar:UNSET}"}}, {Argv: []string{"${winner.args}"}}, {Argv: []string{"x${args}"}},
		{Argv: []string{"x${arg}"}}, {Argv: []string{"${HOME}/x"}},
		{Shell: "echo ${"}, {Shell: "cat <<E\n${param.lr}\nE"}, {Shell: "echo `echo ${param.lr}`"},
		{Shell: "echo $'a${param.lr}'"}, {Shell: "echo $'\\'' ${param.lr}"},
		{Shell: "echo ${X:-'} ${param.lr}"}, {Shell: "echo ${i}"},
	} {
		if x, err := c.Expand(Vars{Params: Point{{"lr", 0.1}}}); err == nil {
			t.Errorf("%+v became %+v", c, x)
		}
	}
}

func TestArgsFile(t *testing.T) {
	x, err := Command{Argv: []string{"${args_json_file}", "${winner.args_json_file}"}}.Expand(Vars{
		Params: Point{{"a", int64(1)}}, ArgsFile: "/sandbox/args.json",
		Winner: &Winner{Params: Point{{"a", int64(2)}}},
	})
	if err != nil || !slices.Equal(x.Argv, []string{"/sandbox/args.json", "/sandbox/winner-args.json"}) ||
		len(x.Files) != 2 ||
		x.Files[0].Name != "args.json" || string(x.Files[1].Data) != `{"a": 2}` {
		t.Errorf("%+v %v", x, err)
	}
}

func TestEnvironmentNamesVariables(t *testing.T) {
	c := Command{Shell: "x ${envvar:A} ${envvar:B} ${envvar:A} $C"}
	if got := c.Environment(); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("%q", got)
	}
}
