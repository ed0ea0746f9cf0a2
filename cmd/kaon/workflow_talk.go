package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

type workflowMessageCmd struct {
	Run_    string `arg:"" name:"run" help:"Id of the run."`
	Step    string `arg:"" help:"The step, in a for-each with its iteration, as train[3]; of a sweep with the trial, as search/7; of a workflow with the step there, as sub/train."`
	Message string `arg:"" help:"A text, or any JSON value, as in '{\"checkpoint\": true}'."`
	flowFlags
}

type workflowSignalCmd struct {
	Run_    string `arg:"" name:"run" help:"Id of the run."`
	Name    string `arg:"" help:"The signal that a wait step has."`
	Payload string `arg:"" optional:"" help:"What that step puts out: a JSON object, or any other value or text, as payload."`
	flowFlags
}

// jsonOrText is a value as it was typed: JSON, or a text. What begins as JSON does and is none is a slip.
func jsonOrText(typed string) (json.RawMessage, error) {
	text := strings.TrimSpace(typed)
	if text != "" && json.Valid([]byte(text)) {
		return json.RawMessage(text), nil
	}
	if text != "" && strings.ContainsRune(`{["`, rune(text[0])) {
		return nil, usage(fmt.Errorf("%.80q is not JSON, though it begins so: write it as in '{\"checkpoint\": true}', or a text without such a beginning", text))
	}
	value, err := json.Marshal(typed)
	return value, err
}

func (c *workflowMessageCmd) Run(ctx context.Context, out *output) error {
	message, err := jsonOrText(c.Message)
	if err != nil {
		return err
	}
	heard, err := c.send(ctx, out, message)
	if err != nil {
		return err
	}
	if heard {
		_, err = fmt.Fprintf(out.stdout, "%s of %s has it\n", c.Step, c.Run_)
	} else {
		_, err = fmt.Fprintf(out.stdout, "kept for %s of %s, which hears it when it runs\n", c.Step, c.Run_)
	}
	return err
}

func (c *workflowMessageCmd) send(ctx context.Context, out *output, message json.RawMessage) (heard bool, err error) {
	if to, err := c.at(ctx); to != nil || err != nil {
		if err == nil {
			heard, err = to.MessageWorkflowStep(ctx, c.Run_, c.Step, message)
		}
		return heard, answered(err)
	}
	r, err := c.read(c.Run_, false)
	if err != nil {
		return false, err
	}
	if r.View.State.Ended() {
		return false, usage(fmt.Errorf("run %s has ended: %s", c.Run_, r.View.State))
	}
	if err := run.CheckMessage(r, c.Step); err != nil {
		return false, usage(fmt.Errorf("%w; kaon workflow status %s --all shows the steps", err, c.Run_))
	}
	id := rand.Text()
	_, err = run.Ask(c.folder(), c.Run_, run.Request{Kind: run.MessageStep, Step: c.Step, Body: message, Who: askedBy(), ID: id})
	if errors.Is(err, run.ErrTooLong) {
		return false, usage(err)
	}
	if err != nil {
		return false, unreachable(err)
	}
	c.tellIdle(out, r)
	for until := time.Now().Add(requestPatience); r.Live && time.Now().Before(until); {
		for _, s := range run.Talk(c.folder(), c.Run_, "") {
			switch {
			case s.ID == id && s.Refused != "":
				return false, usage(errors.New(s.Refused))
			case s.ID == id:
				return true, nil
			}
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, silently(exitInterrupted)
		}
	}
	return false, nil
}

// tellIdle says that nobody works on a run.
func (f flowFlags) tellIdle(out *output, r *run.Record) {
	if id := r.Header.Run; !r.Live {
		fmt.Fprintf(out.stderr, "no process works on %s; it takes this when it goes on, with: %s\n", id, goOn("workflow resume", id, f.Results, f.State, ""))
	}
}

func (c *workflowSignalCmd) Run(ctx context.Context, out *output) error {
	var payload json.RawMessage
	if c.Payload != "" {
		var err error
		if payload, err = jsonOrText(c.Payload); err != nil {
			return err
		}
	}
	if err := steps.CheckSignal(c.Name); err != nil {
		return usage(err)
	}
	if to, err := c.at(ctx); err != nil {
		return err
	} else if to != nil {
		if _, err := to.SignalWorkflow(ctx, c.Run_, c.Name, payload); err != nil {
			return answered(err)
		}
	} else if err := c.leave(out, payload); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out.stdout, "%s has the signal %s: a step that waits for it goes on, or one that will\n", c.Run_, c.Name)
	return err
}

// leave leaves the signal for a run without a server.
func (c *workflowSignalCmd) leave(out *output, payload json.RawMessage) error {
	r, err := c.read(c.Run_, false)
	if err != nil {
		return err
	}
	if r.View.State.Ended() {
		return usage(fmt.Errorf("run %s has ended: %s", c.Run_, r.View.State))
	}
	_, err = run.Ask(c.folder(), c.Run_, run.Request{Kind: run.SignalRun, Name: c.Name, Body: payload, Who: askedBy()})
	if errors.Is(err, run.ErrTooLong) {
		return usage(err)
	}
	if err != nil {
		return unreachable(err)
	}
	c.tellIdle(out, r)
	return nil
}
