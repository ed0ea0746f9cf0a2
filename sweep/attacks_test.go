package sweep

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// attacks are scripts that hand a value to something that would run it, on one way or another.
var attacks = []string{
	`printf '%s\n' "echo ${param.v}" > t.txt; bash t.txt`, `X="${param.v}"; bash -c "echo $X"`,
	`X="${param.v}"; bash -c 'echo '"$X"`, `bash -c 'echo '${param.v}`, `bash -c "echo '"${param.v}"'"`,
	`cmd=(bash -c "echo ${param.v}"); "${cmd[@]}"`, `cmd="echo ${param.v}"; bash <<< "$cmd"`,
	`r() { local c="$*"; eval "$c"; }; r echo ${param.v}`, `r() { "$@"; }; r bash -c "echo ${param.v}"`,
	`r() { bash -c "$*"; }; r echo ${param.v}`,
	`r() { r2 "$@"; }; r2() { eval "$1"; }; r "echo ${param.v}"`,
	`echo "echo ${param.v}" | tee t.sh >/dev/null; bash t.sh`,
	`{ echo "echo ${param.v}"; } | tee t1 | tee t2 >/dev/null; bash t2`, `echo "echo ${param.v}" | bash`,
	`echo "echo ${param.v}" | cat | cat | bash -`, `echo "echo ${param.v}" | /bin/sh /dev/stdin`,
	`echo "echo ${param.v}" | { bash; }`, `echo "echo ${param.v}" | if true; then bash; fi`,
	`bash <(echo "echo ${param.v}")`, `source <(echo "echo ${param.v}")`,
	`. /dev/stdin <<< "echo ${param.v}"`, `bash /dev/stdin <<< "echo ${param.v}"`,
	`coproc bash; echo "${param.v}" >&${COPROC[1]}`,
	`exec 3> t.sh; echo "echo ${param.v}" >&3; exec 3>&-; bash t.sh`,
	`echo "echo ${param.v}" > t && cat t > u && bash u`,
	`echo "echo ${param.v}" > t && mv t u && bash u`, `D=.; echo "echo ${param.v}" > $D/t; bash ./t`,
	`F=t; echo "echo ${param.v}" > "$F"; bash "$F"`,
	`F=$(mktemp); echo "echo ${param.v}" > "$F"; G=$F; bash "$G"`,
	`w() { echo ${param.v} > $1; }; w t; bash t`, `r() { bash $1; }; echo ${param.v} > t; r t`,
	`find . -maxdepth 0 -exec sh -c "echo ${param.v}" \;`,
	`find . -maxdepth 0 -exec sh -c 'eval "$1"' _ ${param.v} \;`,
	`echo a | xargs -I{} sh -c "echo {} ${param.v}"`, `echo ${param.v} | xargs -I{} sh -c 'echo {}'`,
	`echo ${param.v} | xargs -n1 sh -c`, `xargs -I{} sh -c 'echo {}' <<< ${param.v}`,
	`env X=${param.v} sh -c 'eval "echo $X"'`, `export X=${param.v}; sh -c 'sh -c "echo $X"'`,
	`export X=${param.v}; python3 -c "import os; os.system('echo $X')"`,
	`python3 - <<< "import os; os.system('echo ${param.v}')"`, `python3 <(echo "print('${param.v}')")`,
	`echo "import os; os.system('echo ${param.v}')" | python3`, `perl -e 'system "echo ${param.v}"'`,
	`awk "BEGIN {system(\"echo ${param.v}\")}"`, `awk -v x="${param.v}" 'BEGIN {system("echo " x)}'`,
	`echo ${param.v} | awk '{system($0)}'`, `echo ${param.v} | sed 's/.*/echo &/e'`,
	`echo 1 | sed "s/1/${param.v}/e"`, `timeout 5 bash -c 'timeout 5 sh -c "echo ${param.v}"'`,
	`"$BASH" -c "echo ${param.v}"`, `$(command -v sh) -c "echo ${param.v}"`,
	`S=/bin/sh; "$S" -c "echo ${param.v}"`, `S=sh; S="$S -c"; $S "echo ${param.v}"`,
	`for S in sh bash; do $S -c "echo ${param.v}"; done`,
	`${SHELL:-/bin/sh} -c "echo ${param.v}"`, `A=bash B=-c; $A $B "echo ${param.v}"`,
	`set -- bash -c; "$@" "echo ${param.v}"`, `alias r='bash -c'; r "echo ${param.v}"`,
	`printf -v c 'echo %s' ${param.v}; eval "$c"`, `read -r c <<< "echo ${param.v}"; eval $c`,
	`c=$(printf 'echo %s' ${param.v}); eval "$c"`,
	`c="echo "; c="$c${param.v}"; eval "$c"`, `declare -A m=([a]="${param.v}"); eval "echo ${m[a]}"`,
	`c=("echo ${param.v}"); eval "${c[0]}"`, `mapfile -t l <<< "echo ${param.v}"; eval "${l[0]}"`,
	`while read -r l; do eval "$l"; done < <(echo "echo ${param.v}")`, `trap 'echo ${param.v}' EXIT`,
	`c="echo ${param.v}"; trap "$c" EXIT`,
	`BASH_ENV=t; echo "echo ${param.v}" > t; export BASH_ENV; bash -c true`,
	`ENV=t; echo ${param.v}>t; export ENV; sh -ic true`, `x=${param.v}; (( y = x ))`, `x=${param.v}; a[x]=1`,
	`x=${param.v}; echo ${a[x]}`, `x=${param.v}; [[ x -gt 1 ]]`, `x=${param.v}; let y=x`,
	`x=${param.v}; declare -i y; y=x`, `declare -i y; y=${param.v}`, `x=${param.v}; printf -v "$x" a`,
	`sleep 0 & wait -n -p "a[${param.v}]"`, `sleep 0 & x=${param.v}; wait -np "$x"`, `sleep 0 & x=${param.v}; wait -n -p "$x"`,
	`sleep 0 & wait -n -p"a[${param.v}]"`,
	`x=${param.v}; test -v "$x"`, `x=${param.v}; unset "$x"`,
	`x=${param.v}; for ((i=0;i<x;i++)); do break; done`, `x=${param.v}; echo ${y:x}`,
	`x=${param.v}; y=x; echo $((y))`, `read x <<< ${param.v}; echo $(( x + 1 ))`,
	`declare -n r=${param.v}; echo $r`, `x=${param.v}; echo "${!x}"`,
	`echo "a:; echo ${param.v}" > Makefile; make`, `git -c alias.x="!echo ${param.v}" x`,
	`tar cf /dev/null --checkpoint=1 --checkpoint-action="exec=echo ${param.v}" .`,
	`flock t -c "echo ${param.v}"`, `setsid sh -c "echo ${param.v}"`,
	`stdbuf -oL sh -c "echo ${param.v}"`, `bash -O extglob -c "echo ${param.v}"`,
	`bash --norc -c "echo ${param.v}"`, `bash -c -- "echo ${param.v}"`, `bash +x -c "echo ${param.v}"`,
	`nice -n 5 sh -c "echo ${param.v}"`, `capsh -- -c "echo ${param.v}"`, `capsh == -c "echo ${param.v}"`,
	`/bin/da*sh -c "echo ${param.v}"`, `/bin/da*sh -c ${param.v}`, `/usr/bin/[d]ash -c "echo ${param.v}"`,
	`/bin/{da,}sh -c "echo ${param.v}"`, `/bin/?ash -lc "echo ${param.v}"`,
	`/proc/self/exe -c "echo ${param.v}"`, `/proc/self/exe -c ${param.v}`, `env /bin/da*sh -c ${param.v}`,
	`ln -s /bin/sh mysh; ./mysh -c "echo ${param.v}"`, `ln -s /bin/sh mysh; ./mysh -c 'A='${param.v}`,
	`ln -s /bin/sh mysh; nice ./mysh -ec "echo ${param.v}"`,
	`ln -s /bin/sh mysh; X="echo ${param.v}"; ./mysh -c "true; $X"`,
	`ln -s $(command -v python3) py; ./py -c"print('${param.v}')"`,
	`ln -s $(command -v perl) pl; ./pl -E "print '${param.v}'"`,
	`echo "print('${param.v}')" | python3 /dev/fd/0`, `echo "print('${param.v}')" | python3 /proc/self/fd/0`,
	`. /proc/self/fd/0 <<< "echo ${param.v}"`, `{ echo "echo ${param.v}" > /proc/self/fd/1; } | bash`,
	`{ echo "echo ${param.v}" > /dev/fd/2; } 2>&1 | bash`,
}

// Whatever is accepted of them runs nothing that a value says, in sh and in bash.
func TestAcceptedScriptsRunNoValue(t *testing.T) {
	values := []string{
		"a[$(touch pwned)]", "x;touch pwned", "'); __import__('os').system('touch pwned') #",
		"'; touch pwned;'", `"; touch pwned;"`, "touch pwned", "1/e;1e touch pwned", "x\ntouch pwned\n",
	}
	for _, script := range attacks {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			for _, value := range values {
				x, err := Command{Shell: script}.Expand(Vars{Params: Point{{"v", value}}})
				if err != nil {
					continue
				}
				for _, shell := range []string{"bash", "sh"} {
					ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
					cmd := exec.CommandContext(ctx, shell, "-c", x.Shell)
					cmd.Dir, cmd.WaitDelay, cmd.Env = t.TempDir(), 100*time.Millisecond, append(os.Environ(),
						"SHELL=/bin/sh")
					_ = cmd.Run() // many fail, in one shell or the other
					cancel()
					if _, err := os.Stat(filepath.Join(cmd.Dir, "pwned")); err == nil {
						t.Errorf("%s: %s ran %q", script, shell, value)
					}
				}
			}
		})
	}
}
