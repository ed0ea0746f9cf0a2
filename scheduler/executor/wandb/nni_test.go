package wandb

import "testing"

// imitationNNI is a package of the names that the hook needs.
const imitationNNI = `
def get_next_parameter(): return {}
def get_current_parameter(tag=None): return None
def report_intermediate_result(metric): print("standalone")
def report_final_result(metric): print("standalone")
def get_sequence_id(): return 0
`

// A trial program of NNI has the trial's parameters and reports to kaon; one that NNI has started is left alone.
func TestTrialsOfNNI(t *testing.T) {
	wantPython(t, "python3")
	const program = `
import nni
params = nni.get_next_parameter()
print(params["lr"], nni.get_current_parameter("lr"), nni.get_sequence_id())
nni.report_intermediate_result(0.5)
nni.report_intermediate_result({"default": 0.75, "loss": float("nan"), "name": "x", "step": 9})
class Array(object):
    def item(self): return 1
nni.report_final_result(Array())
`
	const none = "import nni\nprint(nni.get_next_parameter())\nnni.report_final_result(1)\n"
	tests := []struct{ name, setup, program, printed, metrics string }{
		{"a plain spec", "", program, "0.1 0.1 2\n", `{"step": 0, "acc": 0.5}
{"step": 1, "acc": 0.75, "loss": NaN}
{"step": 1, "acc": 1}
`},
		{"only the final result", "", "import nni\nnni.report_final_result(2)\n", "", "{\"acc\": 2}\n"},
		{"started by NNI", "import os\nos.environ['NNI_PLATFORM'] = 'local'\n", none, "{}\nstandalone\n", ""},
		{"parameters that no variable holds", "import os\ndel os.environ['KAON_PARAMS']\n", `import nni
try:
    nni.get_next_parameter()
except RuntimeError as error:
    print(error)
`, "the trial's parameters are more than a variable can hold: give the program ${args_json_file}, and read that file\n", ""},
		{"without a name", "import os\ndel os.environ['KAON_OBJECTIVE']\n", "import nni\nnni.report_final_result(2)\n", "", "{\"default\": 2}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := packages(t, map[string]string{"nni/__init__.py": "from .trial import *\n", "nni/trial.py": imitationNNI})
			const given = "import os\nos.environ.update(KAON_OBJECTIVE='acc', KAON_TRIAL='2', KAON_PARAMS='{\"lr\": 0.1}')\n"
			printed, metrics, err := python(t, "python3", given+tt.setup+tt.program, folder)
			if err != nil || printed != tt.printed || metrics != tt.metrics {
				t.Errorf("printed %q and reported %q, want %q and %q; %v", printed, metrics, tt.printed, tt.metrics, err)
			}
		})
	}
}
