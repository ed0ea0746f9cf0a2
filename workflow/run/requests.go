package run

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Request is what another process asks of a run. It lies in the run's folder until the run has taken it, so that it is
// not lost when no process works on the run.
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

// Ask leaves a request for a run, and answers with the file in which it lies until it was taken. One with the ID and
// the time of an earlier one is that.
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

// asked are the requests that lie in a folder, the oldest first, by file. Those that are known, by file, are not read
// again.
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
