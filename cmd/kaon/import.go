package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/foreign"
)

type importCmd struct {
	File    string `arg:"" help:"Experiment of another tool; - reads it from standard input."`
	Lenient bool   `help:"Leave out what cannot be carried, and say so, instead of refusing the file."`
	JSON    bool   `help:"Print JSON: the tool, the sweep file as a text, and what was left out; problems too."`
}

// imported is a sweep file that came of another tool's. Fields may be added, not renamed.
type imported struct {
	Tool string         `json:"tool"`
	Spec string         `json:"spec"`
	Left []*sweep.Error `json:"left"` // what was left out
}

func (c *importCmd) Run(out *output) error {
	from, err := c.read()
	if c.JSON {
		var problems sweep.Errors
		if errors.As(err, &problems) {
			if err := json.NewEncoder(out.stdout).Encode(map[string]any{"errors": problems}); err != nil {
				return err
			}
			return silently(exitUsage)
		}
	}
	if err != nil {
		return usage(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(imported{from.Tool, string(from.Text), append([]*sweep.Error{}, from.Left...)})
	}
	for _, e := range from.Left {
		fmt.Fprintf(out.stderr, "kaon: warning: %s:%d:%d: %s: %s\n", e.File, e.Line, e.Column, e.Field, e.Problem)
	}
	_, err = out.stdout.Write(from.Text)
	return err
}

// read translates the file, and checks what came of it.
func (c *importCmd) read() (*foreign.Translation, error) {
	src, err := readSpec(c.File)
	if err != nil {
		return nil, err
	}
	from, err := foreign.Translate(c.File, src, c.Lenient, beside(c.File))
	if err != nil {
		return nil, err
	}
	if from == nil {
		return nil, fmt.Errorf("%s is no experiment of Katib or NNI; `kaon plan %s` reads it as a sweep file", c.File, c.File)
	}
	if _, err := sweep.Parse(c.File, from.Text, server.WithFilesBeside(c.File), sweep.WithEnvironment(os.LookupEnv)); err != nil {
		return nil, from.Relocate(err)
	}
	return from, nil
}

// beside reads files that an experiment names.
func beside(file string) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		return os.ReadFile(path)
	}
}

// readSpec reads a file whole, or standard input.
func readSpec(name string) (src []byte, err error) {
	if name == "-" {
		src, err = io.ReadAll(io.LimitReader(os.Stdin, maxSpec))
	} else {
		src, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read spec: %w", err)
	}
	return src, nil
}
