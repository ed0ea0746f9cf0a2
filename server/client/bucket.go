package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

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
	for o, err := range r.List(ctx, name) {
		if err != nil || o.Name == name {
			return o, err
		}
		break
	}
	return bucket.Object{}, fmt.Errorf("%s: %w", name, bucket.ErrNotExist)
}

func (r remote) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		after := ""
		for {
			var page []api.Object
			query := url.Values{"prefix": {prefix}, "after": {after}}
			if err := r.client.ask(ctx, http.MethodGet, "/objects", query, nil, &page); err != nil {
				yield(bucket.Object{}, bucketError(err))
				return
			}
			for _, o := range page {
				modified, _ := time.Parse(time.RFC3339, o.Modified) // zero: it is not known
				if !yield(bucket.Object{Name: o.Name, Size: o.Size, Modified: modified}, nil) {
					return
				}
				after = o.Name
			}
			if len(page) == 0 {
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
