package run

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Request is what another process asks of a run. It lies in the run's folder until the run has taken it, so that it is not lost when
// no process works on the run.
type Request struct {
	Kind   RequestKind `json:"kind"`
	Step   string      `json:"step,omitempty"` // key
	Who    string      `json:"who,omitempty"`
	Reason string      `json:"reason,omitempty"`

	ID   string          `json:"id,omitempty"`   // of a message or signal, which no other has
	Name string          `json:"name,omitempty"` // of a signal
	Body json.RawMessage `json:"body,omitempty"` // a message, or what comes with a signal: a JSON value
	At   int64           `json:"at,omitempty"`   // when it was asked, in milliseconds since 1970
}

// RequestKind is what is asked.
type RequestKind string

// The kinds of requests.
const (
	ApproveStep RequestKind = "approve"
	SkipStep    RequestKind = "skip"
	CancelRun   RequestKind = "cancel"
	MessageStep RequestKind = "message" // Step may name a trial or a step within: train/3
	SignalRun   RequestKind = "signal"
)

const requestsFolder = "requests"

// mostRequests is how many of a kind one person may leave for a run. It reads all that lie there again and again.
const mostRequests = 100

// ErrFull is that too much was asked of a run that it has not taken.
var ErrFull = errors.New("too many requests wait for the run")

// Ask leaves a request for a run, and answers with the file in which it lies until it was taken. One with the ID and the time of an
// earlier one is that.
func Ask(all, id string, r Request) (file string, err error) {
	waiting := 0
	_, others := asked(Folder(all, id), nil)
	for _, o := range others {
		if o.Kind == r.Kind && o.Who == r.Who && (r.ID == "" || o.ID != r.ID) {
			waiting++
		}
	}
	if waiting >= mostRequests {
		return "", fmt.Errorf("%w: %d to %s: wait until it has taken some", ErrFull, waiting, r.Kind)
	}
	if len(r.Body) > steps.MaxPayload {
		return "", fmt.Errorf("%w: it has %d bytes, %d are possible", ErrTooLong, len(r.Body), steps.MaxPayload)
	}
	folder := filepath.Join(Folder(all, id), requestsFolder)
	if err := durable.MakeFolder(folder); err != nil {
		return "", err
	}
	if r.ID == "" {
		r.ID = rand.Text()[:12]
	}
	at := time.Now().UnixNano()
	if r.At > 0 {
		at = r.At * int64(time.Millisecond)
	} else {
		r.At = at / int64(time.Millisecond)
	}
	data, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	file = filepath.Join(folder, fmt.Sprintf("%020d-%s.json", at, r.ID))
	return file, durable.Replace(file, data)
}

// ErrTooLong is of a message or payload that is too long.
var ErrTooLong = errors.New("it is too long")

// asked are the requests that lie in a folder, the oldest first, by file. Those that are known, by file, are not read again.
func asked(folder string, known map[string]Request) (files []string, requests []Request) {
	folder = filepath.Join(folder, requestsFolder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil // there is none
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") && e.Type().IsRegular() {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	slices.Sort(files)
	for _, file := range files {
		r, ok := known[file]
		if ok {
			requests = append(requests, r)
			continue
		}
		if data, err := os.ReadFile(file); err == nil {
			_ = json.Unmarshal(data, &r) // what is none asks for nothing, and is removed
		}
		if known != nil {
			known[file] = r
		}
		requests = append(requests, r)
	}
	return files, requests
}

// handed is how it went when a message was handed to an attempt.
type handed struct {
	file string // of the request
	step string // what it was for, as the request has it
	said Said
	was  *attempt
	err  error
}

// repeat is when a message is sent again. An attempt that a former process has begun may not be there yet, though the scheduler knows that
// it runs: its executor finds this process again, or is lost and begun anew. Who has heard the message drops it.
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

// message hands a message to the attempt that it is for, one after the other of those that are for the same: what one trial of a step
// cannot take yet does not keep another waiting. It answers whether the request is done: its step will never hear it. A message for a step
// that has not begun stays until it has.
func (r *Run) message(file string, q Request) (done bool) {
	if r.handing[q.Step] || time.Now().Before(r.repeat[file].next) {
		return false
	}
	said := saidTo(q)
	key, to := said.Step, said.To
	a := r.live[key]
	if _, open := r.engine.Holds(key); !open {
		if r.repeat[file].wait == 0 {
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
	r.handing[q.Step] = true
	m := steps.Sent{ID: q.ID, At: q.At, To: to, Who: q.Who, Body: q.Body}
	r.group.Go(crash.Func(func() {
		x := handed{file, q.Step, said, a, h.Hear(a.ctx, a.call, m)}
		select {
		case r.handed <- x:
		case <-r.quit:
		}
	}))
	return false
}

// wasHanded takes how it went. A message that could not be taken yet is handed over again, also to the attempt that follows.
func (r *Run) wasHanded(x handed) (again bool) {
	delete(r.handing, x.step)
	var refused *steps.Failure
	switch {
	case x.err == nil:
		x.said.At = time.Now().UnixMilli()
		x.said.Body = r.secret.json(x.said.Body)
		r.talk.add(x.said)
		if again := r.repeat[x.file]; time.Now().Before(r.unsure) && x.was.found {
			again.wait = max(2*again.wait, firstRepeat)
			again.next = time.Now().Add(again.wait)
			r.repeat[x.file] = again
			return true
		}
	case errors.As(x.err, &refused):
		r.refuse(x.said, refused.Error())
	default:
		return false
	}
	r.done = append(r.done, x.file)
	r.forgetRequests()
	return true
}

// endRequests takes what lies there when the run has ended: messages are refused that nobody has heard. A signal that no step has used
// stays for a restart.
func (r *Run) endRequests() {
	for _, a := range r.live {
		a.cancel(context.Canceled)
	}
	for len(r.handing) > 0 {
		r.wasHanded(<-r.handed)
	}
	files, requests := asked(r.folder, r.known)
	for i, q := range requests {
		if q.Kind == SignalRun && !r.used[q.ID] {
			continue
		}
		if q.Kind == MessageStep && r.repeat[files[i]].wait == 0 {
			r.refuse(saidTo(q), "the run has ended")
		}
		r.done = append(r.done, files[i])
	}
	r.forgetRequests()
}

func (r *Run) refuse(s Said, why string) {
	s.At, s.Refused, s.Body = time.Now().UnixMilli(), why, r.secret.json(s.Body)
	r.talk.add(s)
}

// signal lets an attempt go on that waits for the signal, that which has waited longest. It answers whether the request is done: the
// signal was used up.
func (r *Run) signal(file string, q Request) (done bool) {
	if r.used[q.ID] {
		return true
	}
	if r.delivered[file] {
		return false
	}
	var to *attempt
	for _, a := range r.live {
		if a.signal != q.Name || a.given != "" || q.Name == "" {
			continue
		}
		if to == nil || a.task.Began < to.task.Began || a.task.Began == to.task.Began && a.task.Key < to.task.Key {
			to = a
		}
	}
	if to != nil {
		to.given, r.delivered[file] = file, true
		to.signals <- steps.Signal{ID: q.ID, Who: q.Who, Payload: q.Body} // it has capacity for the one that it is given
	}
	return false
}

// sendSignal leaves a signal of a step for another run, once however often the attempt is begun again.
func (r *Run) sendSignal(c *steps.Call, to, name string, payload json.RawMessage) error {
	bad := func(format string, args ...any) error {
		return &steps.Failure{Fault: engine.Input, Err: fmt.Errorf(format, args...)}
	}
	if r.secret.text(name) != name || r.secret.within(payload) {
		return bad("a secret parameter cannot be sent with a signal, which is kept in files: give it to the other run as a parameter of its own that is secret")
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
		Kind: SignalRun, Name: name, Body: payload, ID: c.ID, At: c.Began.UnixMilli(), Who: cmp.Or(r.header.Owner, r.header.Run),
	})
	if errors.Is(err, ErrTooLong) {
		return bad("payload: %w", err)
	}
	if err != nil {
		return &steps.Failure{Fault: engine.Platform, Err: err}
	}
	return nil
}

// askNested leaves a message for the run that a step is.
func (r *Run) askNested(_ context.Context, c *steps.Call, m steps.Sent) error {
	child, err := Read(r.cfg.Folder, c.ID, false)
	if err != nil {
		return steps.ErrLater // it has not begun
	}
	if child.View.State.Ended() {
		return steps.ErrLater // the next attempt hears it, or nobody when the step ends with it
	}
	if err := CheckMessage(child, m.To); err != nil {
		return &steps.Failure{Fault: engine.Input, Err: err}
	}
	_, err = Ask(r.cfg.Folder, c.ID, Request{Kind: MessageStep, Step: m.To, ID: m.ID, At: m.At, Who: m.Who, Body: m.Body})
	if errors.Is(err, ErrTooLong) {
		return &steps.Failure{Fault: engine.Input, Err: err}
	}
	if err != nil {
		return steps.ErrLater
	}
	return nil
}
