package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server/api"
)

// errReadOnly is that of changing results that lie with a server.
var errReadOnly = fmt.Errorf("%w: results that lie with a server are only read", bucket.ErrDenied)

// Bucket is the results of a server, for reading.
func (c *Client) Bucket() bucket.Bucket { return remote{c} }

// remote implements bucket.Bucket over the API's objects.
type remote struct{ client *Client }

func (r remote) Put(context.Context, string, io.Reader) error { return errReadOnly }

func (r remote) Delete(context.Context, ...string) error { return errReadOnly }

func (r remote) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	rs, err := r.client.request(ctx, http.MethodGet, "/objects/"+escaped(name), nil, nil, nil)
	if err != nil {
		return nil, bucketError(err)
	}
	return rs.Body, nil
}

func (r remote) Stat(ctx context.Context, name string) (bucket.Object, error) {
	page, err := r.page(ctx, name, "", 1)
	if err != nil {
		return bucket.Object{}, err
	}
	if len(page) > 0 && page[0].Name == name {
		return page[0], nil
	}
	return bucket.Object{}, fmt.Errorf("%s: %w", name, bucket.ErrNotExist)
}

// pageSize is how many objects a server is asked for at once.
const pageSize = 1000

// page is some objects behind a name, at most limit; none: there are no further ones.
func (r remote) page(ctx context.Context, prefix, after string, limit int) ([]bucket.Object, error) {
	var page []api.Object
	query := url.Values{"prefix": {prefix}, "after": {after}, "limit": {strconv.Itoa(limit)}}
	if err := r.client.ask(ctx, http.MethodGet, "/objects", query, nil, &page); err != nil {
		return nil, bucketError(err)
	}
	objects := make([]bucket.Object, len(page))
	for i, o := range page {
		modified, _ := time.Parse(time.RFC3339, o.Modified) // zero: it is not known
		objects[i] = bucket.Object{Name: o.Name, Size: o.Size, Modified: modified}
	}
	return objects, nil
}

func (r remote) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return r.ListAfter(ctx, prefix, "")
}

func (r remote) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for {
			page, err := r.page(ctx, prefix, after, pageSize)
			if err != nil {
				yield(bucket.Object{}, err)
				return
			}
			for _, o := range page {
				if after = o.Name; !yield(o, nil) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

// Folders asks for one object of each folder.
func (r remote) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		after := ""
		for {
			page, err := r.page(ctx, prefix, after, 1)
			if err != nil {
				yield("", err)
				return
			}
			if len(page) == 0 {
				return
			}
			folder, is := bucket.FolderOf(page[0].Name, prefix)
			if !is {
				after = page[0].Name
				continue
			}
			after = folder + "/" + string(unicode.MaxRune) // no name has that
			if !yield(folder, nil) {
				return
			}
		}
	}
}

// escaped is a name as a path.
func escaped(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// bucketError has callers tell errors apart as of any bucket.
func bucketError(err error) error {
	var answer *Error
	switch {
	case !errors.As(err, &answer):
		return fmt.Errorf("%w: %w", bucket.ErrUnavailable, err)
	case answer.Status == http.StatusNotFound:
		return fmt.Errorf("%w: %w", bucket.ErrNotExist, err)
	case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusForbidden:
		return fmt.Errorf("%w: %w", bucket.ErrDenied, err)
	case answer.Status >= http.StatusInternalServerError:
		return fmt.Errorf("%w: %w", bucket.ErrUnavailable, err)
	}
	return err
}
