package run

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// inbox is what lies in the run's folder as requests, by file, and what has become of it. It belongs to the goroutine
// of Work.
type inbox struct {
	known     map[string]Request
	delivered map[string]bool // that were handed to attempts, which have not ended yet
	used      map[string]bool // ids of signals that were used up
	done      []string        // that are removed once the log says so

	handing map[string]bool   // what a message is being handed to: a step, or what is within it
	handed  chan handed       // how that went
	repeat  map[string]repeat // when messages are sent again
	unsure  time.Time         // until when attempts of a former process may not be there yet
}

func newInbox() inbox {
	return inbox{
		known: map[string]Request{}, delivered: map[string]bool{}, used: map[string]bool{},
		handing: map[string]bool{}, handed: make(chan handed), repeat: map[string]repeat{},
	}
}

// requests are the events that requests of other processes come to. An approval is handed to the attempt that waits for
// it, and stays until that has ended: a process that takes over finds it.
func (r *Run) requests() (events []engine.Event) {
	files, requests := asked(r.folder, r.inbox.known)
	if len(files) == 0 {
		clear(r.inbox.known)
	}
	for i, q := range requests {
		switch q.Kind {
		case CancelRun:
			events = append(events, engine.Event{Kind: engine.Cancel, Reason: q.Reason, Who: q.Who})
		case SkipStep:
			events = append(events, engine.Event{Kind: engine.Skip, Key: q.Step, Reason: q.Reason, Who: q.Who})
		case ApproveStep:
			held, open := r.engine.Holds(q.Step)
			switch {
			case held:
				events = append(events, engine.Event{Kind: engine.Approve, Key: q.Step, Who: q.Who})
			case open:
				if a := r.live.all[q.Step]; a != nil && !r.inbox.delivered[files[i]] {
					select {
					case a.approved <- q.Who:
						r.inbox.delivered[files[i]] = true
					default:
					}
				}
				continue // it waits for it, or will
			}
		case MessageStep:
			if !r.message(files[i], q) {
				continue
			}
		case SignalRun:
			if !r.signal(files[i], q) {
				continue
			}
		}
		r.inbox.done = append(r.inbox.done, files[i])
	}
	if len(events) == 0 {
		r.forgetRequests()
	}
	return events
}

// forgetRequests removes those that are in the log.
func (r *Run) forgetRequests() {
	for _, file := range r.inbox.done {
		_ = os.Remove(file) // it is looked at again, and is done
		delete(r.inbox.known, file)
		delete(r.inbox.delivered, file)
		delete(r.inbox.repeat, file)
	}
	r.inbox.done = nil
}

// endRequests takes what lies there when the run has ended: messages are refused that nobody has heard. A signal that
// no step has used stays for a restart.
func (r *Run) endRequests() {
	for _, a := range r.live.all {
		a.cancel(context.Canceled)
	}
	for len(r.inbox.handing) > 0 {
		r.wasHanded(<-r.inbox.handed)
	}
	files, requests := asked(r.folder, r.inbox.known)
	for i, q := range requests {
		if q.Kind == SignalRun && !r.inbox.used[q.ID] {
			continue
		}
		if q.Kind == MessageStep && r.inbox.repeat[files[i]].wait == 0 {
			r.refuse(saidTo(q), "the run has ended")
		}
		r.inbox.done = append(r.inbox.done, files[i])
	}
	r.forgetRequests()
}

// handed is how it went when a message was handed to an attempt.
type handed struct {
	file string // of the request
	step string // what it was for, as the request has it
	said Said
	was  *attempt
	err  error
}

// repeat is when a message is sent again. An attempt that a former process has begun may not be there yet, though the
// scheduler knows that it runs: its executor finds this process again, or is lost and begun anew. Who has heard the
// message drops it.
type repeat struct {
	next time.Time
	wait time.Duration
}

const (
	firstRepeat = 500 * time.Millisecond
	unsureFor   = time.Minute // from when a process goes on with a run
)

// saidTo is a message as it is kept.
func saidTo(q Request) Said {
	key, to, _ := strings.Cut(q.Step, "/")
	return Said{Step: key, ID: q.ID, Who: cmp.Or(q.Who, "somebody"), To: to, Body: q.Body}
}

// message hands a message to the attempt that it is for, one after the other of those that are for the same: what one
// trial of a step cannot take yet does not keep another waiting. It answers whether the request is done: its step will
// never hear it. A message for a step that has not begun stays until it has.
func (r *Run) message(file string, q Request) (done bool) {
	if r.inbox.handing[q.Step] || time.Now().Before(r.inbox.repeat[file].next) {
		return false
	}
	said := saidTo(q)
	key, to := said.Step, said.To
	a := r.live.all[key]
	if _, open := r.engine.Holds(key); !open {
		if r.inbox.repeat[file].wait == 0 {
			r.refuse(said, "the step has ended")
		}
		return true
	}
	if a == nil {
		return false
	}
	said.Attempt = a.task.Attempt
	if err := steps.CheckHears(a.task.Node.Step.Type, key, to); err != nil {
		r.refuse(said, err.Error())
		return true
	}
	h, ok := a.kind.(steps.Hearer)
	if !ok {
		return true
	}
	r.inbox.handing[q.Step] = true
	m := steps.Sent{ID: q.ID, At: q.At, To: to, Who: q.Who, Body: q.Body}
	r.group.Go(crash.Func(func() {
		x := handed{file, q.Step, said, a, h.Hear(a.ctx, a.call, m)}
		select {
		case r.inbox.handed <- x:
		case <-r.quit:
		}
	}))
	return false
}

// wasHanded takes how it went. A message that could not be taken yet is handed over again, also to the attempt that
// follows.
func (r *Run) wasHanded(x handed) (again bool) {
	delete(r.inbox.handing, x.step)
	var refused *steps.Failure
	switch {
	case x.err == nil:
		x.said.At = time.Now().UnixMilli()
		x.said.Body = r.secret.json(x.said.Body)
		r.talk.add(x.said)
		elsewhere := x.was.startedBefore && !x.was.kind.About().Light
		if again := r.inbox.repeat[x.file]; elsewhere && time.Now().Before(r.inbox.unsure) {
			again.wait = max(2*again.wait, firstRepeat)
			again.next = time.Now().Add(again.wait)
			r.inbox.repeat[x.file] = again
			return true
		}
	case errors.As(x.err, &refused):
		r.refuse(x.said, refused.Error())
	default:
		return false
	}
	r.inbox.done = append(r.inbox.done, x.file)
	r.forgetRequests()
	return true
}

func (r *Run) refuse(s Said, why string) {
	s.At, s.Refused, s.Body = time.Now().UnixMilli(), why, r.secret.json(s.Body)
	r.talk.add(s)
}

// signal lets an attempt go on that waits for the signal, that which has waited longest. It answers whether the request
// is done: the signal was used up.
func (r *Run) signal(file string, q Request) (done bool) {
	if r.inbox.used[q.ID] {
		return true
	}
	if r.inbox.delivered[file] {
		return false
	}
	var to *attempt
	for _, a := range r.live.all {
		if a.signal != q.Name || a.given != "" || q.Name == "" {
			continue
		}
		if to == nil || a.task.Began < to.task.Began || a.task.Began == to.task.Began && a.task.Key < to.task.Key {
			to = a
		}
	}
	if to != nil {
		to.given, r.inbox.delivered[file] = file, true
		// it has capacity for the one that it is given
		to.signals <- steps.Signal{ID: q.ID, Who: q.Who, Payload: q.Body}
	}
	return false
}
