package sweep

import (
	"strings"
	"testing"
)

// Values that a script hands on, by a variable, a function, a file or a pipe, to something that runs them are
// refused.
func TestValuesDoNotFlowIntoCode(t *testing.T) {
	for _, script := range []string{
		// Pipes.
		`printf '%s' "./t ${param.v}" | tee f | bash`, `echo ./t ${param.v} | sed s/a/b/ | sh`,
		`{ echo a; echo ${param.v}; } | sh`, `(echo ${args}) | bash -s`,
		`for i in 1 2; do echo ${param.v}; done | sh`,
		`f() { echo ${param.v}; }; f | sh`, `echo ${param.v} | sudo bash`, `echo ${param.v} | env A=1 sh`,
		`echo ${param.v} | while read -r l; do eval "$l"; done`, `echo ${param.v} | python3`,
		`echo ${param.v} | perl -`,
		`echo ${param.v} | cat | xargs ./t`, `echo ${param.v} | xargs -I{} sh -c 'echo {}'`,
		`printf '%s\0' ${param.v} | xargs -0 sh -c 'eval "$1"' _`, `echo ${param.v} | tee >(sh)`,
		`echo ${param.v} > >(bash)`,
		`cat <<< ${param.v} | sh`, `echo ${param.v} | docker run -i img sh`,
		`echo ${param.v} | docker exec -i c bash`, `echo ${param.v} | at now`,
		`echo ${param.v} | source /dev/stdin`, `f() { sh; }; echo ${param.v} | f`,
		`if true; then echo ${param.v}; fi | sh`,
		`/bin/echo ${param.v} | sh`, `env echo ${param.v} | sh`, `V=${param.v}; echo $V | sh`,
		`printf -v V %s ${param.v}; echo "$V" | sh`, `echo ${param.v} | ssh host`,
		`echo ${param.v} | ssh -p 22 host bash -s`, `echo ${param.v} | ssh host 'sudo sh'`, `echo ${param.v} | ssh host 'cat | sh'`, `echo ${param.v} | ssh host python3 -`,
		`echo ${param.v} | timeout 5 sh`, `echo ${param.v} | (cd /; sh)`,
		// Variables.
		`SH=bash; $SH -c "$(echo ${param.v})"`, `C="./t ${param.v}"; sh -c "$C"`,
		`C="./t ${param.v}"; eval "$C"`, `C="./t ${param.v}"; eval $C`,
		`C=${param.v}; D="./t $C"; bash -lc "$D"`, `export C="./t ${param.v}"; sh -c 'eval "$C"'`,
		`C="./t ${param.v}"; $C`,
		`C=$(echo ./t ${param.v}); sh -c "$C"`, `C="./t ${param.v}" sh -c 'eval "$C"'`,
		`env C="./t ${param.v}" sh -c 'eval "$C"'`, `C=(./t ${args}); eval "${C[*]}"`,
		`C=(./t ${args}); sh -c "${C[*]}"`, `C=${param.v}; C+=x; sh -c "$C"`,
		`read C <<< ${param.v}; eval "$C"`, `for c in ${args}; do sh -c "$c"; done`,
		`set -- ${args}; eval "$@"`, `set -- ${args}; sh -c "$*"`, `set -- ${args}; ./t $@`,
		`X=${param.v}; echo $((X + 1))`, `X=${param.v}; [[ $X -eq 1 ]]`, `X=${param.v}; echo ${X@P}`,
		`X=${param.v}; echo ${!X}`,
		`X=${param.v}; a=(1); echo ${a[$X]}`, `X=${param.v}; ssh host "./t $X"`,
		`X=${param.v}; trap "./t $X" EXIT`, `X=${param.v}; su -c "./t $X" me`,
		`X=${param.v}; su --session-command "./t $X" me`, `X=${param.v}; runuser --session-command="./t $X" me`,
		`X=${param.v}; docker run img sh -c "./t $X"`, `X=${param.v}; ./t $X`,
		`X=${param.v}; python -c "print('$X')"`,
		`local_run() { local c="$1"; bash -c "$c"; }; local_run ${param.v}`, `C='sh -c'; $C ${param.v} $(echo ${param.v})`, `X=${param.v}; alias y="$X"`, `X=${param.v}; declare -i Y=$X`, `X=${param.v}; find . -exec sh -c "./t $X" \;`, `X=${param.v}; bash <<E
./t $X
E`, `X=${param.v}; bash <<< "./t $X"`,
		// Functions.
		`run() { sh -c "$1"; }; run ${param.v}`, `run() { eval "$@"; }; run ./t ${args}`,
		`run() { sh -c "$*"; }; run ./t ${args}`, `run() { $*; }; run ./t ${args}`,
		`function run { eval "$1"; }; run "./t ${param.v}"`,
		`a() { sh -c "$1"; }; b() { a "$1"; }; b ${param.v}`,
		`sh -c 'eval "$1"' sh ${param.v}`, `sh -c 'sh -c "$1"' sh ${param.v}`,
		`run() { ssh host "$@"; }; run ./t ${args}`,
		// Files.
		`echo "./t ${param.v}" > t.sh; sh t.sh`, `echo "./t ${param.v}" >> t; chmod +x t; ./t`,
		`echo ${param.v} | tee t; bash ./t`, `echo ${param.v} > t; . ./t`,
		`f=$(mktemp); echo ${param.v} > $f; sh $f`, `f=/tmp/x; echo ${param.v} > $f; sh /tmp/x`,
		`echo ${param.v} > t; cat t | sh`, `echo ${param.v} > t; sh -c "$(cat t)"`,
		`echo ${param.v} > t; sh < t`, `echo ${param.v} > t; cp t u; sh u`,
		`echo ${param.v} > t; eval "$(<t)"`, `{ echo a; echo ${param.v}; } > t; sh t`,
		`echo ${param.v} > t.py; python train.py`, `printf '%s' ${param.v} > t; python t`,
		`mkfifo p; sh < p & echo ${param.v} > p`, `echo ${param.v} > t; while read l; do eval "$l"; done < t`,
		`echo ${param.v} > t; sbatch t`, `echo ${param.v} | cat > t; sh t`,
		`echo 1 > t; echo ${param.v} >> t; timeout 5 bash t`,
		// Other languages, and programs that are not known.
		`python -c "print('${param.v}')"`, `python3.11 -c 'x = "${param.v}"'`,
		`env python -Wc -c "f('${param.v}')"`, `perl -e "print '${param.v}'"`,
		`perl -lane 'print "${param.v}"'`, `ruby -e "p '${param.v}'"`, `node -e "f('${param.v}')"`,
		`node --eval="f('${param.v}')"`,
		`awk '{print "${param.v}"}' f`, `awk -F, -v a=1 '{print ${param.v}}' f`,
		`sed -i "s/x/${param.v}/" cfg`, `sed -n -e "s/x/${param.v}/p" cfg`, `jq ".a = \"${param.v}\"" cfg`,
		`Rscript -e "f('${param.v}')"`, `sqlite3 db "select '${param.v}'"`, `psql -c "select '${param.v}'"`,
		`php -r "f('${param.v}');"`,
		`$PY -c "f('${param.v}')"`, `"$RUNNER" -lc "./t ${param.v}"`, `${param.v} -c 'x ${param.v}'`,
		`mytool --command "run ${param.v}"`, `gcloud ssh h --command="./t ${param.v}"`,
		`make train X=${param.v}`, `printf "${param.v}\n"`, `ssh -o ProxyCommand="nc ${param.v}" host`,
		`docker run img python -c "f('${param.v}')"`,
		// Programs that hand words to a shell of their own.
		`nix-shell --run "./t ${param.v}"`, `nix-shell -p x --command ${param.v}`, `adb -s X shell ./t ${param.v}`,
		`gcloud compute ssh H -- ./t ${param.v}`, `gcloud compute ssh H --command ${param.v}`,
		`ansible all -m shell -a "./t ${param.v}"`, `ray exec c.yaml ${param.v}`, `sky launch "./t ${param.v}"`,
		`sky exec c ./t ${param.v}`, `oarsub "./t ${param.v}"`, `pm2 start "./t ${param.v}"`, `watchexec ./t ${param.v}`,
		`socat - SYSTEM:"./t ${param.v}"`, `socat - EXEC:${param.v}`, `git -c core.editor=${param.v} commit`,
		`git -c core.sshCommand="x ${param.v}" fetch`, `git rebase --exec ${param.v}`, `compgen -C "./t ${param.v}"`,
		`compgen -W ${param.v}`, `complete -C ${param.v} x`, `vagrant ssh -c ${param.v}`, `heroku run ./t ${param.v}`,
		`fly ssh console -C ${param.v}`, `rsync -e ${param.v} a h:b`, `rsync --rsh=${param.v} a h:b`,
		`tar --to-command=${param.v} -xf a`, `tar --checkpoint-action exec=${param.v} -cf a b`,
		`x tar --checkpoint-act exec=${param.v} -cf a b`, `x git -c core.pager=${param.v} log`,
		`tar --checkpoint-action=exec=${param.v} -cf a b`, `npx -c ${param.v}`,
		`split --filter ${param.v} f`, `sudo tar -I ${param.v} -xf a`, `nvim -c ${param.v}`, `sem ./t ${param.v}`,
		`minikube ssh "./t ${param.v}"`, `scp -oProxyCommand=${param.v} a h:b`,
		`parallel ./t --env ${param.v} ::: 1`, `parallel ./t --env=${param.v} ::: 1`, `sem ./t --env V=${param.v}`,
		`watch ./t --env ${param.v}`, `hyperfine --env ${param.v} ./t`, `sbatch --env=${param.v} j.sh`,
		`pssh -H h ./t --env V=${param.v}`, `sky launch t.yaml --env V=${param.v}`, `sky launch ./t --env=V=${param.v}`,
		`sky launch --name --env V=${param.v}`, `sky launch --unknown --env V=${param.v}`, `sky launch --env ${args}`,
		`sky launch -- --env V=${param.v}`, `sky exec c ./t --env V=${param.v}`, `sky exec -c c ./t --env V=${param.v}`,
		`sky --env V=${param.v} launch`, `set -- ${args}; sky launch --env V="$@" t.yaml`,
		`npx -p x -c ${param.v}`, `npx --package x --call=${param.v}`, `npx -y -c ${param.v}`, `npm exec -c ${param.v}`,
		`npx --workspace w -c "./t ${param.v}"`, `nix eval --impure --expr ${param.v}`,
		`gdb -iex ${param.v} --args ./t`,
		`git -C d rebase -x ${param.v} main`, `git -C clean rebase -x ${param.v}`, `git rebase run -x ${param.v}`,
		`git --git-dir clean rebase -x ${param.v}`, `git difftool -x ${param.v}`,
		`sshpass -p x -- ssh h ./t ${param.v}`,
		`git submodule foreach ./t ${param.v}`, `podman machine ssh ./t ${param.v}`, `cargo watch -x "run ${param.v}"`,
		`gcloud alpha compute tpus tpu-vm ssh H --command=${param.v}`, `podman --log-level run machine ssh ${param.v}`,
		`uv run python -c "f('${param.v}')"`, `sh -c 'python -c "f(\"${param.v}\")"'`,
		`ray job submit -- ./t ${args}`,
		`./mysh -c "echo ${param.v}"`, `nice ./mysh -lc "echo ${param.v}"`, `./mysh -c 'A=${param.v}'`,
		`/bin/da*sh -c ${param.v}`, `/proc/self/exe -c ${param.v}`, `capsh -- -c "echo '${param.v}'x$(${param.v})"`,
		`. ./inc.sh ${param.v}`, `. ./inc.sh a "${param.v}"`, `docker run img ./mysh -c "echo ${param.v}"`,
	} {
		x, err := Command{Shell: script}.Expand(Vars{Params: Point{{"v", "a b; $(id) \\ %s"}}})
		if err == nil {
			t.Errorf("%s\nbecame %s", script, x.Shell)
		} else if r := remedyOf(err, ""); r == "" || strings.Contains(r, "%") &&
			!strings.Contains(r, "printf") {
			t.Errorf("%s\nis refused without a remedy: %v: %s", script, err, r)
		}
	}
	for _, list := range [][]string{
		{"python", "-c", "print('${param.v}')"}, {"${env}", "${interpreter}", "-c", "f('${param.v}')"},
		{"awk", "{print ${param.v}}"}, {"sed", "-i", "s/x/${param.v}/", "f"},
		{"sh", "-c", `eval "$1"`, "sh", "${param.v}"}, {"bash", "-c", `$*`, "sh", "${param.v}"},
		{"docker", "run", "img", "perl", "-e", "${param.v}"}, {"${envvar:PY}", "-c", "${param.v}"},
		{"make", "X=${param.v}"}, {"sh", "-c", `sh -c "$1"`, "sh", "${args}"},
	} {
		if x, err := (Command{Argv: list}).Expand(Vars{Params: Point{{"v", "a b"}},
			Getenv: func(string) (string, bool) { return "python", true }}); err == nil {
			t.Errorf("%q became %q", list, x.Argv)
		}
	}
}

// Nothing is refused that only looks like it.
func TestOrdinaryCommandsAreTaken(t *testing.T) {
	for _, script := range []string{
		`SH=bash; $SH -c "./t ${args}"`, `RUN="sh -c"; $RUN "./t ${args}"`,
		`source ~/venv/bin/activate && python train.py ${args}`,
		`. ./env.sh; echo ${param.v} > out/name.txt; ./t`, `echo ${param.v} | tee name.txt; ./t`,
		`./t ${args} | tee log.txt`, `./t ${args} 2>&1 | grep loss | tail -1`,
		`LR=${param.v}; ./t --lr "$LR"`, `set -- ${args}; ./t "$@"`,
		`run() { echo "$@"; "$@"; }; run ./t ${args}`, `python train.py -c ${param.v} --eval ${param.v}`,
		`python -m train -c ${param.v}`, `awk -v x=${param.v} '{print x}' f`,
		`jq --arg v ${param.v} '.a = $v' cfg`, `X=$(awk -v x=${param.v} 'BEGIN {print x}'); ./t "$X"`,
		`for a in ${args}; do ./t "$a"; done`,
		`eval "$(conda shell.bash hook)"; conda activate x; python train.py ${args}`,
		`cd "$(dirname "$0")"; ./t ${args}`, `N=$(nproc); ./t -j $N ${args}`,
		`curl -s https://x/${param.v}/install.sh | sh`, `conda run -n env python train.py ${args}`,
		`torchrun --nproc_per_node $N train.py ${args}`,
		`python - ${args} < train.py`, `bash run.sh ${args}`, `sh run.sh -c ${param.v}`,
		`srun python train.py ${args}`, `docker run --rm -v "$PWD:/w" img python train.py ${args}`,
		`python -c 'import train; train.main()' ${args}`, `perl train.pl -e ${param.v}`,
		`python3 -u train.py --notes "lr is ${param.v}"`, `if [ "${param.v}" = x ]; then ./t; else ./u; fi`,
		`mkdir -p out/${param.v} && ./t --out out/${param.v} ${args}`,
		`echo "$(date) ${param.v}" >> log.txt; ./t ${args}`, `cp cfg.yaml run/; ./t ${args}`,
		`C="python train.py"; $C ${args}`, `CUDA_VISIBLE_DEVICES=0 python train.py ${args}`,
		`xargs -a list ./t ${args}`, `find . -name ${param.v} -print`, `printf '%s\n' ${args}`,
		`grep -c ${param.v} f`, `tar -cf ${param.v}.tar d`, `gcc -c ${param.v}.c`,
		`python -c 'import os; print(os.environ["KAON_PARAM_V"])'`, `sed -n 1p ${param.v}`,
		`bash -c 'python train.py "$@"' _ ${args}`, `ls *.sh; cat a.sh; ./t ${args}`, `time ./t ${args}`,
		`./train.py -c ${param.v} -e ${param.v}`, `./t -c "$KAON_PARAM_V"`, `V=${param.v}; ./t -c "$V"`,
		`echo -e "lr: ${param.v}\n"`, `docker run -e "NOTE=a ${param.v}" img ./t`, `grep -e "a ${param.v}" f`,
		`./t -cfg "a ${param.v}"`, `./t -env "a ${param.v}"`, `set -- ${args}; . ./inc.sh`, `. ./inc.sh; ./t ${args}`,
		`./t -c conf.yaml "a ${param.v}"`, `[ -e "out ${param.v}" ] || ./t ${args}`, `set -e; ./t "a ${param.v}"`,
		`sky launch --env V=${param.v} t.yaml`, `sky launch -y -c c --env=V=${param.v} --env W=${param.v} t.yaml`,
		`sky exec c --env V=${param.v} t.yaml`, `sky jobs launch -n x --env V=${param.v} t.yaml`,
		`git commit -m "lr ${param.v}"`, `git -c user.name=${param.v} commit`,
		`npx ts-node train.ts -c ${param.v}`, `npx -y ts-node train.ts -c ${param.v}`,
		`npx -p x ts-node t.ts -c ${param.v}`,
		`npx --yes --package=x ts-node --call ${param.v}`, `sudo npx ts-node train.ts -c ${param.v}`,
		`gdb -batch -ex run --args ./t -iex ${param.v}`, `nix develop -c ./t --expr ${param.v}`,
		`nix shell p --command ./t --expr=${param.v}`, `git cherry-pick -x ${param.v}`, `git -C d clean -x ${param.v}`,
		`git bisect run ./t --exec ${param.v}`, `cargo run -- watch ${param.v}`, `cargo run --bin t watch ${param.v}`,
		`podman run img ./t --over ssh ${param.v}`, `podman exec c ./t ssh-x ssh ${param.v}`,
		`python main.py exec=${param.v}`, `python main.py core.pager=${param.v}`, `srun ./t exec=${param.v}`,
		`rsync -av a out/${param.v}`, `tar -czf ${param.v}.tgz d`, `scp a h:x`, `kubectl exec p -- ./t ${args}`,
		`nix develop -c ./t ${args}`, `find . -exec ./t ${param.v} \;`, `cargo run -- ${args}`,
		`exec ./t ${args}`, `ulimit -n 99; ./t ${args} &> log; cat log`,
	} {
		for _, v := range []Value{0.1, "adam", "two words; $(id)"} {
			if _, err := (Command{Shell: script}).Expand(Vars{Params: Point{{"v", v}}}); err != nil {
				t.Errorf("%s with %v: %v", script, v, err)
			}
		}
	}
	for _, script := range []string{
		`python -c "print(${param.v})"`, `sed -i "s/lr: .*/lr: ${param.v}/" cfg.yaml`,
		`X=${param.v}; ./t --lr $X`, `echo "./t ${param.v}" > t.sh; sh t.sh`,
		`./t -c "lr=${param.v} x=1"`, `/bin/da*sh -c "./t ${param.v}"`,
		`awk 'BEGIN {print ${param.v} * 2}'`, `C="./t ${param.v}"; $C`, `make train LR=${param.v}`,
	} {
		if _, err := (Command{Shell: script}).Expand(Vars{Params: Point{{"v", 1e-5}}}); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	}
}

// What a spec's values could be is known before the start, also through variables of `env`.
func TestFlowIsKnownBeforeTheStart(t *testing.T) {
	const head = "method: random\nrun_cap: 3\n"
	for spec, refused := range map[string]string{
		"parameters: {v: {values: [a, \"b c\"]}}\ncommand: 'X=${param.v}; " +
			"./t $X'\n": "$X without quotes",
		"parameters: {v: {values: [a, b]}}\ncommand: 'X=${param.v}; ./t $X'\n": "",
		"parameters: {v: {values: [a, b]}}\ncommand: ['python', '-c', " +
			"'f(\"${param.v}\")']\n": `os.environ["KAON_PARAM_V"]`,
		"parameters: {v: {min: 0.0, max: 1.0}}\ncommand: ['python', '-c', 'f(${param.v})']\n": "",
		"parameters: {v: {values: [1, a]}}\ncommand: 'sed -i s/x/${param.v}/ f'\n":            "code for sed",
		"parameters: {v: {values: [a, b]}}\ncommand: 'C=\"./t ${param.v}\"; eval " +
			"\"$C\"'\n": "a variable that eval runs",
		"parameters: {v: {values: [a, b]}}\ncommand: 'sh -c \"$CMD\"'\ntask: {env: {CMD: './t " +
			"${param.v}'}}\n": "task.env.CMD",
		"parameters: {v: {values: [a, b]}}\ncommand: [sh, -c, 'eval \"$CMD\"']\ntask: {env: {CMD: './t " +
			"${param.v}'}}\n": "task.env.CMD",
		"parameters: {v: {values: [a, b]}}\ncommand: 'sh -c ./t'\ntask: {env: {CMD: './t ${param.v}'}}\n":        "",
		"parameters: {v: {min: 0.0, max: 1.0}}\ncommand: './t $((${param.v}*2))'\n":                              "$(awk -v x=${param.v} 'BEGIN {print x * 2}')",
		"parameters: {v: {min: 0.0, max: 1.0}}\ncommand: './t $(awk -v x=${param.v} ''BEGIN {print x * 2}'')'\n": "",
	} {
		_, err := Parse("s.yaml", []byte(head+spec))
		switch {
		case refused == "" && err != nil:
			t.Errorf("%s%v", spec, err)
		case refused != "" &&
			(err == nil || !strings.Contains(strings.Join(strings.Fields(err.Error()), " "), refused)):
			t.Errorf("%s%v\nwant %s", spec, err, refused)
		}
	}
}
