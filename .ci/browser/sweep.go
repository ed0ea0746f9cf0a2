package main

// sweepFile is a sweep as people have them: real trainings with two goals, repeats of none, early stopping, trials that
// fail for two reasons, colours in the log, and artifacts of several kinds, one of them hostile.
const sweepFile = `name: digits
description: what a browser looks at
method: tpe
seed: 7
run_cap: TRIALS
metric: {name: accuracy, goal: maximize, reduce: last}
metrics: [{name: loss, goal: minimize}]
early_terminate: {type: asha, min_iter: 3, max_iter: 12, eta: 3}
parameters:
  optimizer: {values: [sgd, momentum, adam]}
  lr: {distribution: log_uniform_values, min: 1e-4, max: 1}
  l2: {distribution: log_uniform_values, min: 1e-6, max: 1e-2}
  hidden: {values: [0, 16, 32, 64]}
  batch: {values: [16, 32, 64]}
  epochs: {value: 12}
command: ["sh", "trial.sh", "DIGITS", "${args}"]
task:
  resources: {cpus: 0.5, memory: 64MB}
`

// trialScript is what each trial runs.
const trialScript = `#!/bin/sh
digits=$1; shift
printf '\033[1;32mtraining\033[0m with \033[36m%s\033[0m\n' "$*"
[ "$KAON_PARAM_HIDDEN" != 0 ] || printf '\033[33mwarning:\033[0m no hidden layer: this is softmax regression\n'
if [ "$KAON_PARAM_OPTIMIZER" = momentum ] && [ "$KAON_PARAM_BATCH" = 16 ]; then
  echo "Traceback: step 3" >&2
  echo "RuntimeError: loss is not finite after step $KAON_TRIAL" >&2
  exit 1
fi
if [ $((KAON_TRIAL % 37)) = 11 ]; then
  echo "OSError: data set is not where it should be" >&2
  exit 4
fi
unset KAON_METRICS # they are printed, and so are in the log
"$digits" "$@" | tee "$KAON_ARTIFACTS/log.txt"
code=$?
cat >"$KAON_ARTIFACTS/curve.svg" <<END
<svg xmlns="http://www.w3.org/2000/svg" width="240" height="120" viewBox="0 0 240 120"><rect width="240" height="120" fill="#eef3f7"/>
<path d="M10 100 Q 60 20 230 $((20 + KAON_TRIAL % 60))" fill="none" stroke="#0072b2" stroke-width="3"/><text x="12" y="18" font-size="12">trial $KAON_TRIAL</text></svg>
END
printf 'epoch,accuracy\n1,0.5\n2,"0,75"\n' >"$KAON_ARTIFACTS/table.csv"
cat >"$KAON_ARTIFACTS/page.html" <<END
<style>h1 { color: #b84a00 }</style><h1>Trial $KAON_TRIAL</h1><p>A page that a trial left.</p>
<script>document.body.textContent = "RAN"; top.document.title = "RAN"; fetch("/v1/tokens")</script><img src="http://127.0.0.1:9/beacon">
END
printf '\0\1\2' >"$KAON_ARTIFACTS/weights.bin"
exit $code
`

// manyFile is a sweep of many trials that do nothing but report.
const manyFile = `name: many
method: random
seed: 1
run_cap: TRIALS
metric: {name: loss, goal: minimize}
parameters:
  a: {distribution: uniform, min: 0, max: 1}
  b: {distribution: log_uniform_values, min: 1e-5, max: 1}
  c: {values: [x, y, z]}
  d: {distribution: int_uniform, min: 1, max: 100}
command: "awk 'BEGIN { print \"loss=\" (${param.a} - 0.3)^2 + ${param.b} / ${param.d} }'"
task:
  resources: {cpus: 0.05, memory: 8MB}
`
