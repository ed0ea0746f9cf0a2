package executor

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// TestMlflowProgram is no test but a trial of the one below: it logs two metrics and is killed, or tells what it sees.
func TestMlflowProgram(t *testing.T) {
	if os.Getenv("KAON_PARAM_MLFLOW") == "" {
		return
	}
	uri := os.Getenv("MLFLOW_TRACKING_URI")
	post := func(path, body string) string {
		resp, err := http.Post(uri+"/api/2.0/mlflow/"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", resp.StatusCode, data, err)
		}
		return string(data)
	}
	made := post("runs/create", `{"experiment_id": "0", "tags": [{"key": "secret", "value": "pa\u0073sword-of-mine"}]}`)
	_, rest, _ := strings.Cut(made, `"run_id":"`)
	run, _, _ := strings.Cut(rest, `"`)
	for step := range 2 {
		post("runs/log-metric", fmt.Sprintf(`{"run_id": "%s", "key": "loss", "value": 0.%d, "timestamp": 1, "step": %d}`, run, step+1, step+10))
	}
	fmt.Println("address=" + uri)
	_ = os.Stdout.Sync()
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// What was logged to MLflow before a program was killed is there once, and its address is good for nothing afterwards.
func TestMlflowOfAKilledProgram(t *testing.T) {
	f := newFiles(t)
	f.launch("s.1.1", task.Order{Params: []byte(`{"mlflow": 1}`), Objective: "loss", Argv: []string{os.Args[0], "-test.run=TestMlflowProgram$"},
		Secrets: f.server.Secrets(map[string]string{"PASSWORD": "password-of-mine"})})
	o := f.finished("s.1.1")
	if o.state != mesosapi.TASK_FAILED || len(o.points) != 2 || o.points[1].Step != 11 || o.points[1].Metrics["loss"] != 0.2 {
		t.Fatalf("%+v", o)
	}
	folder := filepath.Join(f.root, "s.1.1")
	out, err := os.ReadFile(filepath.Join(folder, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	_, uri, _ := strings.Cut(strings.TrimSpace(string(out)), "address=")
	resp, err := http.Get(uri + "/health")
	if err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("after the end %s answers %v, %v", uri, resp, err)
	}
	kept, err := os.ReadFile(filepath.Join(folder, "artifacts", "mlflow", "runs.json"))
	if err != nil || !strings.Contains(string(kept), `"loss"`) || strings.Contains(string(kept), "password") {
		t.Errorf("kept is %s, %v", kept, err)
	}
}

// What the user has set is left as it is.
func TestMlflowIsTheUsers(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, nil)
	for i, c := range []struct {
		order task.Order
		want  string
	}{
		{task.Order{NoMlflow: true}, ""},
		{task.Order{Env: []string{"MLFLOW_TRACKING_URI=http://theirs.example"}}, "MLFLOW_TRACKING_URI=http://theirs.example\n"},
		{task.Order{Env: []string{"MLFLOW_TRACKING_URI=", "MLFLOW_RUN_ID=theirs", "MLFLOW_DISABLE_TELEMETRY=false", "http_proxy=http://proxy.example", "no_proxy=a"}},
			"MLFLOW_DISABLE_TELEMETRY=false\nMLFLOW_RUN_ID=theirs\nMLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT=true\nMLFLOW_TRACKING_URI=http://127.0.0.1:\n" +
				"NO_PROXY=127.0.0.1\nno_proxy=a,127.0.0.1\n"},
	} {
		id := fmt.Sprintf("s.%d.1", i)
		c.order.Shell = `env | grep -e ^MLFLOW -e ^no_proxy -e ^NO_PROXY | LC_ALL=C sort | sed 's#:[0-9]*/[0-9a-f]*$#:#'; echo end`
		a.launch(id, c.order)
		if o := a.finished(id); o.state != mesosapi.TASK_FINISHED {
			t.Fatalf("%+v", o)
		}
		out, err := os.ReadFile(filepath.Join(s.sandbox, id, "stdout"))
		if err != nil || string(out) != c.want+"end\n" {
			t.Errorf("%+v sees\n%s\nwant\n%s%v", c.order.Env, out, c.want, err)
		}
	}
}
