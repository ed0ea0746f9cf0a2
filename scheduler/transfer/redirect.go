package transfer

import (
	"net/http"
	"net/url"
	"strconv"
)

// Redirect serves an input of another server, at an address for executors and one for agents' fetchers. Who
// asks is sent to an address that is signed then. Both are the sweep's own, so that no cache between takes
// another sweep's content for this one's.
//
// An agent is told the size when it asks by HEAD, which is all that its fetcher goes by, and which the other
// server need not answer: S3 signs a GET for a GET alone. What cannot be had is an empty file to it, since an
// agent that fails to fetch ends the attempt without a word on why; the executor then fetches by the other
// address, with more patience.
func (srv *Server) Redirect(r Remote, name string) (executors, agents string) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	number := strconv.Itoa(len(srv.mu.inputs))
	srv.mu.inputs = append(srv.mu.inputs, &input{Remote: r})
	at := func(kind string) string {
		return srv.base + "/" + kind + "/" + number + "/" + srv.key.code(kind, number) + "/" + url.PathEscape(name)
	}
	return at("i"), at("u")
}

// input is the one that a request may have, or nil.
func (srv *Server) input(r *http.Request, kind string) *input {
	number := r.PathValue("number")
	if !srv.key.allows(r.PathValue("code"), kind, number) {
		return nil
	}
	n, err := strconv.Atoi(number)
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if err != nil || n < 0 || n >= len(srv.mu.inputs) {
		return nil
	}
	return srv.mu.inputs[n]
}

func (srv *Server) getInput(w http.ResponseWriter, r *http.Request) {
	in := srv.input(r, "i")
	if in == nil {
		http.NotFound(w, r)
		return
	}
	srv.send(w, r, in)
}

// send answers with the way to the input.
func (srv *Server) send(w http.ResponseWriter, r *http.Request, in *input) {
	address, err := in.Sign(r.Context(), signedFor)
	if err != nil {
		srv.fail(w, err)
		return
	}
	http.Redirect(w, r, address, http.StatusTemporaryRedirect)
}

func (srv *Server) getForAgent(w http.ResponseWriter, r *http.Request) {
	in := srv.input(r, "u")
	if in == nil {
		http.NotFound(w, r)
		return
	}
	size, err := in.size(r.Context())
	switch {
	case err != nil:
		srv.conf.Log.Warn("an input cannot be had now; executors will try for themselves",
			"name", r.PathValue("name"), "error", err)
		w.Header().Set("Content-Length", "0")
	case r.Method == http.MethodHead && size >= 0:
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	default:
		srv.send(w, r, in)
	}
}
