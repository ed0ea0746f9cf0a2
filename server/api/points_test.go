package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server/access"
)

// away is a bucket that cannot be reached where a sweep's records are to be read.
type away struct {
	bucket.Bucket
	sweep string
}

// Get implements bucket.Bucket.
func (b *away) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.HasPrefix(name, results.RecordsPrefix(b.sweep)) {
		return nil, bucket.ErrUnavailable
	}
	return b.Bucket.Get(ctx, name)
}

// Points that cannot be read now are answered with a status that says so.
func TestPointsOfRecordsThatCannotBeReached(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Operator, Submission{Spec: three})
	w.ended(s.ID)
	w.api.cfg.Bucket = &away{w.bucket, s.ID}
	at := w.address + Prefix + "/sweeps/" + s.ID + "/trials/0/points"
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+w.as[access.Viewer])
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	answer, err := io.ReadAll(rs.Body)
	if err != nil || rs.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d %s, %v", rs.StatusCode, answer, err)
	}
}
