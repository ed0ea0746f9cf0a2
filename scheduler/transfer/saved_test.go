package transfer_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// saved has a client bring what an attempt may go on from.
func saved(t *testing.T, d *transfer.Server, trial, number int) (folder string, from int, err error) {
	t.Helper()
	folder = t.TempDir()
	mkdir := func(name string) error { return os.MkdirAll(filepath.Join(folder, name), 0o755) }
	from, err = quick.Saved(t.Context(), d.Attempt(trial, number), folder, mkdir)
	return folder, from, err
}

// An attempt gets what the newest earlier one of its own trial left that left anything, from a folder and from S3.
func TestSaved(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	remote, err := s3.Open(t.Context(), "s3://kaon/team")
	if err != nil {
		t.Fatal(err)
	}
	for where, b := range map[string]bucket.Bucket{"a folder": folder(t), "S3": bucket.Retry(remote, bucket.PatientBackoff, nil)} {
		d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: b})
		for object, text := range map[string]string{"3/1/old": "1", "3/2/deep/check point+1%.pt": "22", "3/2/empty": "", "3/4/new": "4", "4/2/other": "5"} {
			if err := b.Put(t.Context(), "sweeps/s/artifacts/"+object, strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
		}
		folder, from, err := saved(t, d, 3, 4)
		if err != nil || from != 2 {
			t.Fatalf("%s: from attempt %d, %v", where, from, err)
		}
		for name, want := range map[string]string{"deep/check point+1%.pt": "22", "empty": ""} {
			if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != want {
				t.Errorf("%s: %s holds %q, %v", where, name, got, err)
			}
		}
		if all, _ := os.ReadDir(folder); len(all) != 2 {
			t.Errorf("%s: got %v", where, all)
		}
		if _, from, err := saved(t, d, 5, 2); err != nil || from != 0 {
			t.Errorf("%s: a trial of which nothing is there goes on from attempt %d, %v", where, from, err)
		}
		for _, path := range []string{"/saved/4/new", "/saved/0/x", "/saved/1/../../../4/2/other", "/saved/1/x"} {
			if resp, err := http.Get(d.Attempt(3, 4) + path); err != nil {
				t.Error(err)
			} else if resp.Body.Close(); resp.StatusCode == http.StatusOK {
				t.Errorf("%s: %s is given", where, path)
			}
		}
	}
}

// An attempt goes on from the newest earlier one of which all arrived, though a later one has left a part of its files.
func TestSavedPrefersWhatIsWhole(t *testing.T) {
	b := folder(t)
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: b})
	leave := func(attempt int, whole bool, names ...string) {
		t.Helper()
		for _, name := range names {
			path, _ := content(t, 10)
			if _, err := quick.Upload(t.Context(), d.Attempt(3, attempt), transfer.Artifacts, name, opened(t, path)); err != nil {
				t.Fatal(err)
			}
		}
		if whole {
			if err := quick.Whole(t.Context(), d.Attempt(3, attempt)); err != nil {
				t.Fatal(err)
			}
		}
	}
	from := func(attempt, want int) {
		t.Helper()
		if _, got, err := saved(t, d, 3, attempt); err != nil || got != want {
			t.Errorf("attempt %d goes on from %d, want %d, %v", attempt, got, want, err)
		}
	}
	leave(1, false, "model", "optimizer")
	leave(2, false, "model")
	from(3, 2) // nobody said of either that it is whole
	leave(3, true, "model", "optimizer")
	leave(4, false, "model")
	leave(5, true) // whose files were removed, or that left none
	from(6, 3)
	from(4, 3)
	from(3, 2)
	leave(6, true, "model")
	from(7, 6)
}

// What W&B was given is no checkpoint by itself: an attempt that left nothing else hides none, but is better than none.
func TestSavedPrefersWhatIsNotOfWandb(t *testing.T) {
	b := folder(t)
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: b})
	begin := func(attempt int, names ...string) {
		t.Helper()
		for _, name := range names {
			object := fmt.Sprintf("sweeps/s/artifacts/3/%d/%s", attempt, name)
			if err := b.Put(t.Context(), object, strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	leave := func(attempt int, names ...string) {
		t.Helper()
		begin(attempt, names...)
		if err := quick.Whole(t.Context(), d.Attempt(3, attempt)); err != nil {
			t.Fatal(err)
		}
	}
	goesOnFrom := func(attempt, want int) {
		t.Helper()
		if _, got, err := saved(t, d, 3, attempt); err != nil || got != want {
			t.Errorf("attempt %d goes on from %d, want %d, %v", attempt, got, want, err)
		}
	}
	leave(1, "wandb/files/config.yaml")
	leave(2, "wandb/files/config.yaml", "wandb/artifacts/model/model.pt")
	begin(3, "wandb/artifacts/model/model.pt") // it was cut short
	goesOnFrom(4, 2)
	leave(3, "ckpt.pt", "wandb/files/config.yaml")
	leave(4, "wandb/files/config.yaml")
	goesOnFrom(5, 3)
	leave(5, "wandb.txt")
	goesOnFrom(6, 5)
}

// full is a bucket with so many objects below each prefix, whose names are long.
type full struct {
	bucket.Bucket
	count int
}

func (f full) List(_ context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for i := range f.count {
			name := fmt.Sprintf("%s%s/%s/%04d", prefix, strings.Repeat("<", 250), strings.Repeat("é", 120), i)
			if !yield(bucket.Object{Name: name, Size: 1}, nil) {
				return
			}
		}
	}
}

func (f full) Get(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("x")), nil
}

func (f full) Stat(_ context.Context, name string) (bucket.Object, error) {
	return bucket.Object{Name: name, Size: 1}, nil
}

// All that an attempt may leave another can go on from, and more is refused at once: to ask again would not help.
func TestSavedIsBounded(t *testing.T) {
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: full{folder(t), transfer.MaxFiles}})
	got, from, err := saved(t, d, 0, 2)
	if err != nil || from != 1 {
		t.Fatalf("from attempt %d, %v", from, err)
	}
	files, _ := filepath.Glob(filepath.Join(got, "*/*/*"))
	if len(files) != transfer.MaxFiles {
		t.Errorf("got %d files", len(files))
	}
	more := open(t, transfer.Config{Folder: t.TempDir(), Bucket: full{folder(t), transfer.MaxFiles + 1}})
	began := time.Now()
	if _, _, err := saved(t, more, 0, 2); err == nil || !strings.Contains(err.Error(), "more than 1000 artifacts") || time.Since(began) > quick.Patience/2 {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	if err := more.Err(); err != nil {
		t.Errorf("taken for a fault of the bucket: %v", err)
	}
}
