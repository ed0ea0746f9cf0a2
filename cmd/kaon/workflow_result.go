package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/expression"
)

// workflowsFolder is the name of the folder of all runs of workflows among those of sweeps.
const workflowsFolder = "workflows"

// resultsPlace is where results lie, whatever the folder of who asks: an address, or an absolute path.
func (f *workFlags) resultsPlace() (string, error) {
	if strings.HasPrefix(f.Results, "s3://") {
		return f.Results, nil
	}
	return filepath.Abs(strings.TrimPrefix(f.Results, "file://"))
}

// flowResult is what `kaon workflow run --json` prints, and `status --json`: a contract for scripts.
type flowResult struct {
	Run      string `json:"run"`
	Workflow string `json:"workflow"`
	engine.View
	Seconds float64 `json:"seconds"`
	Live    bool    `json:"live"` // a process works on it

	Messages []api.StepMessage `json:"messages,omitempty"` // what was said, of status
}

func flowSeconds(v engine.View) float64 {
	end := v.Ended
	if end == 0 {
		end = time.Now().UnixMilli()
	}
	if v.Began == 0 {
		return 0
	}
	return float64(end-v.Began) / 1000
}

func printFlow(w io.Writer, v flowResult) error {
	enc := json.NewEncoder(w)
	return enc.Encode(v)
}

func outputText(v any) string { return expression.Text(v) }
