package steps

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// notebook runs a Jupyter notebook through papermill.
type notebook struct{ inTrial }

func (notebook) About() Description {
	return Description{Name: "notebook", Text: "Runs a Jupyter notebook through papermill; what it looked like " +
		"at its end is an artifact.", Keys: []Key{
		{Name: "file", Kind: "text", Needed: true, Text: "the notebook; a cell tagged parameters has the defaults"},
		{Name: "parameters", Kind: "mapping", Text: "its parameters, besides the step's inputs"},
		{Name: "kernel", Kind: "text", Text: "the kernel; the notebook's own when left out"},
		{Name: "cell_timeout", Kind: "duration", Text: "of one cell; none when left out"},
		{Name: "interpreter", Kind: "text", Text: "a Python that has papermill; python3 when left out"},
		{Name: "image", Kind: "text", Text: "a container image to run it in"},
	}}
}

func (notebook) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	if t := keys.Get("file"); t != nil && !template(t.Text) && !strings.HasSuffix(t.Text, ".ipynb") {
		fail(t, "file", fmt.Sprintf("`%.60s` is no notebook", t.Text), "name a file that ends with .ipynb")
	}
}

//go:embed notebook_driver.py
var notebookDriver string

func (notebook) Run(ctx context.Context, c *Call) (Result, error) {
	texts, err := c.allTexts("file", "kernel", "interpreter", "image")
	if err == nil {
		err = needed("file", texts["file"])
	}
	if err != nil {
		return Result{}, err
	}
	given, err := c.mapping("parameters")
	if err != nil {
		return Result{}, err
	}
	limit, err := c.duration("cell_timeout", 0)
	if err != nil {
		return Result{}, err
	}
	settings, err := json.Marshal(map[string]any{
		"file": texts["file"], "name": filepath.Base(texts["file"]), "kernel": texts["kernel"], "parameters": given,
		"timeout": int(limit.Seconds()),
	})
	if err != nil {
		return Result{}, wrong("%w", err)
	}
	return c.run(ctx, spec{
		words: []string{or(texts["interpreter"], "python3"), "-c", escaped(notebookDriver), escaped(string(settings))},
		image: texts["image"], reads: true,
	})
}
