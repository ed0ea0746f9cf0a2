package transfer_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/testkit"
)

// held is a body of which some bytes come only when they are let go.
type held struct {
	first, rest io.Reader
	letGo       chan struct{}
}

func (h *held) Read(p []byte) (int, error) {
	if n, err := h.first.Read(p); err == nil {
		return n, nil
	}
	<-h.letGo
	return h.rest.Read(p)
}

// holding holds the body of the first chunk back, at 1 MiB, and says when it has been answered.
type holding struct{ letGo, answered chan struct{} }

func (h holding) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPut {
		return http.DefaultTransport.RoundTrip(r)
	}
	r.Body = io.NopCloser(&held{io.LimitReader(r.Body, 1<<20), r.Body, h.letGo})
	resp, err := http.DefaultTransport.RoundTrip(r)
	close(h.answered)
	return resp, err
}

// Once a server is closed nothing writes to what it has received: the next one goes on with that, and two would mix what they write.
func TestClosedServerReceivesNothing(t *testing.T) {
	parent := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t)})
	state := t.TempDir()
	child := open(t, transfer.Config{Folder: state, Bucket: folder(t), Parent: parent, At: "child"})
	path, _ := content(t, 3<<20)
	ctx, lost := context.WithCancel(t.Context())
	defer lost()
	way := holding{make(chan struct{}), make(chan struct{})}
	client := quick
	client.HTTP = &http.Client{Transport: way}
	file, ended := opened(t, path), make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = client.Upload(ctx, child.Attempt(0, 1), transfer.Artifacts, "m", file)
	}()
	size := func() (n int64) {
		all, err := filepath.Glob(filepath.Join(state, "uploads", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			if info, err := os.Stat(name); err == nil {
				n += info.Size()
			}
		}
		return n
	}
	testkit.Await(t, "what was not held back", func() bool { return size() == 1<<20 })
	if err := child.Close(); err != nil {
		t.Fatal(err)
	}
	close(way.letGo)
	<-way.answered
	lost() // it would try again
	<-ended
	if got := size(); got != 1<<20 {
		t.Errorf("%d bytes after it was closed, %d before", got, 1<<20)
	}
}
