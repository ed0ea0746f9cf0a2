package transfer

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// putChunk appends to a file.
func (srv *Server) putChunk(w http.ResponseWriter, r *http.Request, id attemptID) {
	r, done, ok := srv.writing.begin(w, r)
	if !ok {
		return
	}
	defer done()
	q := r.URL.Query()
	offset, err := strconv.ParseInt(q.Get("offset"), 10, 64)
	size, err2 := strconv.ParseInt(q.Get("size"), 10, 64)
	if err := errors.Join(err, err2); err != nil || srv.signer != nil {
		http.Error(w, "bad chunk", http.StatusBadRequest)
		return
	}
	o, err := srv.requested(id, uploadRequest{
		Kind: Kind(q.Get("kind")), Name: q.Get("name"), Size: size, SHA256: q.Get("sha256"),
	})
	if err != nil {
		srv.fail(w, err)
		return
	}
	select {
	case srv.room <- struct{}{}:
		defer func() { <-srv.room }()
	case <-r.Context().Done():
		return
	}
	// For 8 MiB: a client slower than that asks anew where it stood.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(idleWait))
	if r.Context().Err() != nil {
		return
	}
	if err := srv.partial(id, o).append(offset, min(chunkBytes, o.Size-offset), r.Body); err != nil {
		srv.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
