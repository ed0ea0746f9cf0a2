package containerizer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// webSource is a web server that counts what it is asked.
type webSource struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int // "METHOD /path"
	hold  chan struct{}  // GETs wait until it is closed; nil: they do not
}

// serveSource answers /N with N bytes, /dumb/N without telling how many, /lies/N with twice as many as it
// told, /moved/N with a redirect to /N.
func serveSource(t *testing.T) *webSource {
	s := &webSource{asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.Method+" "+r.URL.Path]++
		s.mu.Unlock()
		kind, number, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if !found {
			kind, number = "", kind
		}
		var n int
		if _, err := fmt.Sscan(number, &n); err != nil {
			http.NotFound(w, r)
			return
		}
		if r.Method == http.MethodGet && s.hold != nil {
			<-s.hold
		}
		switch {
		case kind == "moved":
			http.Redirect(w, r, "/"+number, http.StatusTemporaryRedirect)
			return
		case kind == "dumb":
			w.(http.Flusher).Flush() // from here on the length is not known
		case kind == "lies" && r.Method == http.MethodGet:
			n *= 2
			fallthrough
		default:
			w.Header().Set("Content-Length", fmt.Sprint(n))
		}
		fmt.Fprint(w, strings.Repeat("x", n))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *webSource) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[what]
}

// fetchCached brings an address into a sandbox of its own and gives the file.
func fetchCached(t *testing.T, c *fetchCache, address string, executable bool) (string, error) {
	t.Helper()
	yes, no, name, sandbox := true, false, ".kaon/in/data", t.TempDir()
	u := mesos.CommandInfo_URI{Value: address, Cache: &yes, Extract: &no, Executable: &executable,
		OutputFile: &name}
	dir, err := safefile.OpenDir(sandbox)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	f := fetcher{path: sandbox, sandbox: dir, cache: c, limits: archive.LimitsOf(0)}
	return filepath.Join(sandbox, name), f.fetch(t.Context(), &u)
}

func newCache(t *testing.T, space int64) *fetchCache {
	t.Helper()
	c, err := openFetchCache(filepath.Join(t.TempDir(), "fetch"), space)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sizeFetched is how large a fetched file is.
func sizeFetched(t *testing.T, c *fetchCache, address string) int64 {
	t.Helper()
	file, err := fetchCached(t, c, address, false)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// Many containers want one thing at the same time: it is asked for its size once and downloaded once.
func TestFetchOnceForManyAtOnce(t *testing.T) {
	s, c := serveSource(t), newCache(t, 0)
	s.hold = make(chan struct{})
	const n = 20
	errs := make(chan error, n)
	for range n {
		go func() {
			file, err := fetchCached(t, c, s.URL+"/moved/1000", false)
			if st, statErr := os.Stat(file); err == nil && (statErr != nil || st.Size() != 1000) {
				err = fmt.Errorf("fetched %v, %v", st, statErr)
			}
			errs <- err
		}()
	}
	for waiting := 0; waiting < n; {
		runtime.Gosched()
		c.mu.Lock()
		waiting = 0
		for _, at := range c.mu.entries {
			waiting = at.Value.(*cacheEntry).users
		}
		c.mu.Unlock()
	}
	close(s.hold)
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for what, want := range map[string]int{"HEAD /moved/1000": 1, "HEAD /1000": 1, "GET /moved/1000": 1,
		"GET /1000": 1} {
		if got := s.count(what); got != want {
			t.Errorf("%s: %d times, want %d", what, got, want)
		}
	}
}

// What was used longest ago makes room; what is too large, or of unknown size, is fetched again and again.
func TestFetchCacheIsBounded(t *testing.T) {
	s, c := serveSource(t), newCache(t, 1000)
	for _, step := range []struct {
		path string
		gets int // so far, of this path
		kept int
	}{
		{"/400", 1, 1}, {"/500", 1, 2}, {"/400", 1, 2},
		{"/300", 1, 2},                 // /500 was used longest ago
		{"/400", 1, 2}, {"/500", 2, 2}, // in whose place /300 went
		{"/1001", 1, 2}, {"/1001", 2, 2}, // never fits
		{"/dumb/7", 1, 2}, {"/dumb/7", 2, 2}, // says nothing
		{"/0", 1, 2}, {"/0", 2, 2}, // as Mesos has it
		{"/lies/10", 1, 2}, {"/lies/10", 2, 2}, // is more than it was said to be
		{"/500", 2, 2}, {"/400", 1, 2},
	} {
		want := int64(0)
		fmt.Sscan(step.path[strings.LastIndex(step.path, "/")+1:], &want)
		if strings.HasPrefix(step.path, "/lies") {
			want *= 2
		}
		if got := sizeFetched(t, c, s.URL+step.path); got != want {
			t.Errorf("%s: %d bytes", step.path, got)
		}
		if got := s.count("GET " + step.path); got != step.gets {
			t.Errorf("%s: asked for %d times, want %d", step.path, got, step.gets)
		}
		files, err := os.ReadDir(c.folder)
		if err != nil || len(files) != step.kept || len(c.mu.entries) != step.kept || c.mu.kept.Len() != step.kept {
			t.Errorf("after %s: %d files and %d entries, want %d; %v", step.path, len(files), len(c.mu.entries),
				step.kept, err)
		}
	}
	if c.mu.used != 900 {
		t.Errorf("%d bytes are claimed, want 900", c.mu.used)
	}
}

// What a container is copying is not thrown away under it; when nothing else is left to throw away, the next
// one has to fetch for itself.
func TestFetchCacheSparesWhatIsInUse(t *testing.T) {
	s, c := serveSource(t), newCache(t, 1000)
	e, err := c.get(t.Context(), s.URL+"/900")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.get(t.Context(), s.URL+"/800"); !errors.Is(err, errNotCached) {
		t.Errorf("got %v, want that it is not kept", err)
	}
	if st, err := os.Stat(e.file); err != nil || st.Size() != 900 {
		t.Errorf("%v, %v", st, err)
	}
	c.release(e)
	if other, err := c.get(t.Context(), s.URL+"/800"); err != nil {
		t.Error(err)
	} else {
		c.release(other)
	}
	if _, err := os.Stat(e.file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was thrown away is still there: %v", err)
	}
}

// An input is a copy of its own, which a trial may write to; an executable is a link, of which thousands cost
// nothing.
func TestFetchedInputIsACopy(t *testing.T) {
	s, c := serveSource(t), newCache(t, 0)
	file, err := fetchCached(t, c, s.URL+"/10", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := sizeFetched(t, c, s.URL+"/10"); got != 10 {
		t.Errorf("the next one gets %d bytes: what another wrote", got)
	}
	one, err1 := fetchCached(t, c, s.URL+"/20", true)
	two, err2 := fetchCached(t, c, s.URL+"/20", true)
	a, _ := os.Stat(one)
	b, _ := os.Stat(two)
	if err1 != nil || err2 != nil || !os.SameFile(a, b) || a.Mode().Perm() != 0o555 {
		t.Errorf("executables: %v %v, %v %v", a, b, err1, err2)
	}
}

// A container that ends while it fetches does not take down those that wait for the same: they fetch for
// themselves.
func TestFetchThatIsBrokenOff(t *testing.T) {
	s, c := serveSource(t), newCache(t, 0)
	s.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.get(ctx, s.URL+"/10")
		first <- err
	}()
	for s.count("GET /10") == 0 {
		runtime.Gosched()
	}
	second := make(chan error, 1)
	go func() {
		_, err := c.get(t.Context(), s.URL+"/10")
		second <- err
	}()
	for users := 0; users < 2; {
		runtime.Gosched()
		c.mu.Lock()
		users = c.mu.kept.Front().Value.(*cacheEntry).users
		c.mu.Unlock()
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	if err := <-second; !errors.Is(err, errNotCached) {
		t.Errorf("the second: %v", err)
	}
	close(s.hold)
	if got := sizeFetched(t, c, s.URL+"/10"); got != 10 {
		t.Errorf("then %d bytes", got)
	}
	if _, err := fetchCached(t, c, s.URL+"/missing", false); err == nil ||
		!strings.Contains(err.Error(), "404") {
		t.Errorf("what is not there: %v", err)
	}
}
