package foreign

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// mayBeNNI tells cheaply whether a text can be an experiment of NNI.
func mayBeNNI(src []byte) bool { return bytes.Contains(src, []byte("trialConcurrency")) }

func isNNI(root *sweep.Tree) bool {
	return root.Get("trialConcurrency") != nil &&
		(root.Get("trialCommand") != nil || root.Get("trial").Get("command") != nil ||
			root.Get("trial").Get("codeDir") != nil)
}

// nni reads an experiment of NNI: a configuration of version 2 and 3, or of version 1.
func nni(r *reading, root *sweep.Tree, read func(path string) ([]byte, error)) {
	top := r.object(root, "")
	if name := top.get("experimentName"); name != nil {
		r.head.put(name, "name: %s", quote(name.Text))
	}
	nniTuner(r, top)
	nniSpace(r, top, read)
	nniTrial(r, top)
	nniAssessor(r, top.object("assessor"))
	nniLimits(r, top)
	nniPlace(r, top)
	top.idle("authorName", "nniManagerIp", "logCollection", "debug", "logLevel", "experimentWorkingDirectory",
		"tunerGpuIndices",
		"versionCheck", "logDir")
	for _, key := range []string{"useAnnotation", "multiPhase", "multiThread"} {
		noSpace := key == "useAnnotation" && root.Get("searchSpace") == nil // told of with the space
		if yes, at := top.boolean(key); yes && !noSpace {
			r.leave(at, key, "this is not carried", "as if it were false")
		}
	}
	top.rest("it is not carried")
}

// nniTuners are the searches of NNI that kaon has, in small letters.
var nniTuners = map[string]string{
	"tpe": "tpe", "random": "random", "gridsearch": "grid", "gp": "gp", "gptuner": "gp",
}

// nniMinimizes are the tuners that minimize where nothing is said; the others maximize.
var nniMinimizes = map[string]bool{"tpe": true, "anneal": true}

// nniTuner writes `method`, `seed` and `metric`.
func nniTuner(r *reading, top *object) {
	advisor := top.get("advisor")
	if advisor != nil {
		r.leave(advisor, "advisor", "an advisor's own search is not carried", "searched by tpe")
	}
	o := top.object("tuner")
	name := o.get("name")
	if name == nil {
		name = o.get("builtinTunerName")
	}
	method := "tpe"
	switch {
	case o.tree == nil:
		r.head.note("", "no tuner is named: searched by tpe")
	case name == nil:
		r.leave(o.tree, "tuner", "a tuner of your own is not carried: `method: {command: …}` runs a program that "+
			"chooses points", "searched by tpe")
		for _, p := range o.tree.Pairs {
			o.get(p.Key.Text)
		}
	case nniTuners[strings.ToLower(name.Text)] == "":
		r.leave(name, o.at("name"), fmt.Sprintf("kaon has no `%s`", clipped(name.Text)), "searched by tpe")
	default:
		method = nniTuners[strings.ToLower(name.Text)]
	}
	r.grid = method == "grid"
	r.head.put(name, "method: %s", method)
	args := o.object("classArgs")
	goal := args.get("optimize_mode")
	if o.tree == nil {
		goal = r.object(advisor, "advisor").object("classArgs").get("optimize_mode")
	}
	way := "maximize"
	if goal != nil {
		way = goal.Text
	} else {
		if o.tree == nil && advisor == nil || name != nil && nniMinimizes[strings.ToLower(name.Text)] {
			way = "minimize"
		}
		r.head.note("", "no optimize_mode: NNI's tuner is to %s then", way)
	}
	if seed, at := args.whole("seed"); at != nil {
		r.head.put(at, "seed: %d", seed)
	}
	if o.tree != nil && args.tree != nil {
		for _, p := range args.tree.Pairs {
			if !args.used[p.Key.Text] {
				r.leave(p.Key, args.at(p.Key.Text), fmt.Sprintf("kaon's `%s` has no such setting", method),
					"as kaon has it")
			}
		}
	}
	o.idle("gpuIndices")
	o.rest("it is not carried")
	r.head.note("", "what the program gives to nni.report_intermediate_result and nni.report_final_result; the "+
		"last counts")
	r.head.put(goal, "metric: {name: value, goal: %s, reduce: last}", quote(way))
}

// nniAssessor writes `early_terminate`.
func nniAssessor(r *reading, o *object) {
	if o.tree == nil {
		return
	}
	name := o.get("name")
	if name == nil {
		name = o.get("builtinAssessorName")
	}
	args := o.object("classArgs")
	if name == nil || !strings.EqualFold(name.Text, "Medianstop") {
		r.leave(o.tree, "assessor", "of NNI's assessors there is only Medianstop here", "no trial is ended early")
		return
	}
	start, _ := args.whole("start_step")
	args.idle("optimize_mode")
	args.rest("Medianstop has no such setting")
	o.rest("it is not carried")
	r.tail.put(name, "early_terminate: {type: median, min_trials: 1, min_iter: %d}", max(start, 1))
}

// nniLimits writes the limits.
func nniLimits(r *reading, top *object) {
	parallel, at := top.whole("trialConcurrency")
	r.tail.put(at, "limits:")
	r.tail.put(at, "  parallel: %d", max(parallel, 1))
	for _, key := range []string{"maxExperimentDuration", "maxExecDuration"} {
		if seconds, at := nniDuration(r, top, key); at != nil {
			r.tail.put(at, "  wall: %s", number(seconds))
		}
	}
	if seconds, at := nniDuration(r, top, "maxTrialDuration"); at != nil {
		r.tail.put(at, "  trial: {time: %s}", number(seconds))
	}
	for _, key := range []string{"maxTrialNumber", "maxTrialNum"} {
		if n, at := top.whole(key); at != nil {
			r.tail.put(at, "run_cap: %d", n)
			return
		}
	}
	r.tail.note("", "no maxTrialNumber: NNI would go on; kaon ends after 100 trials, run_cap sets another number")
}

// nniDuration is a duration such as 0.5h, or 2d, or a number of seconds.
func nniDuration(r *reading, top *object, key string) (seconds float64, at *sweep.Tree) {
	at = top.get(key)
	if at == nil {
		return 0, nil
	}
	text, scale := strings.TrimSpace(at.Text), 1.0
	if days, ok := strings.CutSuffix(text, "d"); ok {
		const hours = 24
		text, scale = days+"h", hours
	} else if strings.TrimRight(text, "0123456789.") == "" {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		r.refuse(at, key, fmt.Sprintf("a duration such as 10m or 0.5h is needed, not `%s`", clipped(at.Text)))
		return 0, nil
	}
	return d.Seconds() * scale, at
}

// nniPlace takes the training service: kaon has a cluster of its own.
func nniPlace(r *reading, top *object) {
	v := top.get("trainingService")
	platform := top.get("trainingServicePlatform")
	if v != nil && v.List {
		r.leave(v, "trainingService", "kaon runs on this machine, or on Mesos", "the training services are not asked")
		return
	}
	s := top.r.object(v, "trainingService")
	if p := s.get("platform"); p != nil {
		platform = p
	}
	s.idle("useActiveGpu", "maxTrialNumberPerGpu", "gpuIndices", "reuseMode", "trialGpuNumber")
	local := s.object("localConfig")
	local.idle("gpuIndices", "useActiveGpu", "maxTrialNumPerGpu")
	top.idle("localConfig")
	if platform != nil && platform.Text != "local" {
		r.leave(platform, "trainingService.platform",
			fmt.Sprintf("kaon runs on this machine, or on Mesos, and not on `%s`",
				clipped(platform.Text)), "it runs where kaon is told to")
		for _, p := range s.pairs() {
			s.get(p.Key.Text)
		}
		top.idle("machineList", "kubeflowConfig", "paiConfig", "amlConfig", "frameworkcontrollerConfig", "remoteConfig",
			"dltsConfig",
			"hybridConfig")
	}
	s.rest("it is not carried")
}

// asNNI gives a program what NNI's local platform does: the parameters in a file, and a place to report to, which is
// standard output.
const asNNI = `d=$(mktemp -d) || exit 1
printf '{"parameter_id": %s, "parameter_source": "algorithm", "parameters": %s, "parameter_index": 0}\n' "$KAON_TRIAL" "$KAON_PARAMS" > "$d/parameter.cfg"
export NNI_PLATFORM=local REUSE_MODE=true MULTI_PHASE=false NNI_SYS_DIR="$d" NNI_OUTPUT_DIR="$d" NNI_EXP_ID="$KAON_SWEEP"
export NNI_TRIAL_JOB_ID="$KAON_SWEEP-$KAON_TRIAL" NNI_TRIAL_SEQ_ID="$KAON_TRIAL"
trap : TERM INT
bash -c "$1"
code=$?
rm -rf "$d"
exit $code
`

// nniFilter finds what NNI's SDK prints of a report: a number, or an object whose "default" counts.
const nniFilter = `NNISDK_MEb'.*"(value)": "(?:\{.*?\\"default\\": )?([-+.\deE]+)`

// nniTrial writes `command` and `task`.
func nniTrial(r *reading, top *object) {
	trial := top.object("trial")
	command, folder, gpus := top.get("trialCommand"), top.get("trialCodeDirectory"), "trialGpuNumber"
	if command == nil {
		command = trial.get("command")
	}
	if folder == nil {
		folder = trial.get("codeDir")
	}
	n, at := top.whole(gpus)
	if at == nil {
		n, at = trial.whole("gpuNum")
	}
	if command == nil {
		r.refuse(top.nearest(), "trialCommand", "the experiment has no command, or one for each of several roles")
		return
	}
	r.command.note("", "the program finds its parameters, and reports, as on NNI's local platform")
	r.command.put(command, "command:")
	for _, word := range []string{"/bin/sh", "-c", asNNI, "sh", strings.ReplaceAll(command.Text, "${", "$${")} {
		r.command.put(command, "- %s", quote(word))
	}
	d := &r.task
	d.put(command, "task:")
	code := "."
	if folder != nil {
		code = folder.Text
	}
	d.note("  ", "each attempt has a copy of the folder, as NNI's trials have")
	d.put(folder, "  code: %s", quote(code))
	d.put(command, "  filters:")
	d.put(command, "  - %s", quote(nniFilter))
	if image := trial.get("image"); image != nil {
		d.put(image, "  image: %s", quote(image.Text))
	}
	cpus, atCPU := trial.whole("cpuNum")
	memory, atMemory := trial.whole("memoryMB")
	if n > 0 || atCPU != nil || atMemory != nil {
		d.put(at, "  resources:")
	}
	if n > 0 {
		d.put(at, "    gpus: %d", n)
	}
	if atCPU != nil {
		d.put(atCPU, "    cpus: %d", cpus)
	}
	if atMemory != nil {
		d.put(atMemory, "    memory: %dMB", memory)
	}
	trial.rest("it is not carried")
}
