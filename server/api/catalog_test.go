package api

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
)

// What lists are made of does not change while they are made.
func TestCatalogIsTheCallersOwn(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: three})
	w.ended(s.ID)
	for range 2 { // read, and as it was read before
		all, err := w.api.catalog.all(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("%d sweeps, %v", len(all), err)
		}
		delete(all, s.ID)
	}
	if all, _ := w.api.catalog.all(t.Context()); len(all) != 1 {
		t.Error("the catalog lost a sweep")
	}
}

// watched counts how often sweep.json is read, and stops at a list when it is told to.
type watched struct {
	bucket.Bucket
	manifests atomic.Int32
	listing   chan struct{} // nil: lists go through; else who has listed says so, and waits for another value
}

func (b *watched) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.HasSuffix(name, "/"+results.SweepFile) {
		b.manifests.Add(1)
	}
	return b.Bucket.Get(ctx, name)
}

func (b *watched) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	if b.listing != nil {
		there := map[string]error{}
		for folder, err := range b.Bucket.Folders(ctx, prefix) {
			there[folder] = err
		}
		b.listing <- struct{}{}
		select {
		case b.listing <- struct{}{}:
		case <-ctx.Done():
			return func(yield func(string, error) bool) { yield("", ctx.Err()) }
		}
		return maps.All(there)
	}
	return b.Bucket.Folders(ctx, prefix)
}

const waiting = "name: waits\nmethod: grid\nparameters: {x: {values: [1]}}\ncommand: \"sleep 100\"\n"

// A server with a thousand sweeps is asked for lists all the time: what it has written itself it need not read.
func TestOwnSweepsAreListedWithoutTheBucket(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: waiting})
	in := &watched{Bucket: w.bucket}
	c := newCatalog(in, w.server)
	look := func() *stored {
		t.Helper()
		all, err := c.all(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("%d sweeps, %v", len(all), err)
		}
		return all[s.ID]
	}
	before := look()
	c.forget("")
	look()
	c.forget(s.ID)
	if again := look(); len(again.Labels) != 0 {
		t.Errorf("labels %q", again.Labels)
	}
	sw, _ := w.server.Sweep(s.ID)
	if err := sw.SetLabels(t.Context(), []string{"new"}); err != nil {
		t.Fatal(err)
	}
	if now := look(); len(now.Labels) != 1 || len(before.Labels) != 0 { // nobody has to tell
		t.Errorf("labels %q, and before %q", now.Labels, before.Labels)
	}
	if one, err := c.get(t.Context(), s.ID); err != nil || len(one.Labels) != 1 {
		t.Errorf("labels %q, %v", one.Labels, err)
	}
	if n := in.manifests.Load(); n > 0 {
		t.Errorf("sweep.json was read %d times", n)
	}
	elsewhere := store.Sweep{ID: "elsewhere", Created: time.Now().UTC().Format(time.RFC3339Nano)}
	if err := store.WriteSweep(t.Context(), w.bucket, elsewhere); err != nil {
		t.Fatal(err)
	}
	c.forget("elsewhere")
	if all, err := c.all(t.Context()); err != nil || all["elsewhere"] == nil || in.manifests.Load() != 1 {
		t.Errorf("%d sweeps, %v, %d reads", len(all), err, in.manifests.Load())
	}
}

// While one caller reads all again, others are answered by what is known; and who gives up leaves nothing half done.
func TestOneCallerReadsTheCatalog(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: waiting})
	in := &watched{Bucket: w.bucket}
	c := newCatalog(in, w.server)
	if _, err := c.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	in.listing = make(chan struct{})
	c.every = time.Hour
	c.mu.Lock()
	c.read = time.Now().Add(-c.every)
	c.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := c.all(ctx)
		gone <- err
	}()
	<-in.listing
	if all, err := c.all(t.Context()); err != nil || all[s.ID] == nil { // it would wait for ever
		t.Errorf("%d sweeps, %v", len(all), err)
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	in.listing = nil
	if all, err := c.all(t.Context()); err != nil || all[s.ID] == nil {
		t.Errorf("afterwards: %d sweeps, %v", len(all), err)
	}
}

// What others learn of a sweep that has ended while one reads all again stays known: nobody reads that sweep again by itself.
func TestSlowReadingKeepsWhatIsNewer(t *testing.T) {
	in := &watched{Bucket: &bucket.Memory{}}
	write := func(id, archived string) {
		t.Helper()
		at := time.Now().UTC().Format(time.RFC3339Nano)
		if err := store.WriteSweep(t.Context(), in.Bucket, store.Sweep{ID: id, Created: at, Finished: at, Archived: archived}); err != nil {
			t.Fatal(err)
		}
	}
	write("changed", "")
	write("deleted", "")
	c := newCatalog(in, nil)
	c.every = time.Hour
	look := func(changed bool) {
		t.Helper()
		all, err := c.all(t.Context())
		if err != nil || len(all) != 2 {
			t.Fatalf("%d sweeps, %v", len(all), err)
		}
		if changed && (all["changed"].Archived == "" || all["new"] == nil) {
			t.Errorf("%+v, and the new one %+v", all["changed"], all["new"])
		}
	}
	look(false)
	in.listing = make(chan struct{})
	c.mu.Lock()
	c.read = time.Now().Add(-c.every)
	c.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		_, err := c.all(t.Context())
		done <- err
	}()
	<-in.listing
	write("changed", "2026-01-01T00:00:00Z")
	write("new", "")
	if err := in.Bucket.Delete(t.Context(), results.SweepsPrefix+"deleted/"+results.SweepFile); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"changed", "new", "deleted"} {
		c.forget(id)
	}
	look(true)
	<-in.listing
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	look(true)
}

// leavingReader is a bucket of which somebody reads who goes meanwhile.
type leavingReader struct {
	bucket.Bucket
	goes func()
}

func (b *leavingReader) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if b.goes != nil {
		b.goes()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return b.Bucket.Get(ctx, name)
}

// Who goes while the sweeps are read makes the list no shorter for others, nor do credentials that end.
func TestListOfACallerWhoGoes(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"one", "two"} {
		if err := store.WriteSweep(t.Context(), w.bucket, store.Sweep{ID: id, State: "succeeded", Created: "2020-01-01T00:00:00Z", Finished: "2020-01-01T00:00:01Z"}); err != nil {
			t.Fatal(err)
		}
	}
	for what, in := range map[string]bucket.Bucket{"sweep.json": &leavingReader{Bucket: w.bucket}, "denied": &buckettest.Denying{Bucket: w.bucket, All: true}} {
		c := newCatalog(in, nil)
		ctx, cancel := context.WithCancel(t.Context())
		if b, ok := in.(*leavingReader); ok {
			b.goes = cancel
		}
		if all, err := c.all(ctx); err == nil {
			t.Errorf("%s: who has gone hears of %d sweeps", what, len(all))
		}
		cancel()
		c.bucket = w.bucket
		if all, err := c.all(t.Context()); err != nil || len(all) != 2 {
			t.Errorf("%s: the next hears of %d sweeps, %v", what, len(all), err)
		}
	}
}

// One object that nobody may read hides its own sweep, which is told of, and no other; credentials that end hide none.
func TestObjectThatNobodyMayRead(t *testing.T) {
	in := &buckettest.Denying{Bucket: &bucket.Memory{}, Object: results.ObjectName("two", results.SweepFile)}
	for _, id := range []string{"one", "two", "zoo"} {
		known := store.Sweep{ID: id, State: "succeeded", Created: "2020-01-01T00:00:00Z", Finished: "2020-01-01T00:00:01Z"}
		if err := store.WriteSweep(t.Context(), in.Bucket, known); err != nil {
			t.Fatal(err)
		}
	}
	c := newCatalog(in, nil)
	var told []string
	c.damaged = func(id string, err error) { told = append(told, id+" "+remedy(id, err)) }
	look := func(want int) {
		t.Helper()
		c.forget("")
		if all, err := c.all(t.Context()); err != nil || len(all) != want {
			t.Errorf("%d sweeps, %v", len(all), err)
		}
	}
	look(2)
	if len(told) != 1 || !strings.HasPrefix(told[0], "two have the credentials") {
		t.Errorf("told %q", told)
	}
	c.forget("two") // it alone is read again
	look(2)
	in.All = true
	c.forget("")
	if all, err := c.all(t.Context()); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("where all is denied: %d sweeps, %v", len(all), err)
	}
	in.All, in.Object = false, ""
	look(3)
	in.Object = results.ObjectName("two", results.SweepFile)
	c.forget("two")
	if all, err := c.all(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("one that was known: %d sweeps, %v", len(all), err)
	}
}
