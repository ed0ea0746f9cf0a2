package transfer_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// asAgent is what the fetcher of an agent learns: the size by HEAD, then the content, following redirects.
func asAgent(t *testing.T, address string) (size int64, content string) {
	t.Helper()
	head, err := http.Head(address)
	if err != nil {
		t.Fatal(err)
	}
	head.Body.Close()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if head.StatusCode != http.StatusOK || resp.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("HEAD %s, GET %s, %v", head.Status, resp.Status, err)
	}
	return head.ContentLength, string(data)
}

// An agent is told the size of what only a signed GET gives.
func TestAgentIsToldTheSizeOfAnObject(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("data")
	b, err := s3.Open(t.Context(), "s3://data")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "set/a.csv", strings.NewReader("1,2\n")); err != nil {
		t.Fatal(err)
	}
	f, err := s3.NewFetcher(t.Context(), &url.URL{Scheme: "s3", Host: "data", Path: "/set/a.csv"})
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t)})
	_, agents := d.Redirect(f, "a.csv")
	if size, content := asAgent(t, agents); size != 4 || content != "1,2\n" {
		t.Errorf("%d bytes told, got %q", size, content)
	}
	if err := b.Delete(t.Context(), "set/a.csv"); err != nil {
		t.Fatal(err)
	}
	_, gone := d.Redirect(f, "a.csv") // whose size nobody has asked for yet
	if size, content := asAgent(t, gone); size != 0 || content != "" {
		t.Errorf("of what is gone: %d bytes told, got %q", size, content)
	}
}

func TestAgentIsToldTheSizeOfAFile(t *testing.T) {
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t)})
	path, _ := content(t, 100)
	address, _, err := d.Serve(path, "data")
	if err != nil {
		t.Fatal(err)
	}
	if size, content := asAgent(t, address); size != 100 || len(content) != 100 {
		t.Errorf("%d bytes told, got %d", size, len(content))
	}
}

// Web servers answer what they like.
func TestSizeOnTheWeb(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		head, code := r.Method == http.MethodHead, 0
		switch r.URL.Path {
		case "/knows no HEAD":
			if head {
				code = http.StatusMethodNotAllowed
			}
		case "/is signed for GET":
			if head {
				code = http.StatusForbidden
			}
		case "/streams":
			w.(http.Flusher).Flush()
		case "/moved":
			http.Redirect(w, r, "/plain", http.StatusFound)
			return
		case "/broken":
			code = http.StatusInternalServerError
		case "/secret":
			code = http.StatusForbidden
		case "/never":
			code = http.StatusNotFound
		case "/gone":
			code = http.StatusGone
		case "/empty":
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(""))
			return
		}
		if code != 0 {
			http.Error(w, "no", code)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("hello"))
	}))
	t.Cleanup(server.Close)
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t)})
	for path, want := range map[string]struct {
		size    int64
		content string
		err     error
	}{
		"plain":             {5, "hello", nil},
		"knows no HEAD":     {5, "hello", nil},
		"is signed for GET": {5, "hello", nil},
		"streams":           {-1, "hello", nil},
		"moved":             {5, "hello", nil},
		"empty":             {0, "", nil},
		"broken":            {0, "", errors.New("500")},
		"secret":            {0, "", transfer.ErrRefused},
		"never":             {0, "", transfer.ErrRefused},
		"gone":              {0, "", transfer.ErrRefused},
		"elsewhere":         {5, "hello", nil},
	} {
		w := &transfer.HTTPSource{URL: server.URL + "/" + strings.ReplaceAll(path, " ", "%20"), Elsewhere: strings.HasPrefix(path, "elsewhere")}
		size, err := w.Size(t.Context())
		if size != want.size || (err != nil) != (want.err != nil) || errors.Is(want.err, transfer.ErrRefused) && !errors.Is(err, transfer.ErrRefused) {
			t.Errorf("%s: %d, %v", path, size, err)
		}
		if errors.Is(err, transfer.ErrRefused) && !strings.Contains(err.Error(), "40") && !strings.Contains(err.Error(), "410") {
			t.Errorf("%s: %v lacks the code", path, err)
		}
		_, agents := d.Redirect(w, "data")
		if told, content := asAgent(t, agents); told != want.size || content != want.content {
			t.Errorf("%s: an agent is told %d and gets %q", path, told, content)
		}
	}

	before := asked.Load()
	_, agents := d.Redirect(&transfer.HTTPSource{URL: server.URL + "/plain"}, "data")
	for range 5 {
		if resp, err := http.Head(agents); err != nil || resp.ContentLength != 5 {
			t.Errorf("%v, %v", resp, err)
		}
	}
	if n := asked.Load() - before; n != 1 {
		t.Errorf("five agents made %d requests", n)
	}
}

// A server that this machine cannot see may be one that agents do.
func TestWebThatIsElsewhere(t *testing.T) {
	server := httptest.NewServer(nil)
	address := server.URL + "/x"
	server.Close()
	w := &transfer.HTTPSource{URL: address}
	if _, err := w.Size(t.Context()); err == nil || errors.Is(err, transfer.ErrRefused) {
		t.Errorf("got %v", err)
	}
	w.Elsewhere = true
	if size, err := w.Size(t.Context()); size >= 0 || err != nil {
		t.Errorf("got %d, %v", size, err)
	}
	d := open(t, transfer.Config{Folder: t.TempDir(), Bucket: folder(t)})
	_, agents := d.Redirect(w, "x")
	direct := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		req, err := http.NewRequestWithContext(t.Context(), method, agents, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := direct.Do(req)
		if err != nil || fmt.Sprint(resp.StatusCode, resp.Header.Get("Location")) != fmt.Sprint(307, address) {
			t.Errorf("%s: %v, %v", method, resp, err)
		}
	}
}
