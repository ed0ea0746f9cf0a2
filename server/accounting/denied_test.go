package accounting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/results/store"
)

// What cannot be read now is an error, and not less use; nor is it kept of a sweep that has ended.
func TestUseThatNobodyMayRead(t *testing.T) {
	in := &bucket.Memory{}
	known := store.Sweep{ID: "one", State: "succeeded", Created: "2020-01-01T00:00:00Z", Finished: "2020-01-01T00:00:01Z"}
	if err := store.WriteSweep(t.Context(), in, known); err != nil {
		t.Fatal(err)
	}
	folder := func(string) string { return t.TempDir() }
	if u, err := Stored(t.Context(), &buckettest.Denying{Bucket: in, All: true}, "sweep", time.Time{}, folder); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("%+v, %v", u, err)
	}
	l := New(Config{Bucket: &buckettest.Denying{Bucket: in, All: true}, Folder: folder, Sweeps: func(context.Context) (map[string]*store.Sweep, error) {
		return map[string]*store.Sweep{"one": &known}, nil
	}})
	if u, err := l.All(t.Context(), "sweep", time.Time{}); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("%+v, %v", u, err)
	}
	if len(l.read) != 0 {
		t.Errorf("kept: %+v", l.read)
	}
}

// One object that nobody may read is a gap of its sweep, and hides no other; nothing is kept of it.
func TestUseBesideAnObjectThatNobodyMayRead(t *testing.T) {
	in, known := &bucket.Memory{}, map[string]*store.Sweep{}
	for _, id := range []string{"one", "two"} {
		known[id] = &store.Sweep{ID: id, State: "succeeded", Created: "2020-01-01T00:00:00Z", Finished: "2020-01-01T00:00:01Z"}
		if err := store.WriteSweep(t.Context(), in, *known[id]); err != nil {
			t.Fatal(err)
		}
		if err := in.Put(t.Context(), results.ObjectName(id, results.SpecFile), strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	folder := func(string) string { return t.TempDir() }
	l := New(Config{Bucket: &buckettest.Denying{Bucket: in, Object: results.ObjectName("two", results.SpecFile)}, Folder: folder,
		Sweeps: func(context.Context) (map[string]*store.Sweep, error) { return known, nil }})
	u, err := l.All(t.Context(), "sweep", time.Time{})
	if err != nil || l.read["two"] != nil || !strings.Contains(fmt.Sprint(u.Gaps), bucket.ErrDenied.Error()) {
		t.Errorf("%+v, %v, kept: %+v", u, err, l.read["two"])
	}
}

// leaving is a bucket whose reader goes as soon as it has read a sweep.json.
type leaving struct {
	bucket.Bucket
	goes func()
}

func (b *leaving) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.Bucket.Get(ctx, name)
	if strings.HasSuffix(name, "/"+results.SweepFile) {
		b.goes()
	}
	return r, err
}

// Who goes while sweeps are read hears of no use that is less.
func TestUseOfACallerWhoGoes(t *testing.T) {
	in := &bucket.Memory{}
	known := store.Sweep{ID: "one", State: "succeeded", Created: "2020-01-01T00:00:00Z", Finished: "2020-01-01T00:00:01Z"}
	if err := store.WriteSweep(t.Context(), in, known); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	folder := func(string) string { return t.TempDir() }
	if u, err := Stored(ctx, &leaving{in, cancel}, "sweep", time.Time{}, folder); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", u, err)
	}
}
