package transfer_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// While a process takes up what another has left, nobody is told that a sweep is not there.
func TestSweepsThatAreNotThereYet(t *testing.T) {
	b := folder(t)
	parent := open(t, transfer.Config{Folder: t.TempDir(), Bucket: b, Gathers: true})
	ask := func(at string) int {
		r, err := http.Post(at, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		return r.StatusCode
	}
	child, err := transfer.Open(transfer.Config{Parent: parent, At: "a", Sweep: "a", Folder: t.TempDir(), Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	unknown := strings.Replace(child.Attempt(1, 1)+"/offer", "/of/a/", "/of/b/", 1)
	if got := ask(unknown); got != http.StatusServiceUnavailable {
		t.Errorf("before all are there, a sweep that is not answers %d", got)
	}
	parent.Gathered()
	if got := ask(unknown); got != http.StatusNotFound {
		t.Errorf("when all are there, a sweep that is not answers %d", got)
	}
}

// A process with many sweeps has one address for all of them, and what one's URL opens, another's does not.
func TestManySweepsAtOneAddress(t *testing.T) {
	b := folder(t)
	parent := open(t, transfer.Config{Folder: t.TempDir(), Bucket: b})
	child := func(sweep, at string) *transfer.Server {
		d, err := transfer.Open(transfer.Config{Parent: parent, At: at, Sweep: sweep, Folder: t.TempDir(), Bucket: b})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	root, a, c := child("root", ""), child("a", "a"), child("c", "ü c")
	path, sum := content(t, 1000)
	for name, d := range map[string]*transfer.Server{"root": root, "a": a, "c": c} {
		if _, err := quick.Upload(t.Context(), d.Attempt(1, 1), transfer.Artifacts, "x", opened(t, path)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		holds(t, b, "sweeps/"+name+"/artifacts/1/1/x", sum)
		address, _, err := d.Serve(path, "x")
		if err != nil {
			t.Fatal(err)
		}
		if err := quick.Download(t.Context(), address, filepath.Join(t.TempDir(), "x"), sum); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	client := quick
	client.Patience = 0
	foreign := strings.Replace(a.Attempt(2, 1), "/of/a/", "/of/%C3%BC%20c/", 1)
	if _, err := client.Upload(t.Context(), foreign, transfer.Artifacts, "x", opened(t, path)); err == nil {
		t.Error("one sweep's code opens another's path")
	}
	if _, err := transfer.Open(transfer.Config{Parent: parent, At: "a", Sweep: "a", Folder: t.TempDir(), Bucket: &bucket.Memory{}}); err == nil {
		t.Error("two sweeps at one path")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Upload(t.Context(), a.Attempt(2, 1), transfer.Artifacts, "x", opened(t, path)); err == nil {
		t.Error("a server that was closed takes files")
	}
}
