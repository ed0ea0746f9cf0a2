package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server/client"
)

// largestAnswer is what an answer may take in an agent's context, in bytes.
const largestAnswer = 24 << 10

// largestParams is how much of a trial's parameters an answer shows, in bytes.
const largestParams = 2000

// kind is what a tool does to sweeps.
type kind int

const (
	reads    kind = iota // nothing
	adds                 // what can be taken back, or goes on
	destroys             // what cannot
)

// add offers a tool: a function of its arguments and of the server, whose answer is written as JSON.
func add[In any](
	s *sdk.Server, t *tools, name, title, description string, does kind,
	f func(context.Context, *client.Client, In) (any, error),
) {
	closed := false
	destructive := does == destroys
	tool := &sdk.Tool{Name: name, Title: title, Description: description, Annotations: &sdk.ToolAnnotations{
		Title: title, ReadOnlyHint: does == reads, DestructiveHint: &destructive, IdempotentHint: does != adds,
		OpenWorldHint: &closed,
	}}
	sdk.AddTool(s, tool, func(ctx context.Context, _ *sdk.CallToolRequest, in In) (*sdk.CallToolResult, any, error) {
		var text string
		err := crash.Guard(func() error {
			to, err := t.Connect(ctx)
			if err != nil {
				return err
			}
			out, err := f(ctx, to, in)
			if err == nil {
				text, err = written(out)
			}
			return err
		})
		if err != nil {
			return nil, nil, told(err)
		}
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}, nil, nil
	})
}

// told is an error for an agent: what is wrong, where, and what helps.
func told(err error) error {
	var p *crash.Panic
	if errors.As(err, &p) {
		return errors.New("a fault in kaon: try another way, and tell the user")
	}
	text := err.Error()
	if len(text) > largestAnswer {
		text = short(text, largestAnswer)
	}
	return errors.New(text)
}

// written is an answer as JSON, never longer than an agent can take.
func written(v any) (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	if out.Len() > largestAnswer {
		return "", fmt.Errorf("the answer has %d bytes, and %d are the most: ask for less, by a smaller limit "+
			"or a filter", out.Len(), largestAnswer)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// short is a text of at most so many bytes.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + fmt.Sprintf("… (%d bytes in all)", len(text))
}

// shortJSON is a value, or of a long one the beginning as a text.
func shortJSON(raw json.RawMessage, most int) json.RawMessage {
	if len(raw) <= most {
		return raw
	}
	text, err := json.Marshal(short(string(raw), most))
	if err != nil {
		return nil
	}
	return text
}

// atMost is how many an agent gets: what it asked for, within bounds.
func atMost(wanted, usual, most int) int {
	if wanted <= 0 {
		return usual
	}
	return min(wanted, most)
}
