package main

import (
	"context"
	"encoding/json"
	"fmt"
)

type messageCmd struct {
	Trial string `arg:"" help:"${trial}"`
	Body  string `arg:"" name:"json" help:"Any JSON value, as in '{\"checkpoint\": true}'."`
	sendFlags
}

func (c *messageCmd) Run(ctx context.Context, out *output) error {
	id, trial, err := parseTrial(c.Trial)
	if err != nil {
		return err
	}
	if !json.Valid([]byte(c.Body)) {
		return usage(fmt.Errorf("the message %.80q is not JSON: write it as in '{\"checkpoint\": true}', or a "+
			"text as '\"text\"'", c.Body))
	}
	return c.send(ctx, out, id, func(to controller, ctx context.Context, id string) error {
		return to.Message(ctx, id, trial, json.RawMessage(c.Body))
	}, sent{Done: "message", Trial: &trial}, "sent to "+trialText(trial)+" of %s")
}
