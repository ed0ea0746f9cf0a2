package main

import (
	"context"
	"encoding/json"
	"fmt"
)

// sendFlags are for commands that say something to the process which runs a sweep.
type sendFlags struct {
	JSON bool `help:"Print one JSON object instead of a sentence."`
	liveFlags
}

// sent is what they print with --json: a contract for scripts.
type sent struct {
	Sweep string `json:"sweep"`
	Trial *int   `json:"trial,omitempty"` // nil: the sweep is meant
	Done  string `json:"done"`            // stop | pause | resume | message | extend

	Trials *int `json:"trials,omitempty"` // of extend: how many there are in all
	From   *int `json:"from,omitempty"`   // of extend: the first that had not begun
}

// request asks something of the process that runs a sweep.
type request func(to controller, ctx context.Context, sweep string) error

// send finds a sweep, the newest when id is empty, asks the process that runs it, and prints that it is done:
// the sentence has a %s for the sweep.
func (f sendFlags) send(ctx context.Context, out *output, id string, ask request, done sent, sentence string) error {
	f.Changes = true
	src, err := f.open(ctx, out, id)
	if err != nil {
		return err
	}
	if err := ask(src.control, ctx, src.id); err != nil {
		return src.explainControl(ctx, err)
	}
	if f.JSON {
		done.Sweep = src.id
		return json.NewEncoder(out.stdout).Encode(done)
	}
	_, err = fmt.Fprintf(out.stdout, sentence+"\n", src.id)
	return err
}
