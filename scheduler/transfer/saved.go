package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// savedFiles is what an earlier attempt of a trial left, the newest of which all arrived, or else the newest of
// which anything did; none: Attempt is 0. Attempts that left nothing but what lies in wandb/, which is copied there of
// what programs give to W&B, count only where there is no other.
type savedFiles struct {
	Attempt int      `json:"attempt"`
	Names   []string `json:"names"`
}

// maxSaved bounds the list of MaxFiles names in bytes, of which JSON writes some by six.
const maxSaved = 8 * MaxFiles * maxName

// postSaved tells an attempt what it may go on from.
func (srv *Server) postSaved(w http.ResponseWriter, r *http.Request, id attemptID) {
	found, err := srv.saved(r.Context(), id)
	if err != nil {
		srv.fail(w, err)
		return
	}
	answer(w, found)
}

func (srv *Server) saved(ctx context.Context, id attemptID) (found savedFiles, err error) {
	var copies savedFiles // of an attempt that left nothing else: the newest of which all arrived, else the newest
	copiesWhole := false
	for n := id.number - 1; n > 0; n-- {
		_, err := srv.conf.Bucket.Stat(ctx, results.WholeName(srv.conf.Sweep, id.trial, n))
		whole := err == nil
		if err != nil && !errors.Is(err, bucket.ErrNotExist) {
			return savedFiles{}, err
		}
		if !whole && found.Attempt > 0 {
			continue
		}
		names, err := srv.left(ctx, attemptID{id.trial, n})
		if err != nil {
			return savedFiles{}, err
		}
		own := func(name string) bool { return !strings.HasPrefix(name, "wandb/") }
		switch {
		case slices.ContainsFunc(names, own):
			found = savedFiles{n, names}
			if whole {
				return found, nil
			}
		case len(names) > 0 && (copies.Attempt == 0 || whole && !copiesWhole):
			copies, copiesWhole = savedFiles{n, names}, whole
		}
	}
	if found.Attempt == 0 {
		return copies, nil
	}
	return found, nil
}

// left lists the artifacts of an attempt that are there.
func (srv *Server) left(ctx context.Context, id attemptID) (names []string, err error) {
	prefix := id.prefix(srv.conf.Sweep, Artifacts)
	for o, err := range srv.conf.Bucket.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		if len(names) == MaxFiles { // so many no attempt left
			return nil, fmt.Errorf("%w: an earlier attempt has more than %d artifacts to go on from",
				errBound, MaxFiles)
		}
		names = append(names, strings.TrimPrefix(o.Name, prefix))
	}
	return names, nil
}

// postWhole notes that all that an attempt left has arrived.
func (srv *Server) postWhole(w http.ResponseWriter, r *http.Request, id attemptID) {
	r, done, ok := srv.writing.begin(w, r)
	if !ok {
		return
	}
	defer done()
	name := results.WholeName(srv.conf.Sweep, id.trial, id.number)
	if err := srv.conf.Bucket.Put(r.Context(), name, strings.NewReader("")); err != nil {
		srv.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Whole tells that all of an attempt's artifacts were uploaded, so that the next attempt goes on from them and not
// from what a later one could leave of its own in the time that it had.
func (c *Client) Whole(ctx context.Context, attempt string) error {
	err := c.retry(ctx, func() (int64, error) { return 0, c.call(ctx, attempt+"/whole", struct{}{}, nil) })
	if err != nil {
		return fmt.Errorf("say that all files are there: %w", err)
	}
	return nil
}

// getSaved sends one file of an earlier attempt of the same trial: no other's can be named.
func (srv *Server) getSaved(w http.ResponseWriter, r *http.Request, id attemptID) {
	n, err := strconv.Atoi(r.PathValue("from"))
	name := r.PathValue("name")
	if err != nil || n < 1 || n >= id.number || NameFault(name) != "" {
		http.NotFound(w, r)
		return
	}
	object := attemptID{id.trial, n}.prefix(srv.conf.Sweep, Artifacts) + name
	if srv.signer != nil {
		to, err := srv.signer.SignGet(r.Context(), object, signedFor)
		if err != nil {
			srv.fail(w, err)
			return
		}
		http.Redirect(w, r, to.URL, http.StatusTemporaryRedirect)
		return
	}
	content, err := srv.conf.Bucket.Get(r.Context(), object)
	if errors.Is(err, bucket.ErrNotExist) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		srv.fail(w, err)
		return
	}
	defer content.Close()
	if o, err := srv.conf.Bucket.Stat(r.Context(), object); err == nil { // so that a file cut short shows
		w.Header().Set("Content-Length", strconv.FormatInt(o.Size, 10))
	}
	_, _ = io.Copy(w, content) // a client that is gone asks again
}

// Saved brings what an earlier attempt left to a folder that is there, by the URL of the attempt that goes on from
// it. It says which attempt that was; 0: none left anything. mkdir makes a folder below the one that is there.
func (c *Client) Saved(
	ctx context.Context, attempt, folder string, mkdir func(name string) error,
) (number int, err error) {
	var found savedFiles
	err = c.retry(ctx, func() (int64, error) {
		return 0, c.callWithin(ctx, attempt+"/saved", struct{}{}, &found, maxSaved)
	})
	if err != nil || found.Attempt == 0 {
		return 0, err
	}
	for _, name := range found.Names {
		if NameFault(name) != "" {
			continue // whoever put it there, no attempt did
		}
		if dir := filepath.Dir(name); dir != "." {
			if err := mkdir(dir); err != nil {
				return 0, err
			}
		}
		parts := strings.Split(name, "/")
		for i := range parts {
			parts[i] = url.PathEscape(parts[i])
		}
		address := attempt + "/saved/" + strconv.Itoa(found.Attempt) + "/" + strings.Join(parts, "/")
		if err := c.Download(ctx, address, filepath.Join(folder, name), ""); err != nil {
			return 0, err
		}
	}
	return found.Attempt, nil
}
