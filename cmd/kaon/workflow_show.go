package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/draw"
	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowShowCmd struct {
	File   string `arg:"" help:"Workflow file; - reads it from standard input. With --server also the id of a run there."`
	Format string `enum:"text,svg,mermaid,dot,arrows,json" default:"text" help:"text: a line for each step; svg: a picture; mermaid or dot: text for those programs; arrows: the graph as one expression; json (${default})."`
	JSON   bool   `help:"As --format json; problems of the file too."`
	Width  int    `placeholder:"COLUMNS" help:"Of the text; as the terminal is, or 100, when left out."`
	flowServer
}

// read reads and checks the file, or, where there is none, the workflow of a server's run.
func (c *workflowShowCmd) read(ctx context.Context) (*workflow.Workflow, error) {
	from, err := c.at(ctx)
	if err != nil {
		return nil, err
	}
	if _, missing := os.Stat(c.File); from == nil || c.File == "-" || !errors.Is(missing, os.ErrNotExist) {
		return workflowFile{c.File}.read(ctx)
	}
	src, err := from.WorkflowSource(ctx, c.File)
	if err != nil {
		return nil, answered(err)
	}
	w, err := run.Parse(c.File, src, workflow.Accepted(true))
	if err != nil {
		return nil, usage(err)
	}
	return w, nil
}

func (c *workflowShowCmd) Help() string {
	return "Reads the file as kaon workflow run does, and says what is wrong with it: unknown names, cycles, " +
		"values that are needed before they are there. " +
		"Nothing is started."
}

// shownWorkflow is what `kaon workflow show --format json` prints. Fields may be added, not renamed.
type shownWorkflow struct {
	Name       string           `json:"name,omitempty"`
	Parameters []shownParameter `json:"parameters"`
	SLA        *shownSLA        `json:"sla,omitempty"`
	Graph      *draw.Graph      `json:"graph"`
	Finally    *draw.Graph      `json:"finally,omitempty"`
	Arrows     string           `json:"arrows"` // the graph as an expression
	Warnings   []*sweep.Error   `json:"warnings"`
}

// shownSLA is the promise of when runs are done: one of Seconds and By.
type shownSLA struct {
	Seconds float64 `json:"seconds,omitempty"`
	By      string  `json:"by,omitempty"`
	Zone    string  `json:"zone,omitempty"` // of By
}

type shownParameter struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Default     any    `json:"default,omitempty"`
	Required    bool   `json:"required,omitempty"`
	Description string `json:"description,omitempty"`
}

func (c *workflowShowCmd) Run(ctx context.Context, out *output) error {
	if c.JSON {
		c.Format = "json"
	}
	w, err := c.read(ctx)
	if err != nil {
		return c.refuse(out, err)
	}
	switch c.Format {
	case "mermaid":
		_, err = io.WriteString(out.stdout, draw.Mermaid(w))
	case "dot":
		_, err = io.WriteString(out.stdout, draw.DOT(w))
	case "svg":
		_, err = io.WriteString(out.stdout, draw.SVG(w))
	case "arrows":
		_, err = fmt.Fprintln(out.stdout, w.Graph)
	case "json":
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		err = enc.Encode(shown(w))
	default:
		const usual = 100
		c.print(out, w, cmp.Or(c.Width, widthOf(out.stdout), usual))
	}
	return err
}

func (c *workflowShowCmd) print(out *output, w *workflow.Workflow, width int) {
	fmt.Fprintf(out.stdout, "%s: %s, %s\n", cmp.Or(w.Name, w.File), plural(len(w.Steps), "step"),
		plural(len(w.Parameters), "parameter"))
	for _, p := range shownParameters(w) {
		value := "has to be given"
		if !p.Required {
			text, _ := json.Marshal(p.Default)
			value = "= " + string(text)
		}
		line := strings.TrimRight(fmt.Sprintf("  %s: %s %s  %s", p.Name, p.Type, value, p.Description), " ")
		fmt.Fprintln(out.stdout, shorten(line, width))
	}
	if !w.SLA.IsZero() {
		fmt.Fprintf(out.stdout, "  sla: %s\n", w.SLA)
	}
	fmt.Fprintln(out.stdout)
	io.WriteString(out.stdout, draw.Text(w, width))
	for _, warning := range w.Warnings {
		fmt.Fprintf(out.stdout, "\nwarning: %v\n", warning)
	}
}

func shown(w *workflow.Workflow) shownWorkflow {
	return shownWorkflow{
		SLA: slaOf(w.SLA), Name: w.Name, Parameters: shownParameters(w), Graph: draw.GraphOf(w.Graph),
		Finally: draw.GraphOf(w.Finally),
		Arrows:  w.Graph.String(), Warnings: append([]*sweep.Error{}, w.Warnings...),
	}
}

func slaOf(s workflow.SLA) *shownSLA {
	switch {
	case s.IsZero():
		return nil
	case s.Clock != "":
		return &shownSLA{By: s.Clock, Zone: s.Zone().String()}
	}
	return &shownSLA{Seconds: s.Within.Seconds()}
}

// shownParameters are the parameters, without the values of secret ones.
func shownParameters(w *workflow.Workflow) []shownParameter {
	all := []shownParameter{}
	for _, p := range w.Parameters {
		s := shownParameter{p.Name, p.Type.String(), p.Default, p.Required, p.Description}
		if p.Secret {
			s.Default = nil
		}
		all = append(all, s)
	}
	return all
}

// refuse tells what is wrong with the file, to a script if it asked for JSON.
func (c *workflowShowCmd) refuse(out *output, err error) error {
	var problems sweep.Errors
	if c.Format != "json" || !errors.As(err, &problems) {
		return err
	}
	if err := json.NewEncoder(out.stdout).Encode(map[string]any{"errors": problems}); err != nil {
		return err
	}
	return silently(exitUsage)
}
