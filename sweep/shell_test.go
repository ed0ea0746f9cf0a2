package sweep

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// stage is a folder of programs for scripts: dump writes its words, each with a NUL behind it; ssh and su
// hand their command to a shell as the real ones do.
func stage(t *testing.T) (env []string) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"dump": "#!/bin/sh\nfor w in \"$@\"; do printf '%s\\0' \"$w\"; done\n",
		"ssh":  "#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do case $1 in -p) shift;; esac; shift; done; shift\nexec sh -c \"$*\"\n",
		"su":   "#!/bin/sh\nwhile [ \"$1\" != -c ]; do shift; done\nexec sh -c \"$2\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SHELL=/bin/sh", "V=x",
		"DUMP="+filepath.Join(dir, "dump"))
}

// hostile is a value that a shell, or a program that is careless, takes for more than text.
func hostile() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"'", `"`, `\`, "$(echo pwned)", "`echo pwned`", "${HOME}", "$HOME", "$", ";", "&&", "|", "\n",
			" ", "\t", "*", "?", "[a]", "{a,b}", "..", ",", "#", "!", "~",
			"é", "日", "a", "0.1", "7", "-", "--x", "=", "if", "(", ")", "<", ">", "&", "EOF", "%s", "}", "{",
			"\r", "\x01",
		}), 0, 8).Draw(t, "pieces"), "")
	})
}

// places are shell commands in which a macro stands for exactly the words of a trial: dump prints them.
var places = []string{
	`dump §`, `dump "§"`, `dump '§'`, `X=1 dump § >&1`, `if true; then dump §; fi`,
	`for i in 1; do dump §; done # it's §`,
	"dump § `true`", `: $'\n'; dump §`, `(dump §)`, `{ dump §; }`, `f() { dump "$@"; }; f §`,
	`set -- §; dump "$@"`,
	`x="$(dump x)"; dump §`, `cat <<E >/dev/null
it's "text"
E
dump §`, `V='it'"'"'s'; dump §`, `dump § # "`, `for w in §; do dump "$w"; done`, `case x in y) ;; x) dump §;; esac`,
	`: ${V:-'}'}; dump §`, `: $((1 + 2)); dump §`, `echo "$(dump §)" | cat >/dev/null; dump §`,
	`env A=1 dump §`,
	// An inner shell.
	`sh -c "dump §"`, `sh -c 'dump §'`, `bash -c "dump §"`, `bash -lc '"$DUMP" §' 2>/dev/null`,
	`sh -c "dump \"§\""`, `sh -c 'dump "§"'`, `sh -c "dump '§'"`,
	`bash -euo pipefail -c "dump §"`, `env A=1 bash -c "cd /; dump §"`, `timeout 9 sh -c "dump §"`,
	`exec sh -c "dump §"`, `$SHELL -c "dump §"`, `"${SHELL}" -c "dump §"`,
	`sh -c 'sh -c "dump §"'`, `sh -c "sh -c 'dump §'"`, `sh -c "sh -c \"dump §\""`,
	`sh -c 'sh -c "sh -c \"dump §\""'`,
	`echo | xargs sh -c 'dump §'`, `sh -c 'dump "$@"' sh §`, `bash -c 'dump "$@"' -- §`, `sh -c dump\ §`,
	`eval "dump §"`, `eval dump §`, `eval 'dump "§"'`, `sh -c "eval 'dump §'"`, `command eval "dump §"`,
	`ssh -p 22 me@host "dump §"`, `ssh host dump §`, `ssh host "sh -c 'dump §'"`, `timeout 5 ssh host dump §`,
	`su - me -c "dump §"`, `su -c 'dump §' me`,
	`trap "dump §" EXIT`, `sh -c "$(true) dump §"`,
}

// single are those for a macro that stands for one word.
var single = []string{
	`x=§; dump "$x"`, `x="§"; dump "$x"`, `export X=§; sh -c 'dump "$X"'`,
	`F=$(printf %s §; echo .); dump "${F%.}"`, `case § in zzz) ;; *) dump §;; esac`,
	`[ x = § ]; dump §`, `sh -c "x=§; dump \"\$x\""`, `X=a§b; X=${X#a}; dump "${X%b}"`,
	`X="a§b"; X=${X#a}; dump "${X%b}"`, `sh -c 'X="a§b"; X=${X#a}; dump "${X%b}"'`,
}

func trialOf(r *rapid.T, script string) (string, Point, []string) {
	v, w := hostile().Draw(r, "v"), hostile().Draw(r, "w")
	p := Point{{"v", v}, {"w", w}}
	if rapid.Bool().Draw(r, "several") {
		return strings.ReplaceAll(script, "§", "${args_no_equals}"), p, []string{"--v", v, "--w", w}
	}
	return strings.ReplaceAll(script, "§", "${param.v}"), p, []string{v}
}

// few makes rapid.Check try few examples until the test ends, for tests that start processes in many places.
func few(t *testing.T) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return // somebody wants another number
	}
	if err := f.Value.Set("6"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
}

// Whatever values hold, at every place and depth, in sh and in bash, a program gets them as they are.
func TestValuesArriveThroughShells(t *testing.T) {
	few(t)
	env := stage(t)
	run := func(r *rapid.T, argv, want []string) {
		cmd := exec.Command("env", argv...) // finds programs in the stage
		cmd.Env = env
		out, err := cmd.Output()
		if got := strings.Join(want, "\x00") + "\x00"; string(out) != got {
			r.Fatalf("%q\nprinted %q (%v), want %q", argv, out, err, got)
		}
	}
	for _, script := range places {
		for _, shell := range []string{"sh", "bash"} {
			t.Run(shell+" "+script, func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(r *rapid.T) {
					text, p, want := trialOf(r, script)
					x, err := Command{Shell: text}.Expand(Vars{Params: p})
					if err != nil {
						r.Fatal(err)
					}
					run(r, []string{shell, "-c", x.Shell}, want)
				})
			})
		}
	}
	for _, script := range single {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				v := hostile().Draw(r, "v")
				x, err := Command{Shell: strings.ReplaceAll(script, "§",
					"${param.v}")}.Expand(Vars{Params: Point{{"v", v}}})
				if err != nil {
					r.Fatal(err)
				}
				run(r, []string{"sh", "-c", x.Shell}, []string{v})
			})
		})
	}
	for _, list := range [][]string{
		{"dump", "§"}, {"sh", "-c", "dump §"}, {"bash", "-ec", `dump "§"`},
		{"env", "A=1", "bash", "-c", "dump §"}, {"bash", "-eo", "pipefail", "-c", "dump §"},
		{"sh", "-c", `dump "$@"`, "sh", "§"},
		{"sh", "-c", `sh -c "dump §"`}, {"ssh", "host", "dump", "§"}, {"ssh", "host", "dump §"},
		{"su", "me", "-c", "dump §"}, {"timeout", "9", "sh", "-c", "dump §"}, {"sh", "-c", "$(echo dump) §"},
	} {
		t.Run(fmt.Sprint(list), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				text, p, want := trialOf(r, strings.Join(list, "\x00"))
				x, err := Command{Argv: strings.Split(text, "\x00")}.Expand(Vars{Params: p})
				if err != nil {
					r.Fatal(err)
				}
				run(r, x.Argv, want)
			})
		})
	}
}

// Where a value would be split, dropped or run, the macro is refused, and a remedy is given.
func TestPlacesRefused(t *testing.T) {
	for _, script := range []string{
		"echo `echo ${param.v}`", "cat <<E\n${param.v}\nE", "cat <<'E'\n${param.v}\nE",
		"sh <<E\n./t ${args}\nE", "echo $(( ${param.v} + 1 ))", "echo $[ ${param.v} ]",
		"(( x = ${param.v} ))", "echo $(( $(echo ${param.v}) + 1 ))", "echo $((a[${param.v}]))",
		"echo ${V:-${param.v}}", `echo "${V:-${param.v}}"`, "echo ${V#${param.v}}", "echo $'${param.v}'",
		"echo $'\\'' ${param.v}", "let x=${param.v}", "X[${param.v}]=1", "${param.v}=1",
		"f${param.v}() { :; }",
		"[[ ${param.v} -eq 1 ]]", "declare -i x=${param.v}", "export ${param.v}", "echo 2>&${param.v}",
		"FLAGS=${args} ./t", `FLAGS="${args}"; ./t $FLAGS`, `./t "--flags ${args}"`, "./t x${args}",
		"${args}", "${args_no_hyphens} ./t", "./t > ${args}", "case ${args} in x) ;; esac",
		`sh -c "./t --flags='${args}'"`, `sh -c './t "$@"' ${args}`, `bash -c "${args}"`,
		"echo ${args} | sh", "echo ./t ${args} | bash -s", "echo ${param.v} | xargs ./t",
		"printf '%s' ${param.v} | ssh host", `bash <<< "./t ${args}"`, "bash <(echo ./t ${args})",
		". <(echo ${param.v})",
		`sh -c "$(echo ./t ${args})"`, `eval "$(echo ./t ${args})"`, `fish -c "./t ${args}"`,
		`watch "./t ${args}"`, "parallel ./t ${args} ::: 1", "tmux new -d ./t ${args}",
		`sbatch --wrap="./t ${param.v}"`, "env -S ./t ${args}",
		`su me --command="./t ${args}"`, "alias t=${param.v}", "sh -c 'echo `echo ${param.v}`'",
		"sh -c \"cat <<E\n${param.v}\nE\"", "sh -c 'echo $(( ${param.v} ))'", "unset ${param.v}",
		"read ${param.v}", "[ -v ${param.v} ]",
		"echo ${param.v} )", `echo "${param.v}`, "echo $((${param.v})", "sh -c 'echo (${param.v}'",
		"echo " + strings.Repeat("x", 1<<17) + "${param.v}", "sh -c 'x # ${param.v}\n'",
		"timeout 3 fish -c '${param.v}'",
	} {
		x, err := Command{Shell: script}.Expand(Vars{Params: Point{{"v", "a[$(id)]"}}})
		if err == nil {
			t.Errorf("%.200s\nbecame %.200s", script, x.Shell)
		} else if remedyOf(err, "") == "" {
			t.Errorf("%.200s\nis refused without a remedy: %v", script, err)
		}
	}
	for _, list := range [][]string{
		{"bash", "-c", "${args}"}, {"bash", "-c", `./t "$@"`, "${args}"}, {"sh", "-c", "./t `x ${param.v}`"},
		{"sh", "-c", "./t --x='${args}'"}, {"fish", "-c", "./t ${args}"}, {"watch", "./t ${args}"},
		{"ssh", "host", "./t", "`${param.v}`"}, {"ssh", "host", "fish", "-c", "${param.v}"},
		{"env", "-S", "./t ${param.v}"},
	} {
		if x, err := (Command{Argv: list}).Expand(Vars{Params: Point{{"v", "1"}}}); err == nil {
			t.Errorf("%q became %q", list, x.Argv)
		}
	}
}

// Words that look like code only to a shell do nothing as values.
func TestQuotedWhereTheyWouldMeanMore(t *testing.T) {
	for script, want := range map[string]string{
		"${param.v} x":                               "'if' x",
		"echo ${param.n}>out":                        "echo '2'>out",
		"echo {a,${param.c}}":                        "echo {a,'x,y'}",
		"echo # ${args} ${x}":                        "echo # ${args} ${x}",
		`echo \${param.v} ok`:                        `echo \${param.v} ok`,
		"echo $((${param.n}*${param.m}-${param.m}))": "echo $((2*(-3)-(-3)))",
		"sh -c 'echo $(( (${param.n}) % 2 ))' && ((${param.n}))": "sh -c 'echo $(( ('2') % 2 ))' && ((2))",
		`echo "${args}"`: `echo --v=if --n=2 --m=-3 --c=x,y`,
	} {
		x, err := Command{Shell: script}.Expand(Vars{Params: Point{{"v", "if"}, {"n", int64(2)},
			{"m", int64(-3)}, {"c", "x,y"}}})
		if err != nil || x.Shell != want {
			t.Errorf("%s became %s (%v), want %s", script, x.Shell, err, want)
		}
	}
	env := stage(t)
	for _, script := range []string{`dump "${args}"`, `sh -c 'dump "${args}"'`, `sh -c "dump \"${args}\""`} {
		x, err := Command{Shell: script}.Expand(Vars{Params: Point{}})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-c", x.Shell)
		cmd.Env = env
		if out, err := cmd.Output(); err != nil || len(out) > 0 {
			t.Errorf("%s without parameters became %s, which printed %q (%v)", script, x.Shell, out, err)
		}
	}
}
