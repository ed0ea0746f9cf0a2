package workflows

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Message has a step of a run be told something. It answers whether the step has it already: one that has not begun
// hears it when it has.
func (m *Manager) Message(ctx context.Context, id string, q run.Request) (heard bool, err error) {
	one, err := m.Get(id)
	if err != nil {
		return false, err
	}
	if one.View.State.Ended() {
		return false, fmt.Errorf("%w: %s", ErrEnded, one.View.State)
	}
	r, err := m.known(id)
	if err != nil {
		return false, err
	}
	key, _, _ := strings.Cut(q.Step, "/")
	if _, ok := r.Detail(key); !ok {
		return false, fmt.Errorf("%w: %s", ErrStep, key)
	}
	if err := run.CheckMessage(r, q.Step); err != nil {
		return false, &RefusedError{err}
	}
	q.Kind, q.ID = run.MessageStep, rand.Text()
	file, err := run.Ask(m.cfg.Folder, id, q)
	if err != nil || !one.Live {
		return false, err
	}
	for until := time.Now().Add(taking); time.Now().Before(until); {
		l := m.working(id)
		if l == nil {
			return m.toldAtLast(id, key, q.ID, file)
		}
		if known, heard, err := toldOf(l.run.Talk(key), q.ID); known {
			return heard, err
		}
		if !timer.Sleep(ctx, 20*time.Millisecond) {
			return false, nil // it stays, and is heard
		}
	}
	return false, nil
}

// toldAtLast is how it went with a message, of a file, when nobody works on the run any more.
func (m *Manager) toldAtLast(id, key, message, file string) (heard bool, err error) {
	known, heard, err := toldOf(run.Talk(m.cfg.Folder, id, key), message)
	if one, unread := m.Get(id); !known && unread == nil && one.View.State.Ended() {
		_ = os.Remove(file) // the run had ended when it came to lie there; a restart removes it, too
		return false, fmt.Errorf("%w: %s", ErrEnded, one.View.State)
	}
	return heard, err
}

// toldOf is how it went with a message, if that is known.
func toldOf(said []run.Said, id string) (known, heard bool, err error) {
	for _, s := range said {
		switch {
		case s.ID == id && s.Refused != "":
			return true, false, &RefusedError{errors.New(s.Refused)}
		case s.ID == id:
			return true, true, nil
		}
	}
	return false, false, nil
}

// Signal leaves a signal for a run, which keeps it until a step has used it up.
func (m *Manager) Signal(id string, q run.Request) error {
	one, err := m.Get(id)
	if err != nil {
		return err
	}
	if one.View.State.Ended() {
		return fmt.Errorf("%w: %s", ErrEnded, one.View.State)
	}
	if err := steps.CheckSignal(q.Name); err != nil {
		return &RefusedError{err}
	}
	q.Kind = run.SignalRun
	_, err = run.Ask(m.cfg.Folder, id, q)
	return err
}
