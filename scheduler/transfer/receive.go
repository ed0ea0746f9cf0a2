package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// postRequest notes what is to come, within the attempt's bounds, and says how.
func (srv *Server) postRequest(w http.ResponseWriter, r *http.Request, id attemptID) {
	var o uploadRequest
	if !read(w, r, &o) {
		return
	}
	if err := srv.admit(id, o); err != nil {
		srv.fail(w, err)
		return
	}
	p, err := srv.planUpload(r.Context(), id, o)
	if err != nil {
		srv.fail(w, err)
		return
	}
	answer(w, p)
}

// admit holds an attempt's files to its bounds.
func (srv *Server) admit(id attemptID, o uploadRequest) error {
	if err := o.check(); err != nil {
		return err
	}
	a := srv.uploadsOf(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	total, files := o.Size, 1
	for key, other := range a.requests {
		if other.Kind == Artifacts && key != o.key() {
			total += other.Size
			files++
		}
	}
	switch {
	case o.Kind == Logs:
	case files > MaxFiles:
		return fmt.Errorf("%w: more than %d artifacts of one attempt: pack them, "+
			"or name with `artifacts:` those that are wanted", errBound, MaxFiles)
	case srv.conf.AttemptBytes > 0 && total > srv.conf.AttemptBytes:
		has, most := archive.Sizes(total, srv.conf.AttemptBytes)
		return fmt.Errorf("%w: artifacts of %s, and at most %s are kept of one attempt (artifacts.size)",
			errBound, has, most)
	}
	a.requests[o.key()] = o
	return nil
}

func (srv *Server) planUpload(ctx context.Context, id attemptID, o uploadRequest) (uploadPlan, error) {
	switch {
	case srv.signer == nil:
		offset, err := srv.partial(id, o).offset(o)
		return uploadPlan{Method: byChunks, Offset: offset, Part: chunkBytes}, err
	case o.Size <= putBytes:
		return uploadPlan{Method: byPut, Part: putBytes}, nil
	case o.Upload != "":
		return uploadPlan{Method: byParts, Part: partSize(o.Size), Upload: o.Upload}, nil
	}
	upload, err := srv.signer.StartMultipart(ctx, id.prefix(srv.conf.Sweep, o.Kind)+o.Name)
	return uploadPlan{Method: byParts, Part: partSize(o.Size), Upload: upload}, err
}

// postSign signs one request for a file that was announced.
func (srv *Server) postSign(w http.ResponseWriter, r *http.Request, id attemptID) {
	var s signRequest
	if !read(w, r, &s) {
		return
	}
	signed, err := srv.sign(r.Context(), id, s)
	if err != nil {
		srv.fail(w, err)
		return
	}
	answer(w, signed)
}

func (srv *Server) sign(ctx context.Context, id attemptID, s signRequest) (bucket.Signed, error) {
	o, err := srv.requested(id, s.uploadRequest)
	if err != nil {
		return bucket.Signed{}, err
	}
	if srv.signer == nil {
		return bucket.Signed{}, fmt.Errorf("%w: this bucket signs nothing", errRequest)
	}
	name := id.prefix(srv.conf.Sweep, o.Kind) + o.Name
	if s.Part == 0 {
		if s.Size != o.Size || o.Size > putBytes {
			return bucket.Signed{}, fmt.Errorf("%w: %d bytes of %d", errRequest, s.Size, o.Size)
		}
		return srv.signer.SignPut(ctx, name, s.Size, s.MD5, signedFor)
	}
	part := partSize(o.Size)
	if begin := int64(s.Part-1) * part; s.Part < 0 || begin >= o.Size || s.Size != min(part, o.Size-begin) {
		return bucket.Signed{}, fmt.Errorf("%w: part %d of %d bytes", errRequest, s.Part, s.Size)
	}
	return srv.signer.SignPart(ctx, name, s.Upload, s.Part, s.Size, s.MD5, signedFor)
}

// postComplete makes an object of what was sent.
func (srv *Server) postComplete(w http.ResponseWriter, r *http.Request, id attemptID) {
	r, done, ok := srv.writing.begin(w, r)
	if !ok {
		return
	}
	defer done()
	var m completeRequest
	if !read(w, r, &m) {
		return
	}
	o, err := srv.requested(id, m.uploadRequest)
	if err == nil && srv.signer == nil {
		name := id.prefix(srv.conf.Sweep, o.Kind) + o.Name
		err = srv.partial(id, o).store(r.Context(), o, srv.conf.Bucket, name)
	} else if err == nil {
		err = srv.completeParts(r.Context(), id, o, m)
	}
	if err != nil {
		srv.fail(w, err)
		return
	}
	srv.noteErr(nil)
	w.WriteHeader(http.StatusNoContent)
}

// completeParts makes the object of its parts, and makes sure that it is there whole.
func (srv *Server) completeParts(
	ctx context.Context, id attemptID, o uploadRequest, m completeRequest,
) error {
	name := id.prefix(srv.conf.Sweep, o.Kind) + o.Name
	if len(m.ETags) > 0 {
		err := srv.signer.CompleteMultipart(ctx, name, m.Upload, m.ETags)
		if err != nil && !errors.Is(err, bucket.ErrNotExist) { // joined before, and the answer was lost
			return err
		}
	}
	there, err := srv.conf.Bucket.Stat(ctx, name)
	switch {
	case errors.Is(err, bucket.ErrNotExist):
		return fmt.Errorf("%w: %s did not arrive", errSum, o.Name)
	case err != nil:
		return err
	case there.Size != o.Size:
		return fmt.Errorf("%w: %s has %d bytes, not %d", errSum, o.Name, there.Size, o.Size)
	}
	return nil
}
