package stdio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/testkit"
)

// process is the input and output of a process, which attachments come and go at; all of the output is in its log.
type process struct {
	client *stdio.Client
	in     *io.PipeWriter

	mu  sync.Mutex
	log bytes.Buffer
	out *io.PipeWriter // of who is attached; nil: nobody
}

func newProcess(t *testing.T) *process {
	r, w := io.Pipe()
	p := &process{in: w}
	t.Cleanup(func() { w.Close() })
	p.client = stdio.NewClient(r, p)
	return p
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.log.Write(b)
	out := p.out
	p.mu.Unlock()
	if out != nil {
		_, _ = out.Write(b)
	}
	return len(b), nil
}

// attach serves a session until cut is called; cut may fall into the middle of a line.
func (p *process) attach(session string, h http.Handler) (cut func()) {
	r, w := io.Pipe()
	p.mu.Lock()
	p.out = w
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // of the test's own
		defer close(done)
		_ = stdio.Serve(ctx, session, r, p.in, h)
	}()
	return func() {
		p.mu.Lock()
		p.out = nil
		p.mu.Unlock()
		w.Close()
		cancel()
		<-done
	}
}

func (p *process) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	rq, err := http.NewRequestWithContext(ctx, method, "http://there:1"+path, body)
	if err != nil {
		return nil, err
	}
	return p.client.RoundTrip(rq)
}

// echo answers with the body it gets, and says what it saw.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("X-Saw", r.Method+" "+r.Host+" "+r.URL.RequestURI())
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(body)
})

// Bodies of any size go both ways, many at a time, also those that are larger than any credit.
func TestBodies(t *testing.T) {
	p := newProcess(t)
	defer p.attach("a", echo)()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			sent := make([]byte, []int{0, 1, 24 << 10, 24<<10 + 1, 300_000, 1 << 20, 7, 100_000}[i])
			for j := range sent {
				sent[j] = byte(rand.Uint32())
			}
			resp, err := p.do(t.Context(), http.MethodPut, fmt.Sprintf("/x/%d?a=b%%20c", i), bytes.NewReader(sent))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil || !bytes.Equal(got, sent) || resp.StatusCode != http.StatusAccepted {
				t.Errorf("%d: %d of %d bytes, %s, %v", i, len(got), len(sent), resp.Status, err)
			}
			if saw := resp.Header.Get("X-Saw"); !strings.HasPrefix(saw, "PUT there:1 ") {
				t.Errorf("saw %q", saw)
			}
		})
	}
	all.Wait()
}

// A stream is read while it is written. When the attachment is cut it breaks at both ends, and the next one brings another.
func TestStreamOverAttachments(t *testing.T) {
	p := newProcess(t)
	left := make(chan error, 8)
	events := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(w, "event %d\n", i); err != nil || http.NewResponseController(w).Flush() != nil {
				left <- r.Context().Err()
				return
			}
			if i == 2 {
				<-r.Context().Done()
				left <- r.Context().Err()
				return
			}
		}
	})
	for n := range 3 {
		cut := p.attach(fmt.Sprint("session", n), events)
		var resp *http.Response
		testkit.Await(t, "an answer in the new session", func() (ok bool) { // what was asked in the one before is broken
			var err error
			resp, err = p.do(t.Context(), http.MethodPost, "/subscribe", strings.NewReader("me"))
			return err == nil
		})
		got := make([]byte, len("event 0\nevent 1\nevent 2\n"))
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "event 0\nevent 1\nevent 2\n" {
			t.Fatalf("%q, %v", got, err)
		}
		cut()
		if err := <-left; err == nil {
			t.Error("the handler was not told")
		}
		cut = p.attach(fmt.Sprint("other", n), events) // which tells the process
		if _, err := resp.Body.Read(got); !errors.Is(err, stdio.ErrBroken) {
			t.Errorf("read %v", err)
		}
		resp.Body.Close()
		cut()
	}
}

// Who reads one body slowly holds up no other request.
func TestSlowReaderHoldsUpNobody(t *testing.T) {
	p := newProcess(t)
	defer p.attach("a", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/much" {
			_, _ = w.Write(make([]byte, 4<<20))
		}
	}))()
	slow, err := p.do(t.Context(), http.MethodGet, "/much", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		resp, err := p.do(t.Context(), http.MethodGet, "/little", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	n, err := io.Copy(io.Discard, slow.Body)
	if n != 4<<20 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// A log shows what was asked, whoever was attached: complete requests in the order of their ends, whatever is between
// them.
func TestReplay(t *testing.T) {
	p := newProcess(t)
	cut := p.attach("a", echo)
	for i := range 3 {
		resp, err := p.do(t.Context(), http.MethodPost, fmt.Sprint("/update/", i), strings.NewReader(strings.Repeat(fmt.Sprint(i), 50_000)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	cut()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { // nobody answers it
		_, err := p.do(ctx, http.MethodPost, "/update/3", strings.NewReader("last"))
		ended <- err
	}()
	logged := func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.log.String()
	}
	testkit.Await(t, "the last request", func() bool { return strings.Count(logged(), " end") >= 4 })
	text := "half a li" + logged()
	cancel()
	<-ended
	var got []string
	err := stdio.Replay(strings.NewReader(text+"kaon a 99 open R0VUIC8=\nkaon a 99 da"), func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, len(body)))
	})
	want := "[POST /update/0 50000 POST /update/1 50000 POST /update/2 50000 POST /update/3 4]"
	if fmt.Sprint(got) != want || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if !stdio.Listening(strings.NewReader(text)) || stdio.Listening(strings.NewReader("kaon a 1 hello\nno\n")) {
		t.Error("listening")
	}
	if !stdio.Listening(strings.NewReader("YWJj\nkaon a 7 end\n")) { // rotated
		t.Error("listening, by the rest of a log")
	}
}

// Whatever a process prints, the other end takes no more than it has room for, and goes on.
func TestAttackOutput(t *testing.T) {
	head := "UE9TVCBodHRwOi8vdGhlcmUveCBIVFRQLzEuMQ0KSG9zdDogdGhlcmUNCkNvbnRlbnQtTGVuZ3RoOiA5OTk5OTk5DQoNCg=="
	var b strings.Builder
	b.WriteString(strings.Repeat("x", 1<<20) + "\n") // a line longer than any
	for i := range 1000 {                            // more requests than there may be
		fmt.Fprintf(&b, "kaon a %d open %s\n", i, head)
	}
	part := strings.Repeat("QUFB", 8<<10)
	for range 100 { // more of a body than it has credit for
		fmt.Fprintf(&b, "kaon a 0 data %s\n", part)
	}
	for _, line := range []string{"kaon a 1 got 99999999999", "kaon a 1 got LTE=", "kaon a -1 data", "kaon a 18446744073709551616 data QQ==",
		"kaon a 2 open !!!", "kaon a 3000 open R0VU", "kaon b 1 end", "kaon a 1 nonsense", "kaon  1 end", "kaon a 5 end x y"} {
		b.WriteString(line + "\n")
	}
	var answered bytes.Buffer
	var mu sync.Mutex
	err := stdio.Serve(t.Context(), "a", strings.NewReader(b.String()), writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return answered.Write(p)
	}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, io.LimitReader(r.Body, 10)); err == nil {
			<-r.Context().Done()
		}
	}))
	if err != io.EOF {
		t.Errorf("ended with %v", err)
	}
	if drops := strings.Count(answered.String(), " drop "); drops < 900 {
		t.Errorf("%d requests refused", drops)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
