package inprocess

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func client(h http.HandlerFunc) *http.Client {
	return &http.Client{Transport: Transport{Handler: h, Streams: func(r *http.Request) bool { return r.URL.Path == "/stream" }}}
}

// A call is answered as by a server: with its header, status and body, and with what the handler sees of a request.
func TestCall(t *testing.T) {
	c := client(func(w http.ResponseWriter, r *http.Request) {
		name, secret, _ := r.BasicAuth()
		text, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 5))
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %s:%s", r.Method, r.Host, r.RequestURI, name, secret))
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "%s", text)
	})
	req, _ := http.NewRequest(http.MethodPost, "http://me:word@here:1/a?b=c", strings.NewReader("hello, you"))
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.Status != "202 Accepted" || string(text) != "hello" ||
		resp.Header.Get("X-Seen") != "POST here:1 /a?b=c me:word" {
		t.Errorf("%s %q %q %v", resp.Status, resp.Header, text, err)
	}
}

// A handler that breaks the connection is one that broke; any other panic is a fault.
func TestBroken(t *testing.T) {
	for _, path := range []string{"/call", "/stream"} {
		_, err := client(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).Get("http://here" + path)
		if !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", path, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a fault was swallowed")
		}
	}()
	_, _ = client(func(http.ResponseWriter, *http.Request) { panic("fault") }).Get("http://here/call")
}

// A stream is read while it is written; either end of it, and the request's context, ends the other.
func TestStream(t *testing.T) {
	for _, how := range []string{"handler", "break", "reader", "context"} {
		next, left := make(chan string), make(chan error, 1)
		c := client(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Mesos-Stream-Id", "7")
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			w.Header().Set("Late", "1")
			for {
				select {
				case text, more := <-next:
					if !more && how == "break" {
						panic(http.ErrAbortHandler)
					}
					if !more {
						left <- nil
						return
					}
					_, _ = io.WriteString(w, text)
				case <-r.Context().Done():
					left <- r.Context().Err()
					return
				}
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://here/stream", nil)
		resp, err := c.Do(req)
		if err != nil || resp.Header.Get("Mesos-Stream-Id") != "7" {
			t.Fatalf("%s: %v", how, err)
		}
		lines := bufio.NewReader(resp.Body)
		for i := range 3 {
			next <- fmt.Sprintln(i)
			if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintln(i) {
				t.Fatalf("%s: %q %v", how, line, err)
			}
		}
		want := io.EOF
		switch how {
		case "handler":
			close(next)
		case "break":
			close(next)
			want = ErrBroken
		case "reader":
			resp.Body.Close()
			want = io.ErrClosedPipe
		case "context":
			cancel()
			want = context.Canceled
		}
		if _, err := lines.ReadString('\n'); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", how, err, want)
		}
		if how != "break" {
			select {
			case <-left:
			case <-time.After(10 * time.Second):
				t.Errorf("%s: the handler goes on", how)
			}
		}
		resp.Body.Close()
		cancel()
	}
}

// A handler that says no to what may be a stream answers like any other.
func TestNoStream(t *testing.T) {
	resp, err := client(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) }).Get("http://here/stream")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusForbidden || string(text) != "no\n" {
		t.Errorf("%d %q %v", resp.StatusCode, text, err)
	}
}
