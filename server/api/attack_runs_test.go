package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// A run that has what the server's user has gets no parameters of somebody from elsewhere, be it the same name.
func TestAttackParametersOfALocalRun(t *testing.T) {
	w := newWorld(t)
	wf, err := run.Parse(filepath.Join(w.dir, "flow.yaml"), []byte("parameters: {text: {type: string, default: 'exit 1'}}\n"+
		"steps: {a: {type: custom, program: [sh, -c, '${text}']}}\ngraph: a"))
	if err != nil {
		t.Fatal(err)
	}
	given, err := wf.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.api.flows().Submit(workflows.Submission{Workflow: wf, Given: given, Origin: run.Origin{Owner: string(access.Operator)}})
	if err != nil {
		t.Fatal(err)
	}
	ended := func() {
		w.until(id, "the end", func(s WorkflowStatus) bool { return s.State == engine.Failed && !s.Live })
	}
	ended()
	marks := filepath.Join(w.dir, "marks")
	more := Values{"text": "touch " + marks}
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/workflows/"+id+"/restart", WorkflowRestart{Parameters: more}); status != http.StatusForbidden {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/workflows/"+id+"/restart", nil); status != http.StatusOK {
		t.Errorf("as it was: %d %s", status, answer)
	}
	ended()
	if _, err := os.Stat(marks); err == nil {
		t.Error("a program of another ran with what the server's user has")
	}
	if err := w.api.mayGoOn(access.With(t.Context(), access.Own()), id, more); err != nil {
		t.Errorf("that user: %v", err)
	}
	status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows/"+id+"/restart", WorkflowRestart{Parameters: more})
	if status != http.StatusForbidden || !strings.Contains(string(answer), "only they and operators") {
		t.Errorf("who may not change it at all: %d %s", status, answer)
	}
}
