package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// recordedEffects notes what is done, and fails at one of them.
type recordedEffects struct {
	done []string
	fail string
}

var errTest = errors.New("as the test wants")

func (e *recordedEffects) note(what string) error {
	if what == e.fail {
		return errTest
	}
	e.done = append(e.done, what)
	return nil
}

func (e *recordedEffects) Append([]journal.Entry) error { return e.note("journal") }
func (e *recordedEffects) Send(c cluster.Call) error    { return e.note(callName(c)) }
func (e *recordedEffects) Answer(Ready) error           { return e.note("answers") }
func (e *recordedEffects) Notify(n Notice) error        { return e.note(fmt.Sprintf("%T", n)) }

// A turn packs what its events brought, and what is Ready is done in the order that law 5 wants: nothing after a failure.
func TestATurnIsCarriedOutInOrder(t *testing.T) {
	for fail, want := range map[string][]string{
		"":        {"journal", "Accept", "Revive", "answers", "scheduler.TrialMoved", "scheduler.PassDone"},
		"journal": nil,
		"Accept":  {"journal"},
		"answers": {"journal", "Accept", "Revive"},
	} {
		c := begun(testSpec{Trials: 1})
		e := &recordedEffects{fail: fail}
		err := c.Turn(t0, oneOffer("o1", 4*resource.Unit)).CarryOut(e)
		if !slices.Equal(e.done, want) || (fail != "") != errors.Is(err, errTest) {
			t.Errorf("%q fails: done %q, error %v; want %q", fail, e.done, err, want)
		}
		if !c.Ready().Empty() {
			t.Error("a turn leaves something behind")
		}
	}
}
