package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Attempt is the URL at which an attempt leaves its files, and gets those of earlier attempts of its trial: it
// reaches nobody else's.
func (srv *Server) Attempt(trial, number int) string {
	t, n := strconv.Itoa(trial), strconv.Itoa(number)
	return srv.base + "/a/" + t + "/" + n + "/" + srv.key.code("a", t, n)
}

// Forget drops what is remembered of an attempt that has ended, and what has come of files that it has not brought
// whole.
func (srv *Server) Forget(trial, number int) {
	id := attemptID{trial, number}
	srv.mu.Lock()
	a := srv.mu.attempts[id]
	delete(srv.mu.attempts, id)
	srv.mu.Unlock()
	if a == nil {
		return
	}
	crash.Go(func() { // large files take a while, and a chunk may be on its way
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, p := range a.partials {
			if err := p.remove(); err != nil {
				srv.conf.Log.Warn("a part of a file is left behind", "trial", trial, "attempt", number, "err", err)
			}
		}
	})
}

// Ended gives the server the knowledge which attempts have ended: nothing more is taken from those. Until it
// is given, all are taken for running. The function may be called from any goroutine.
func (srv *Server) Ended(ended func(trial, number int) bool) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.mu.ended = ended
}

func (srv *Server) ended(trial, number int) bool {
	srv.mu.Lock()
	ended := srv.mu.ended
	srv.mu.Unlock()
	return ended != nil && ended(trial, number)
}

// attemptCall admits a call to an attempt's URL.
func (srv *Server) attemptCall(serve func(http.ResponseWriter, *http.Request, attemptID)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, n := r.PathValue("trial"), r.PathValue("attempt")
		trial, err1 := strconv.Atoi(t)
		number, err2 := strconv.Atoi(n)
		if err := errors.Join(err1, err2); err != nil || !srv.key.allows(r.PathValue("code"), "a", t, n) {
			http.NotFound(w, r)
			return
		}
		if srv.ended(trial, number) {
			http.Error(w, "this attempt has ended: nothing more is taken from it", http.StatusGone)
			return
		}
		serve(w, r, attemptID{trial, number})
	}
}

func (srv *Server) uploadsOf(id attemptID) *attemptUploads {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	a := srv.mu.attempts[id]
	if a == nil {
		a = &attemptUploads{requests: map[string]uploadRequest{}, partials: map[string]*partialUpload{}}
		srv.mu.attempts[id] = a
	}
	return a
}

// partial is the place of a file, which is the same after a restart.
func (srv *Server) partial(id attemptID, o uploadRequest) *partialUpload {
	a := srv.uploadsOf(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.partials[o.key()]
	if r == nil {
		sum := sha256.Sum256([]byte(o.key()))
		name := fmt.Sprintf("%d.%d.%s", id.trial, id.number, hex.EncodeToString(sum[:8]))
		r = &partialUpload{path: filepath.Join(srv.conf.Folder, uploadFolder, name)}
		a.partials[o.key()] = r
	}
	return r
}

// requested is the request that a later call is about.
func (srv *Server) requested(id attemptID, o uploadRequest) (uploadRequest, error) {
	a := srv.uploadsOf(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.requests[o.key()]
	if !ok || known.Size != o.Size || known.SHA256 != o.SHA256 {
		return o, fmt.Errorf("%w: %s", errNotRequested, o.Name)
	}
	return known, nil
}
