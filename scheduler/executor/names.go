package executor

// Names of the files and folders of an attempt's folder.
const (
	stdoutName    = "stdout"
	stderrName    = "stderr"
	metricsName   = "metrics.jsonl"
	controlName   = "control"
	artifactsName = "artifacts"
	outputName    = "kaon-output.json" // among the artifacts: what a step of a workflow puts out
	workName      = "work"             // the attempt's copy of the code
	inputsName    = "inputs"           // links to what it was given, when it works elsewhere
	// what an earlier attempt of the trial left; beside inputs, which may have any name
	resumeName = ".resume"
)
