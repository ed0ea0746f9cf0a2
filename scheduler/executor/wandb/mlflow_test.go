package wandb

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// A tracking server that a program names and that is not there keeps no trial: what it logs goes to kaon's.
func TestServersOfMlflowThatAreNotThere(t *testing.T) {
	interpreter := cmp.Or(os.Getenv("KAON_MLFLOW_PYTHON"), "python3")
	folder := ""
	if err := exec.Command(interpreter, "-c", "import mlflow").Run(); err != nil {
		t.Log("mlflow is not here, and another in its place was tried")
		wantPython(t, interpreter)
		folder = packages(t, map[string]string{
			"mlflow/__init__.py":                            "from mlflow.tracking._tracking_service.utils import set_tracking_uri, get_tracking_uri\n",
			"mlflow/tracking/__init__.py":                   "",
			"mlflow/tracking/_tracking_service/__init__.py": "",
			"mlflow/tracking/_tracking_service/utils.py":    "x = ''\ndef set_tracking_uri(uri):\n    global x\n    x = uri\ndef get_tracking_uri(): return x\n",
		})
	}
	theirs := httptest.NewServer(http.NotFoundHandler())
	defer theirs.Close()
	free := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
	const ours = "http://127.0.0.1:1/token"
	printed, _, err := python(t, interpreter, `
import os, mlflow
for uri in os.environ["ADDRESSES"].split():
    mlflow.set_tracking_uri(uri)
    print(mlflow.get_tracking_uri())
`, folder, "KAON_MLFLOW="+ours, "ADDRESSES="+strings.Join([]string{
		"http://me:secret@" + free + "/x", "http://" + free, "http://" + free, "http://no.such.host.invalid:5000", theirs.URL, "file:///tmp/there", ours,
	}, " "))
	var told, set []string
	for line := range strings.Lines(printed) {
		if strings.HasPrefix(line, "kaon: ") {
			told = append(told, line)
		} else {
			set = append(set, strings.TrimSpace(line))
		}
	}
	want := []string{ours, ours, ours, ours, theirs.URL, "file:///tmp/there", ours}
	if err != nil || strings.Join(set, " ") != strings.Join(want, " ") {
		t.Errorf("it logs to %q, want %q; %v", set, want, err)
	}
	if len(told) != 3 || !strings.Contains(told[0], "the tracking server http://"+free+" that the program names is not reached") || strings.Contains(printed, "secret") {
		t.Errorf("it is told %q", told)
	}
}
