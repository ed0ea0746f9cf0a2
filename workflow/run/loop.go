package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// lookEvery is how often requests are looked for.
const lookEvery = 200 * time.Millisecond

// Work works on the run until it has ended, and answers how. When ctx ends it leaves what runs, to be gone on with by
// another process, and answers with the cause; with the cause steps.ErrStop it cancels the run first. It closes the
// log.
func (r *Run) Work(ctx context.Context) (engine.View, error) {
	r.facts.ctx = ctx
	err := r.loop(ctx)
	for _, a := range r.live.all {
		a.cancel(context.Canceled)
	}
	close(r.quit)
	r.close()
	r.group.Wait()
	r.talk.close()
	return r.View(false), errors.Join(err, r.log.close())
}

func (r *Run) loop(ctx context.Context) error {
	if state, _ := r.engine.State(); state == engine.Waiting {
		if err := r.apply(engine.Event{Kind: engine.Begin, Parameters: r.header.Given}); err != nil {
			return err
		}
	} else {
		r.goOn()
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	stop := ctx.Done()
	for {
		if err := r.startQueued(); err != nil {
			return err
		}
		if ended := r.endedUnstarted; len(ended) > 0 {
			r.endedUnstarted = nil
			if err := r.apply(ended...); err != nil {
				return err
			}
			continue
		}
		if state, _ := r.engine.State(); state.Ended() {
			r.endRequests()
			return nil
		}
		due := time.NewTimer(r.untilDue())
		var events []engine.Event
		var err error
		select {
		case ev := <-r.ended:
			events = r.drain(ev)
		case <-due.C:
			events = r.comeDue()
		case <-look.C:
			events = r.requests()
		case x := <-r.inbox.handed:
			if r.wasHanded(x) { // there may be more for the step
				events = r.requests()
			}
		case err = <-r.broken:
		case <-stop:
			if err = context.Cause(ctx); errors.Is(err, steps.ErrStop) {
				stop, err = nil, nil
				r.facts.ctx = r.closing // what follows in any case is to read
				events = []engine.Event{{Kind: engine.Cancel, Reason: "the step that it is was ended"}}
			}
		}
		due.Stop()
		if err != nil {
			return err
		}
		if err := r.apply(events...); err != nil {
			return err
		}
		r.forgetRequests()
	}
}

// goOn has what a former process had begun, or a restart, begin again.
func (r *Run) goOn() {
	r.queue = newQueue()
	r.queue.add(r.engine.Outstanding()...)
	r.inbox.unsure = time.Now().Add(unsureFor)
	for _, tasks := range [][]engine.Task{r.queue.tasks, r.queue.nests} {
		for _, t := range tasks {
			if r.goesOn(t) {
				r.queue.startedBefore[t.ID] = true
			}
		}
		r.queue.startedFirst(tasks)
	}
}

// goesOn tells whether an attempt was begun by a former process and what it began still exists: a sweep, a service's
// job, a run. False does not prove that it never began: light work ends with its process, and a request may be in
// flight.
func (r *Run) goesOn(t engine.Task) bool {
	id := r.header.Run + "-" + t.ID
	kind, known := steps.Named(t.Node.Step.Type)
	switch {
	case !known:
		return false
	case t.Node.Step.Type == nestedType:
		return exists(filepath.Join(Folder(r.cfg.Folder, id), LogFile))
	case kind.About().Light:
		return exists(filepath.Join(r.folder, keptFolder, id))
	}
	return r.cfg.Cluster.Knows(id)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// drain is an event and all that are there behind it: they become durable together.
func (r *Run) drain(first engine.Event) []engine.Event {
	events := []engine.Event{first}
	for {
		select {
		case ev := <-r.ended:
			events = append(events, ev)
		default:
			return events
		}
	}
}

const longSleep = time.Hour

// untilDue is how long nothing is due.
func (r *Run) untilDue() time.Duration {
	wait := longSleep
	for _, at := range []int64{r.engine.Next(), r.deadline(), r.header.promise(r.flow).open(r.engine)} {
		if at > 0 {
			wait = min(wait, time.Until(timeOf(at)))
		}
	}
	return max(wait, 0)
}

// deadline is when the whole run is to have ended, since it began or was restarted, in milliseconds since 1970; 0:
// never, or it is told already.
func (r *Run) deadline() int64 {
	since, cancelling := r.engine.Since()
	if r.flow.Timeout == 0 || since == 0 || cancelling {
		return 0
	}
	return since + r.flow.Timeout.Milliseconds()
}

func (r *Run) comeDue() (events []engine.Event) {
	now := time.Now().UnixMilli()
	if at := r.deadline(); at > 0 && at <= now {
		events = append(events, engine.Event{Kind: engine.Cancel,
			Reason: fmt.Sprintf("it took longer than %v", r.flow.Timeout)})
	}
	if at := r.engine.Next(); at > 0 && at <= now {
		events = append(events, engine.Event{Kind: engine.Due})
	}
	return r.noteLate(events)
}
