package client_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kaon-sweep/kaon/server/client"
)

// A server that wants more time between requests gets all of them again, uploads as well.
func TestPatience(t *testing.T) {
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if asked[r.URL.Path]++; asked[r.URL.Path] == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if r.URL.Path == "/v1/folders" && (err != nil || string(text) != "packed" || r.Header.Get("Content-Type") != "application/zstd") {
			t.Errorf("%s brings %q, %v", r.URL.Path, text, err)
		}
		_, _ = io.WriteString(w, `{"folder": "f"}`)
	}))
	defer server.Close()
	c, err := client.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := c.Upload(t.Context(), []byte("packed")); err != nil || f.ID != "f" {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := c.WhoAmI(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Retry(t.Context(), "s"); err != nil {
		t.Error(err)
	}
}

// Names of sweeps and files come to the server as they are, also below a path of a proxy.
func TestNamesArriveAsTheyAre(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /at/v1/objects/{name...}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("name"))
	})
	mux.HandleFunc("GET /at/v1/sweeps/{sweep}/trials/{trial}/logs", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("sweep"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c, err := client.New(server.URL+"/at/", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain.txt", "my file.txt", "ü/100%.csv", "a%2Fb", "x?y#z", "a+b"} {
		from, err := c.Bucket().Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(from); string(got) != name {
			t.Errorf("object %q arrives as %q", name, got)
		}
		from.Close()
		if from, err = c.Logs(t.Context(), name, 0, 0, "stdout", 0, false); err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(from); string(got) != name {
			t.Errorf("sweep %q arrives as %q", name, got)
		}
		from.Close()
	}
}

// A server that ends while it is asked, or while it answers, leaves a connection that broke, which is no answer.
func TestConnectionThatBreaks(t *testing.T) {
	for name, answer := range map[string]string{
		"before the answer": "",
		"in its head":       "HTTP/1.1 200 OK\r\n",
		"in its body":       "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\": \"x\"",
		"in a chunk":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{\"id\": \"x\"",
	} {
		for _, reset := range []bool{true, false} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				if reset {
					_ = c.(*net.TCPConn).SetLinger(0)
				}
				_, _ = io.WriteString(c, answer)
				c.Close()
			}))
			c, err := client.New(server.URL, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Sweep(t.Context(), "x"); !errors.Is(err, client.ErrBroken) || errors.Is(err, client.ErrNobody) {
				t.Errorf("%s, reset %v: %v", name, reset, err)
			}
			server.Close()
		}
	}
}
