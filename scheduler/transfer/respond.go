package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Err is why files cannot be taken now, which executors try again; nil since one was taken.
func (srv *Server) Err() error {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.mu.err
}

func (srv *Server) noteErr(err error) {
	srv.mu.Lock()
	srv.mu.err = err
	srv.mu.Unlock()
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	limit := int64(maxRequest)
	if strings.HasSuffix(r.URL.Path, "/done") {
		limit = 1 << 20 // ETags of 10,000 parts
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(v); err != nil {
		http.Error(w, "read request: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// fail answers with what the client is to make of an error.
func (srv *Server) fail(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	switch {
	case errors.Is(err, errRequest):
		code = http.StatusBadRequest
	case errors.Is(err, errBound):
		code = http.StatusRequestEntityTooLarge
	case errors.Is(err, errNotRequested), errors.Is(err, errOffset):
		code = http.StatusConflict
	case errors.Is(err, errSum):
		code = http.StatusUnprocessableEntity
	case errors.Is(err, bucket.ErrDenied), errors.Is(err, bucket.ErrNoBucket),
		errors.Is(err, fs.ErrPermission):
		code = http.StatusForbidden
	case errors.Is(err, bucket.ErrUnavailable), errors.Is(err, context.Canceled):
		code = http.StatusServiceUnavailable
	}
	if code >= http.StatusInternalServerError {
		srv.conf.Log.Warn("a file could not be taken", "error", err)
		if !errors.Is(err, context.Canceled) { // then the executor has gone, and tries again when it is back
			srv.noteErr(err)
		}
	}
	http.Error(w, err.Error(), code)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that is gone asks again
}
