package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
)

// signalStep sends a signal to another run.
type signalStep struct{}

func (signalStep) About() Description {
	return Description{Name: "signal", Text: "Sends a signal to another run, for a `wait` step there.", Light: true,
		Keys: []Key{
			{Name: "run", Kind: "text", Needed: true, Text: "id of the run, of the same owner"},
			{Name: "signal", Kind: "text", Needed: true, Text: "name of the signal"},
			{Name: "payload", Kind: "value", Text: "what the wait step there puts out"},
		}}
}

func (signalStep) Run(ctx context.Context, c *Call) (Result, error) {
	to, err := c.text("run")
	if err == nil {
		err = needed("run", to)
	}
	if err != nil {
		return Result{}, err
	}
	name, err := c.signalName()
	if err != nil {
		return Result{}, err
	}
	var payload json.RawMessage
	if v, given := c.Keys["payload"]; given {
		if payload, err = json.Marshal(v); err != nil {
			return Result{}, wrong("payload: %w", err)
		}
	}
	return Result{}, c.Signal(ctx, to, name, payload)
}

// MaxPayload bounds what is sent with a signal, or as a message, in bytes.
const MaxPayload = 64 << 10

var signalNames = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{0,99}$`)

// CheckSignal refuses what is no name of a signal.
func CheckSignal(name string) error {
	if !signalNames.MatchString(name) {
		return fmt.Errorf("%.100q is no name of a signal: use letters, digits and _ . : - behind a letter, at most 100",
			name)
	}
	return nil
}

// signalName is the key `signal`.
func (c *Call) signalName() (string, error) {
	name, err := c.text("signal")
	if err != nil {
		return "", err
	}
	if err := CheckSignal(name); err != nil {
		return "", wrong("signal: %w", err)
	}
	return name, nil
}

// SignalOf is the signal that an attempt waits for; empty: none.
func SignalOf(kind string, keys map[string]any) string {
	c := Call{Keys: keys}
	if name, err := c.text("signal"); err == nil && kind == "wait" {
		return name
	}
	return ""
}

func (c *Call) untilSignalled(ctx context.Context) (Result, error) {
	name, err := c.signalName()
	if err != nil {
		return Result{}, err
	}
	c.Progress(Progress{Text: fmt.Sprintf("waits for: kaon workflow signal %s %s", c.Run, name)})
	select {
	case s := <-c.Signals:
		out, err := payloadOutputs(s)
		return Result{Outputs: out, Signal: s.ID}, err
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

// payloadOutputs are what a signal has a step put out: the fields of an object, or anything else as payload.
func payloadOutputs(s Signal) (map[string]any, error) {
	if len(s.Payload) == 0 {
		return map[string]any{}, nil
	}
	v, err := Decode(s.Payload)
	if err != nil {
		return nil, failed("the signal's payload is no JSON: %w", err)
	}
	if m, ok := v.(map[string]any); ok {
		return m, nil
	}
	return map[string]any{"payload": v}, nil
}
