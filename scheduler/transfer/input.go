package transfer

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Remote is an input of another server.
type Remote interface {
	// Sign gives an address at which anybody may GET it for the given time.
	Sign(ctx context.Context, valid time.Duration) (address string, err error)
	// Size is how many bytes it has; negative: it cannot be told from here, and whoever is sent there may fare better.
	Size(ctx context.Context) (int64, error)
}

// input is a remote one, with its size as of a moment ago: a thousand agents ask at the same time.
type input struct {
	Remote
	mu struct {
		sync.Mutex
		size  int64
		err   error
		until time.Time
	}
}

const (
	sizeKept = 10 * time.Second // for how long an answer is believed: an agent asks for the size, and then for the content
	sizeWait = 20 * time.Second // for it
)

// size asks for all who want to know, whether or not the one that asked first still does.
func (i *input) size(ctx context.Context) (int64, error) {
	i.mu.Lock()
	defer i.mu.Unlock() // who asks meanwhile waits for the answer
	if time.Now().After(i.mu.until) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sizeWait)
		defer cancel()
		i.mu.size, i.mu.err = i.Size(ctx)
		i.mu.until = time.Now().Add(sizeKept)
	}
	return i.mu.size, i.mu.err
}

// Redirect offers an input of another server, at an address for executors and one for agents' fetchers. Who asks is
// sent to an address that is signed then. Both are the sweep's own, so that no cache between takes another sweep's
// content for this one's.
//
// An agent is told the size when it asks by HEAD, which is all that its fetcher goes by, and which the other server need
// not answer: S3 signs a GET for a GET alone. What cannot be had is an empty file to it, since an agent that fails to
// fetch ends the attempt without a word on why; the executor then fetches by the other address, with more patience.
func (d *Depot) Redirect(r Remote, name string) (executors, agents string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	number := strconv.Itoa(len(d.mu.inputs))
	d.mu.inputs = append(d.mu.inputs, &input{Remote: r})
	at := func(kind string) string {
		return d.base + "/" + kind + "/" + number + "/" + d.key.code(kind, number) + "/" + url.PathEscape(name)
	}
	return at("i"), at("u")
}

// input is the one that a request may have, or nil.
func (d *Depot) input(r *http.Request, kind string) *input {
	number := r.PathValue("number")
	if !d.key.allows(r.PathValue("code"), kind, number) {
		return nil
	}
	n, err := strconv.Atoi(number)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || n < 0 || n >= len(d.mu.inputs) {
		return nil
	}
	return d.mu.inputs[n]
}

func (d *Depot) getInput(w http.ResponseWriter, r *http.Request) {
	in := d.input(r, "i")
	if in == nil {
		http.NotFound(w, r)
		return
	}
	d.send(w, r, in)
}

// send answers with the way to the input.
func (d *Depot) send(w http.ResponseWriter, r *http.Request, in *input) {
	address, err := in.Sign(r.Context(), signedFor)
	if err != nil {
		d.fail(w, err)
		return
	}
	http.Redirect(w, r, address, http.StatusTemporaryRedirect)
}

func (d *Depot) getForAgent(w http.ResponseWriter, r *http.Request) {
	in := d.input(r, "u")
	if in == nil {
		http.NotFound(w, r)
		return
	}
	size, err := in.size(r.Context())
	switch {
	case err != nil:
		d.conf.Log.Warn("an input cannot be had now; executors will try for themselves", "name", r.PathValue("name"), "error", err)
		w.Header().Set("Content-Length", "0")
	case r.Method == http.MethodHead && size >= 0:
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	default:
		d.send(w, r, in)
	}
}
