package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowMessageCmd struct {
	Run_    string `arg:"" name:"run" help:"Id of the run."`
	Step    string `arg:"" help:"The step, in a for-each with its iteration, as train[3]; of a sweep with the trial, as search/7; of a workflow with the step there, as sub/train."`
	Message string `arg:"" help:"A text, or any JSON value, as in '{\"checkpoint\": true}'."`
	flowFlags
}

func (c *workflowMessageCmd) Run(ctx context.Context, out *output) error {
	message, err := jsonOrText(c.Message)
	if err != nil {
		return err
	}
	runs, err := c.runs(ctx)
	if err != nil {
		return err
	}
	a, err := runs.Ask(ctx, c.Run_, run.Request{Kind: run.MessageStep, Step: c.Step, Body: message})
	if err != nil {
		return err
	}
	if a.Idle {
		tellIdle(out, runs, c.Run_)
	}
	if a.Left {
		_, err = fmt.Fprintf(out.stdout, "kept for %s of %s, which hears it when it runs\n", c.Step, c.Run_)
	} else {
		_, err = fmt.Fprintf(out.stdout, "%s of %s has it\n", c.Step, c.Run_)
	}
	return err
}

// jsonOrText is a value as it was typed: JSON, or a text. What begins as JSON does and is none is a slip.
func jsonOrText(typed string) (json.RawMessage, error) {
	text := strings.TrimSpace(typed)
	if text != "" && json.Valid([]byte(text)) {
		return json.RawMessage(text), nil
	}
	if text != "" && strings.ContainsRune(`{["`, rune(text[0])) {
		return nil, usage(fmt.Errorf("%.80q is not JSON, though it begins so: write it as in '{\"checkpoint\": "+
			"true}', or a text without such a beginning", text))
	}
	value, err := json.Marshal(typed)
	return value, err
}
