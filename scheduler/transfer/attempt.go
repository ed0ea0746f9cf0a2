package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

type attemptID struct{ trial, number int }

// prefix begins the names of the attempt's objects.
func (id attemptID) prefix(sweep string, k Kind) string {
	if k == Logs {
		return results.LogsPrefix(sweep, id.trial, id.number)
	}
	return results.ArtifactsPrefix(sweep, id.trial, id.number)
}

// attempt is what is coming in of one attempt. It is made new after a restart: clients offer again.
type attempt struct {
	mu       sync.Mutex
	offers   map[string]offer // by kind and name
	receipts map[string]*receipt
}

// Attempt is the URL at which an attempt leaves its files, and reaches nobody else's.
func (d *Depot) Attempt(trial, number int) string {
	t, n := strconv.Itoa(trial), strconv.Itoa(number)
	return d.base + "/a/" + t + "/" + n + "/" + d.key.code("a", t, n)
}

// Forget drops what is remembered of an attempt that has ended.
func (d *Depot) Forget(trial, number int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.mu.attempts, attemptID{trial, number})
}

// Ended gives the depot the knowledge which attempts have ended: nothing more is taken from those. Until it is given, all are
// taken for running. The function may be called from any goroutine.
func (d *Depot) Ended(ended func(trial, number int) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.ended = ended
}

func (d *Depot) ended(trial, number int) bool {
	d.mu.Lock()
	ended := d.mu.ended
	d.mu.Unlock()
	return ended != nil && ended(trial, number)
}

// attemptCall admits a call to an attempt's URL.
func (d *Depot) attemptCall(serve func(http.ResponseWriter, *http.Request, attemptID)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, n := r.PathValue("trial"), r.PathValue("attempt")
		trial, err1 := strconv.Atoi(t)
		number, err2 := strconv.Atoi(n)
		if err := errors.Join(err1, err2); err != nil || !d.key.allows(r.PathValue("code"), "a", t, n) {
			http.NotFound(w, r)
			return
		}
		if d.ended(trial, number) {
			http.Error(w, "this attempt has ended: nothing more is taken from it", http.StatusGone)
			return
		}
		serve(w, r, attemptID{trial, number})
	}
}

func (d *Depot) attempt(id attemptID) *attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.mu.attempts[id]
	if a == nil {
		a = &attempt{offers: map[string]offer{}, receipts: map[string]*receipt{}}
		d.mu.attempts[id] = a
	}
	return a
}

// postOffer notes what is to come, within the attempt's bounds, and says how.
func (d *Depot) postOffer(w http.ResponseWriter, r *http.Request, id attemptID) {
	var o offer
	if !read(w, r, &o) {
		return
	}
	if err := d.admit(id, o); err != nil {
		d.fail(w, err)
		return
	}
	p, err := d.plan(r.Context(), id, o)
	if err != nil {
		d.fail(w, err)
		return
	}
	answer(w, p)
}

var errBound = errors.New("too much")

// admit holds an attempt's files to its bounds.
func (d *Depot) admit(id attemptID, o offer) error {
	if err := o.check(); err != nil {
		return err
	}
	a := d.attempt(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	total, files := o.Size, 1
	for key, other := range a.offers {
		if other.Kind == Artifacts && key != o.key() {
			total += other.Size
			files++
		}
	}
	switch {
	case o.Kind == Logs:
	case files > MaxFiles:
		return fmt.Errorf("%w: more than %d artifacts of one attempt: pack them, or name with `artifacts:` those that are wanted", errBound, MaxFiles)
	case d.conf.AttemptBytes > 0 && total > d.conf.AttemptBytes:
		has, most := archive.Sizes(total, d.conf.AttemptBytes)
		return fmt.Errorf("%w: artifacts of %s, and at most %s are kept of one attempt (artifacts.size)", errBound, has, most)
	}
	a.offers[o.key()] = o
	return nil
}

func (o offer) key() string { return string(o.Kind) + "/" + o.Name }

func (d *Depot) plan(ctx context.Context, id attemptID, o offer) (plan, error) {
	switch {
	case d.signer == nil:
		offset, err := d.receipt(id, o).offset(o)
		return plan{Way: byChunks, Offset: offset, Part: chunkBytes}, err
	case o.Size <= putBytes:
		return plan{Way: byPut, Part: putBytes}, nil
	case o.Upload != "":
		return plan{Way: byParts, Part: partSize(o.Size), Upload: o.Upload}, nil
	}
	upload, err := d.signer.StartMultipart(ctx, id.prefix(d.conf.Sweep, o.Kind)+o.Name)
	return plan{Way: byParts, Part: partSize(o.Size), Upload: upload}, err
}

var errUnknown = errors.New("not offered")

// offered is the offer that a later call is about.
func (d *Depot) offered(id attemptID, o offer) (offer, error) {
	a := d.attempt(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.offers[o.key()]
	if !ok || known.Size != o.Size || known.SHA256 != o.SHA256 {
		return o, fmt.Errorf("%w: %s", errUnknown, o.Name)
	}
	return known, nil
}

// postSign signs one request for a file that was offered.
func (d *Depot) postSign(w http.ResponseWriter, r *http.Request, id attemptID) {
	var s signing
	if !read(w, r, &s) {
		return
	}
	signed, err := d.sign(r.Context(), id, s)
	if err != nil {
		d.fail(w, err)
		return
	}
	answer(w, signed)
}

func (d *Depot) sign(ctx context.Context, id attemptID, s signing) (bucket.Signed, error) {
	o, err := d.offered(id, s.offer)
	if err != nil {
		return bucket.Signed{}, err
	}
	if d.signer == nil {
		return bucket.Signed{}, fmt.Errorf("%w: this bucket signs nothing", errOffer)
	}
	name := id.prefix(d.conf.Sweep, o.Kind) + o.Name
	if s.Part == 0 {
		if s.Size != o.Size || o.Size > putBytes {
			return bucket.Signed{}, fmt.Errorf("%w: %d bytes of %d", errOffer, s.Size, o.Size)
		}
		return d.signer.SignPut(ctx, name, s.Size, s.MD5, signedFor)
	}
	part := partSize(o.Size)
	if begin := int64(s.Part-1) * part; s.Part < 0 || begin >= o.Size || s.Size != min(part, o.Size-begin) {
		return bucket.Signed{}, fmt.Errorf("%w: part %d of %d bytes", errOffer, s.Part, s.Size)
	}
	return d.signer.SignPart(ctx, name, s.Upload, s.Part, s.Size, s.MD5, signedFor)
}

// postDone makes an object of what was sent.
func (d *Depot) postDone(w http.ResponseWriter, r *http.Request, id attemptID) {
	var m done
	if !read(w, r, &m) {
		return
	}
	o, err := d.offered(id, m.offer)
	if err == nil && d.signer == nil {
		err = d.receipt(id, o).store(r.Context(), o, d.conf.Bucket, id.prefix(d.conf.Sweep, o.Kind)+o.Name)
	} else if err == nil {
		err = d.join(r.Context(), id, o, m)
	}
	if err != nil {
		d.fail(w, err)
		return
	}
	d.troubled(nil)
	w.WriteHeader(http.StatusNoContent)
}

// Trouble is why files cannot be taken now, which executors try again; nil since one was taken.
func (d *Depot) Trouble() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mu.trouble
}

func (d *Depot) troubled(err error) {
	d.mu.Lock()
	d.mu.trouble = err
	d.mu.Unlock()
}

// join makes the object of its parts, and makes sure that it is there whole.
func (d *Depot) join(ctx context.Context, id attemptID, o offer, m done) error {
	name := id.prefix(d.conf.Sweep, o.Kind) + o.Name
	if len(m.ETags) > 0 {
		err := d.signer.CompleteMultipart(ctx, name, m.Upload, m.ETags)
		if err != nil && !errors.Is(err, bucket.ErrNotExist) { // joined before, and the answer was lost
			return err
		}
	}
	there, err := d.conf.Bucket.Stat(ctx, name)
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
func (d *Depot) fail(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	switch {
	case errors.Is(err, errOffer):
		code = http.StatusBadRequest
	case errors.Is(err, errBound):
		code = http.StatusRequestEntityTooLarge
	case errors.Is(err, errUnknown), errors.Is(err, errOffset):
		code = http.StatusConflict
	case errors.Is(err, errSum):
		code = http.StatusUnprocessableEntity
	case errors.Is(err, bucket.ErrDenied), errors.Is(err, bucket.ErrNoBucket), errors.Is(err, fs.ErrPermission):
		code = http.StatusForbidden
	case errors.Is(err, bucket.ErrUnavailable), errors.Is(err, context.Canceled):
		code = http.StatusServiceUnavailable
	}
	if code >= http.StatusInternalServerError {
		d.conf.Log.Warn("a file could not be taken", "error", err)
		if !errors.Is(err, context.Canceled) { // then the executor has gone, and tries again when it is back
			d.troubled(err)
		}
	}
	http.Error(w, err.Error(), code)
}
