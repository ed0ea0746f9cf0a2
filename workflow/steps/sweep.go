package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
)

// sweepStep runs a sweep; its winner is what follows starts from.
type sweepStep struct{}

func (sweepStep) About() Description {
	var puts []workflow.Parameter // as Run does
	for _, name := range []string{"sweep", "trials", "succeeded", "failed", "table", "value", "params"} {
		puts = append(puts, workflow.Parameter{Name: name, Type: workflow.Type{Kind: workflow.Any}})
	}
	return Description{
		Name: "sweep", Text: "Runs a sweep; its winner is handed on.", Outputs: puts, Closed: true,
		Keys: []Key{
			{Name: "file", Kind: "text", Text: "a sweep file; or `spec`"},
			{Name: "spec", Kind: "mapping", Raw: true, Text: "the sweep itself, as a sweep file has it"},
			{Name: "set", Kind: "mapping", Text: "overrides of the spec by their paths, as parameters.lr.max: 0.5"},
		},
	}
}

func (sweepStep) Run(ctx context.Context, c *Call) (Result, error) {
	job, err := c.sweepJob()
	if err != nil {
		return Result{}, err
	}
	done, err := c.Cluster.Run(ctx, job)
	if err != nil {
		return Result{}, err
	}
	out := Result{Outputs: map[string]any{
		"sweep": c.ID, "trials": done.Counts.Total, "succeeded": done.Counts.Succeeded, "failed": done.Counts.Failed,
		"table": table(done.Trials),
	}}
	if done.Phase != sweep.PhaseSucceeded {
		return out, failed("sweep %s: %w", c.ID, errorText(done.Reason))
	}
	if w := done.Winner; w != nil {
		if out.Winner, err = WinnerValues(*w); err != nil {
			return out, failed("the winner of %s: %w", c.ID, err)
		}
		out.Outputs["value"] = out.Winner["value"]
		out.Outputs["params"] = out.Winner["params"]
		out.Artifacts = map[string]any{}
		for _, f := range w.Files {
			out.Artifacts[f.Name] = strings.TrimSuffix(w.Artifacts, "/") + "/" + f.Name
		}
	}
	return out, nil
}

// sweepJob reads the spec.
func (c *Call) sweepJob() (Job, error) {
	job := Job{ID: c.ID, Began: c.Began, File: c.File, Winner: c.Winner, Told: c.Progress}
	file, err := c.text("file")
	if err != nil {
		return job, err
	}
	switch {
	case (file == "") == (c.Spec == nil):
		return job, wrong("a sweep step has `file` or `spec`, and not both")
	case file != "":
		job.File = filepath.Clean(c.path(file))
		if job.Source, err = ReadFile(job.File); err != nil {
			return job, wrong("read the sweep file: %w", err)
		}
	default:
		job.Source = Flow(c.Spec)
	}
	set, err := c.mapping("set")
	if err != nil {
		return job, err
	}
	for _, path := range slices.Sorted(maps.Keys(set)) {
		value, err := json.Marshal(set[path])
		if err != nil {
			return job, wrong("set.%s: %w", path, err)
		}
		job.Set = append(job.Set, path+"="+string(value))
	}
	return job, nil
}

// WinnerValues is a winner as expressions see it: the manifest, its parameters as flags, and its text.
func WinnerValues(w board.Winner) (map[string]any, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	v, err := Decode(text)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("it is no object")
	}
	flags, err := w.Render(board.FormatFlags)
	if err != nil {
		return nil, err
	}
	m["args"] = strings.TrimSpace(flags)
	m["json"] = string(text)
	return m, nil
}

// WinnerOf is the winner that expressions see as m; nil: it is none.
func WinnerOf(m map[string]any) *board.Winner {
	text, ok := m["json"].(string)
	if !ok {
		return nil
	}
	w := new(board.Winner)
	if json.Unmarshal([]byte(text), w) != nil {
		return nil
	}
	return w
}

// table is trials as expressions see them.
func table(trials []board.Trial) []any {
	rows := make([]any, 0, len(trials))
	for _, t := range trials {
		row := map[string]any{"trial": t.Trial, "state": t.State.String()}
		if t.Value != nil && sweep.IsFinite(float64(*t.Value)) { // JSON has no others
			row["value"] = float64(*t.Value)
		}
		if params, err := Decode(t.Params); err == nil {
			row["params"] = params
		}
		rows = append(rows, row)
	}
	return rows
}

// Flow is a tree as YAML in one line. Scalars that were written without quotes are so again, unless that would mean
// something else.
func Flow(t *sweep.Tree) []byte { return appendFlow(nil, t) }

func appendFlow(b []byte, t *sweep.Tree) []byte {
	switch {
	case t == nil || t.Null:
		return append(b, "null"...)
	case t.List:
		b = append(b, '[')
		for i, item := range t.Items {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendFlow(b, item)
		}
		return append(b, ']')
	case t.Mapping:
		b = append(b, '{')
		for i, p := range t.Pairs {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(appendQuoted(b, p.Key.Text), ": "...)
			b = appendFlow(b, p.Value)
		}
		return append(b, '}')
	case t.Plain && t.Text != "" && !strings.ContainsAny(t.Text, ",[]{}:#&*!|>'\"%@`?\\\n\t") && t.Text[0] != '-' ||
		isNumber(t.Text) && t.Plain:
		return append(b, t.Text...)
	}
	return appendQuoted(b, t.Text)
}

func isNumber(text string) bool {
	var f float64
	n, err := fmt.Sscanf(text+"|", "%g|", &f)
	return n == 1 && err == nil
}

func appendQuoted(b []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, quoted...)
}

// thenTrial is the number of a sweep's `then` step, as that of a trial.
const thenTrial = -1

// Hear implements Hearer.
func (sweepStep) Hear(ctx context.Context, c *Call, m Sent) error {
	trial := thenTrial
	if m.To != "then" {
		n, err := strconv.Atoi(m.To)
		if err != nil {
			return wrong("%q is no trial", m.To)
		}
		trial = n
	}
	return c.Cluster.Message(ctx, c.ID, trial, m)
}

// Within implements Hearer.
func (sweepStep) Within() Within { return OfTrial }
