package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/workflow/steps"
)

type workflowTypesCmd struct {
	Program []string `arg:"" optional:"" help:"A program of your own: asks it for the keys of its type."`
	JSON    bool     `help:"Print JSON."`
}

func (c *workflowTypesCmd) Run(ctx context.Context, out *output) error {
	var all []steps.Description
	if len(c.Program) > 0 {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		d, err := steps.Describe(ctx, ".", c.Program)
		if err != nil {
			return usage(err)
		}
		all = append(all, d)
	} else {
		for _, t := range steps.Types() {
			all = append(all, t.About())
		}
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	for i, d := range all {
		if i > 0 {
			fmt.Fprintln(out.stdout)
		}
		fmt.Fprintf(out.stdout, "%s: %s\n", d.Name, d.Text)
		var tab table
		for _, k := range d.Keys {
			needed := ""
			if k.Needed {
				needed = "needed"
			}
			tab.row("  "+k.Name, k.Kind, needed, k.Text)
		}
		if err := tab.print(out.stdout); err != nil {
			return err
		}
	}
	return nil
}
