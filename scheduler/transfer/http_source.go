package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HTTPSource is a Remote of a web server that asks nobody who they are.
type HTTPSource struct {
	URL string
	// Elsewhere says that the server could not be reached from here when that was tried: agents may see
	// another network.
	Elsewhere bool
	HTTP      *http.Client // that asks for its size; nil: one that connects to whatever it is told
}

// ErrRefused is in the error of HTTPSource.Size when the server says that there is nothing for us at the
// address.
var ErrRefused = errors.New("refused")

// lookFor bounds how long a web server may take to say whether it has something.
const lookFor = 10 * time.Second

// Sign implements Remote.
func (w *HTTPSource) Sign(context.Context, time.Duration) (string, error) { return w.URL, nil }

// Size implements Remote. It asks by HEAD, and by GET for the first byte when that is answered neither with
// yes nor with a size: not every server knows HEAD, and an address that was signed for a GET is good for
// nothing else.
func (w *HTTPSource) Size(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	size, err := w.ask(ctx, http.MethodHead)
	var s *status
	if err == nil && size < 0 || errors.As(err, &s) {
		size, err = w.ask(ctx, http.MethodGet)
	}
	if err != nil && !errors.As(err, &s) && w.Elsewhere {
		return -1, nil
	}
	return size, err
}

func (w *HTTPSource) ask(ctx context.Context, method string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, method, w.URL, nil)
	if err != nil {
		return 0, withoutURL(err)
	}
	if method == http.MethodGet {
		req.Header.Set("Range", "bytes=0-0")
	}
	client := w.HTTP
	if client == nil {
		client = defaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, withoutURL(err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return 0, fmt.Errorf("%w: %w", ErrRefused, &status{code: resp.StatusCode})
	case http.StatusPartialContent:
		return total(resp.Header.Get("Content-Range")), nil
	case http.StatusRequestedRangeNotSatisfiable: // it has no first byte
		return 0, nil
	}
	if err := refused(resp); err != nil {
		return 0, err
	}
	return resp.ContentLength, nil
}

// total is the size in "bytes 0-0/123"; negative where it is not known.
func total(contentRange string) int64 {
	_, text, _ := strings.Cut(contentRange, "/")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
