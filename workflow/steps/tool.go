package steps

import (
	"context"
	_ "embed"
	"encoding/json"
)

// tool is a program of the command line whose progress and failures are read from what it prints, by Python.
type tool struct {
	Words     []string          `json:"words"`
	Files     map[string]string `json:"files,omitempty"`    // texts that it reads; {name} in a word is where one lies
	Progress  []string          `json:"progress,omitempty"` // patterns, as Python has them, of percents
	Error     string            `json:"error,omitempty"`    // a pattern of the line that says why it fails
	Strict    bool              `json:"strict,omitempty"`   // such a line is a failure whatever the exit code
	Interrupt bool              `json:"interrupt,omitempty"`
	// its output is a table in CSV, of which so many rows are put out
	Rows   *int   `json:"rows,omitempty"`
	Mark   string `json:"mark,omitempty"` // the table begins behind such a line, where there is one
	Remedy string `json:"remedy,omitempty"`
}

//go:embed tool_driver.py
var toolDriver string

// runTool runs one as a task.
func (c *Call) runTool(ctx context.Context, t tool, image string) (Result, error) {
	settings, err := json.Marshal(t)
	if err != nil {
		return Result{}, wrong("%w", err)
	}
	return c.run(ctx, spec{words: []string{"python3", "-c", escaped(toolDriver), escaped(string(settings))},
		image: image})
}
