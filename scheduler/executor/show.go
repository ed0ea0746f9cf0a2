package executor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

const (
	showAgain = time.Second      // after a request that broke
	showLater = time.Minute      // after one that was refused: an earlier kaon is attached, which asks for nothing
	showCall  = 30 * time.Second // for an answer to be taken
	showRead  = 5 * time.Second  // for an attempt's file to be read
)

// show answers who looks at what attempts write, where no network leads to their files, until ctx ends.
func (x *executor) show(ctx context.Context) {
	client := &http.Client{Transport: x.conf.Through}
	for ctx.Err() == nil {
		wanted, err := askWanted(ctx, client)
		wait := time.Duration(0)
		switch {
		case errors.Is(err, errNotAsked):
			wait = showLater
		case err != nil:
			wait = showAgain
		case wanted != nil:
			if x.answer(ctx, client, wanted) != nil {
				wait = showAgain
			}
		}
		timer.Sleep(ctx, wait)
	}
}

var errNotAsked = errors.New("nobody there asks for output")

// askWanted waits until somebody wants something; nil: nobody did for a while.
func askWanted(ctx context.Context, client *http.Client) (*cluster.OutputWanted, error) {
	resp, err := request(ctx, client, http.MethodGet, cluster.OutputWantedPath, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return nil, nil
	case http.StatusOK:
		wanted := &cluster.OutputWanted{}
		return wanted, json.NewDecoder(io.LimitReader(resp.Body, 8<<10)).Decode(wanted)
	}
	return nil, fmt.Errorf("%w: %s", errNotAsked, resp.Status)
}

func request(ctx context.Context, client *http.Client, method, path string, body []byte) (*http.Response, error) {
	rq, err := http.NewRequestWithContext(ctx, method, "http://"+cluster.OutputHost+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return client.Do(rq)
}

// answer reads what is wanted and sends it.
func (x *executor) answer(ctx context.Context, client *http.Client, w *cluster.OutputWanted) error {
	ctx, cancel := context.WithTimeout(ctx, showCall)
	defer cancel()
	method := http.MethodPost
	type key struct {
		x      *executor
		wanted cluster.OutputWanted
	}
	type piece struct {
		data []byte
		err  error
	}
	// A file that does not answer holds up nobody who looks at others: who asks for the same piece waits for one look.
	same := *w
	same.Answer = "" // each request's own
	got, err := proc.Look(ctx, showRead, key{x, same}, func(at func(string)) (p piece) {
		at(w.Name)
		p.data, p.err = x.written(w)
		return p
	})
	data := got.data
	if err != nil || got.err != nil {
		method, data = http.MethodDelete, nil
	}
	resp, err := request(ctx, client, method, w.Answer, data)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// written reads a piece of what an attempt wrote. A trial may have put anything into its folder: nothing but a file is
// read, and no link is followed.
func (x *executor) written(w *cluster.OutputWanted) ([]byte, error) {
	stream, ok := cluster.OutputFile(w.Name)
	x.mu.Lock()
	t := x.mu.tasks[string(w.Attempt)]
	x.mu.Unlock()
	if !ok || w.Offset < 0 || t == nil {
		return nil, errors.New("there is no such output")
	}
	files := t.files.Load()
	if files == nil {
		return nil, errors.New("it has not begun, or its folder was given back")
	}
	t.looks.came(stream)
	f, err := files.Open(w.Name)
	if err != nil {
		if w.Name == stream { // it has written nothing so far
			t.looks.saw(stream)
		}
		return nil, err
	}
	defer f.Close()
	data := make([]byte, cluster.OutputMax)
	n, err := f.ReadAt(data, w.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n == 0 && t.newest(stream, w.Name) {
		t.looks.saw(stream)
	}
	return data[:n], nil
}

// newest reports whether a file is the one that a stream is written to.
func (t *attempt) newest(stream, name string) bool {
	files := t.files.Load()
	if name != stream || files == nil {
		return name == stream+".tail"
	}
	f, err := files.Open(stream + ".tail")
	if err != nil {
		return true
	}
	f.Close()
	return false
}
