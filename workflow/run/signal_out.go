package run

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// sendSignal leaves a signal of a step for another run, once however often the attempt is begun again.
func (r *Run) sendSignal(c *steps.Call, to, name string, payload json.RawMessage) error {
	bad := func(format string, args ...any) error {
		return &steps.Failure{Fault: engine.Input, Err: fmt.Errorf(format, args...)}
	}
	if r.secret.text(name) != name || r.secret.within(payload) {
		return bad("a secret parameter cannot be sent with a signal, which is kept in files: give it to the other " +
			"run as a parameter of its own that is secret")
	}
	if to != filepath.Base(to) || strings.HasPrefix(to, ".") {
		return bad("run: %.200q is no id of a run", to)
	}
	other, err := Read(r.cfg.Folder, to, false)
	if errors.Is(err, os.ErrNotExist) || err == nil && other.Header.Owner != r.header.Owner {
		return bad("run: there is no run %s of the same owner", to)
	}
	if err != nil {
		return &steps.Failure{Fault: engine.Platform, Err: err}
	}
	_, lying := asked(Folder(r.cfg.Folder, to), nil)
	switch ended := other.View.State.Ended(); {
	case other.used[c.ID], ended && slices.ContainsFunc(lying, func(q Request) bool { return q.ID == c.ID }):
		return nil // it was sent before this process was killed
	case ended:
		return bad("run: %s has ended: %s", to, other.View.State)
	}
	_, err = Ask(r.cfg.Folder, to, Request{
		Kind: SignalRun, Name: name, Body: payload, ID: c.ID, At: c.Began.UnixMilli(),
		Who: cmp.Or(r.header.Owner, r.header.Run),
	})
	if errors.Is(err, ErrTooLong) {
		return bad("payload: %w", err)
	}
	if err != nil {
		return &steps.Failure{Fault: engine.Platform, Err: err}
	}
	return nil
}
