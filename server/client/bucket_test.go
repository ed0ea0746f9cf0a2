package client_test

import (
	"context"
	"fmt"
	"iter"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// counted counts the objects that are listed.
type counted struct {
	bucket.Memory
	listed atomic.Int64
}

func (c *counted) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return c.ListAfter(ctx, prefix, "")
}

func (c *counted) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for o, err := range c.Memory.ListAfter(ctx, prefix, after) {
			c.listed.Add(1)
			if !yield(o, err) {
				return
			}
		}
	}
}

// Results that lie with a server are listed as those of any bucket, and no page costs those before it.
func TestResultsOfAServerAreListed(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	b, folder := &counted{}, t.TempDir()
	s, err := server.Open(t.Context(), server.Config{Folder: folder, Bucket: b, Cluster: server.Cluster{GPUs: "none", Alone: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	tokens, err := access.OpenTokens(folder)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := tokens.Create("viewer", access.Viewer, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, err := api.New(api.Config{Server: s, Bucket: b, Folder: folder, Access: access.Config{Tokens: tokens, Rate: -1}})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(a.Handler())
	defer h.Close()
	c, err := client.New(h.URL, secret)
	if err != nil {
		t.Fatal(err)
	}
	const objects = 4000
	for i := range objects {
		name := fmt.Sprintf("sweeps/many/artifacts/%d/1/out", i)
		if i < 5 {
			name = []string{"sweeps/a-b/sweep.json", "sweeps/a/sweep.json", "sweeps/a0/sweep.json", "sweeps/a/logs/x", "other/secret"}[i]
		}
		if err := b.Put(t.Context(), name, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	all := namesOf(t, c.Bucket().List(t.Context(), ""))
	if want := namesOf(t, b.Memory.List(t.Context(), "sweeps/")); !slices.Equal(all, want) {
		t.Errorf("%d objects, want %d", len(all), len(want))
	}
	if n := b.listed.Load(); n > objects {
		t.Errorf("the bucket listed %d objects for %d", n, objects)
	}
	for _, prefix := range []string{"sweeps/", "sweeps/a", "sweeps/a/", "sweeps", "swamps", "other/"} {
		for _, after := range []string{"", "sweeps/a/logs/x", "sweeps/a/", "sweeps/a/" + string(unicode.MaxRune), "z"} {
			got, want := namesOf(t, c.Bucket().ListAfter(t.Context(), prefix, after)), namesOf(t, b.Memory.ListAfter(t.Context(), prefix, after))
			if prefix == "other/" {
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q behind %q: got %d, want %d", prefix, after, len(got), len(want))
			}
		}
	}
	before := b.listed.Load()
	ids, err := store.Sweeps(t.Context(), c.Bucket())
	if want := []string{"a", "a-b", "a0", "many"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("sweeps %q, %v, want %q", ids, err, want)
	}
	if n := b.listed.Load() - before; n > int64(len(ids)) {
		t.Errorf("the bucket listed %d objects for %d sweeps", n, len(ids))
	}
	if o, err := c.Bucket().Stat(t.Context(), "sweeps/a/sweep.json"); err != nil || o.Size != 1 {
		t.Errorf("%+v, %v", o, err)
	}
}

func namesOf(t *testing.T, list iter.Seq2[bucket.Object, error]) (names []string) {
	t.Helper()
	for o, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, o.Name)
	}
	return names
}
