package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
)

// shelf is a web server with files, which counts what is asked of it and sent.
type shelf struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]string
	gets  map[string]int // of the whole file
	heads map[string]int
	bytes int64
}

func newShelf(t *testing.T) *shelf {
	s := &shelf{files: map[string]string{}, gets: map[string]int{}, heads: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		data, found := s.files[r.URL.Path]
		switch {
		case r.Method == http.MethodHead:
			s.heads[r.URL.Path]++
		case r.Header.Get("Range") == "":
			s.gets[r.URL.Path]++
			s.bytes += int64(len(data))
		}
		if !found {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(data))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) put(path, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = data
}

// fetched is how often a whole file was sent since the last time it was asked for.
func (s *shelf) fetched(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.gets[path]
	s.gets[path] = 0
	return n
}

func sumOf(data string) string {
	h := sha256.Sum256([]byte(data))
	return hex.EncodeToString(h[:])
}

// reading is a sweep of trials with executors of their own, which read their inputs.
const reading = `
name: reading
method: grid
parameters: {x: {values: [0, 1, 2, 3, 4, 5]}}
command: "cat plain.txt checked.txt beside.txt && sh code.sh && echo spoilt >> plain.txt"
task:
  isolation: container
  code: src
  fetch: [URL/plain.txt, {url: URL/checked.txt, sha256: SUM}, beside.txt]
  resources: {cpus: 0.5, memory: 16MB}
  logs: all
`

func (p place) reading(s *shelf) {
	p.t.Helper()
	s.put("/plain.txt", "plain\n")
	s.put("/checked.txt", "checked\n")
	p.write("beside.txt", "beside\n")
	p.write("src/code.sh", "echo code\n")
	p.write("reading.yaml", strings.NewReplacer("URL", s.URL, "SUM", sumOf("checked\n")).Replace(reading))
}

// read6 asserts that all six trials of a sweep printed a text.
func (p place) read6(id, want string) {
	p.t.Helper()
	for trial := range 6 {
		if got := p.kaon("logs", fmt.Sprintf("%s/%d", id, trial)).ends(exitDone).stdout; got != want {
			p.t.Errorf("trial %d read %q, want %q", trial, got, want)
		}
	}
}

// On one agent, attempts that have executors of their own have their inputs fetched once, and can spoil only their own
// copy. A later sweep gets what has changed, and need not fetch what its checksum says is the same.
func TestInputsAreFetchedOncePerAgent(t *testing.T) {
	t.Parallel()
	p, s := newPlace(t), newShelf(t)
	p.reading(s)
	address := p.serve("", "name=a,cpus=2,mem=400")
	for _, sweep := range []struct {
		plain          string
		plains, checks int
	}{{"plain\n", 1, 1}, {"changed\n", 1, 0}} {
		s.put("/plain.txt", sweep.plain)
		got := contract(t, p.kaon("run", "reading.yaml", "--cluster", address, "--json").ends(exitDone))
		if got.Trials.Succeeded != 6 {
			t.Fatalf("%+v", got.Trials)
		}
		p.read6(got.Sweep, sweep.plain+"checked\nbeside\ncode\n")
		if n := s.fetched("/plain.txt"); n != sweep.plains {
			t.Errorf("%q was fetched %d times, want %d", sweep.plain, n, sweep.plains)
		}
		if n := s.fetched("/checked.txt"); n != sweep.checks {
			t.Errorf("what has a checksum was fetched %d times, want %d", n, sweep.checks)
		}
	}
	// On this machine alone it is the same.
	got := contract(t, p.kaon("run", "reading.yaml", "--json").ends(exitDone))
	p.read6(got.Sweep, "changed\nchecked\nbeside\ncode\n")
	if a, b := s.fetched("/plain.txt"), s.fetched("/checked.txt"); a != 1 || b != 1 {
		t.Errorf("fetched %d and %d times on this machine, want once each", a, b)
	}
	if left, err := filepath.Glob(filepath.Join(p.dir, "kaon-results/.state/*/agents/local/fetch")); err != nil || len(left) > 0 {
		t.Errorf("what was kept is left behind: %v %v", left, err)
	}
}

// What is in S3 is signed for GETs, whatever characters its key has, is fetched once nevertheless, and by nobody who could not have it.
func TestObjectsAreFetchedOncePerAgent(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("data")
	b, err := s3.Open(t.Context(), "s3://data")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "set/#1 50%?.txt", strings.NewReader("object\n")); err != nil {
		t.Fatal(err)
	}
	behind, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var signed, refused atomic.Int32
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host // which is part of what was signed
			if r.In.URL.Query().Has("X-Amz-Signature") {
				signed.Add(1)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode >= 400 {
				refused.Add(1)
			}
			return nil
		},
	})
	t.Cleanup(front.Close)
	p, s := newPlace(t), newShelf(t)
	p.aws = []string{"AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey, "AWS_ENDPOINT_URL=" + front.URL, "AWS_REGION=us-east-1"}
	p.reading(s)
	got := contract(t, p.kaon("run", "reading.yaml", "--json", "--set", `task.fetch=[{url: "s3://data/set/#1 50%?.txt", to: plain.txt}]`, "--set", `command="cat plain.txt"`).ends(exitDone))
	p.read6(got.Sweep, "object\n")
	if signed.Load() != 1 || refused.Load() != 0 {
		t.Errorf("%d requests with a signed address, of which %d were refused, want one GET", signed.Load(), refused.Load())
	}
}

// A file that is not what the spec says it is fails trials, which say so.
func TestChangedInputIsTold(t *testing.T) {
	t.Parallel()
	p, s := newPlace(t), newShelf(t)
	p.reading(s)
	s.put("/checked.txt", "something else\n")
	r := p.kaon("run", "reading.yaml").ends(exitFailed)
	r.prints("fetch checked.txt: its sha256 is " + sumOf("something else\n") + ", not " + sumOf("checked\n"))
	if n := s.fetched("/checked.txt"); n != 7 {
		t.Errorf("fetched %d times, want once by the agent and once by each of the six that found it wrong", n)
	}
}

// An address with nothing behind it does not start; one that cannot be seen from here may be seen by agents.
func TestInputsAreLookedForFirst(t *testing.T) {
	t.Parallel()
	p, s := newPlace(t), newShelf(t)
	p.reading(s)
	p.write("gone.yaml", strings.Replace(p.read("reading.yaml"), "plain.txt,", "gone.txt,", 1))
	p.kaon("run", "gone.yaml").ends(exitUsage).says("gone.yaml:9:", "task.fetch.0", s.URL+"/gone.txt", "404 Not Found", "correct the address")
	if n := s.fetched("/gone.txt"); n != 0 {
		t.Errorf("%d trials asked for it", n)
	}
	closed := "http://" + closedPort(t)
	x := p.start("run", "reading.yaml", "--set", "task.fetch=["+closed+"/far.txt]")
	x.stdout.await(t, "warning: "+closed+"/far.txt is not to be had from this machine")
	x.stdout.await(t, "unless their agents can get it")
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted).prints("connection refused")
}

// What has gone since the sweep began is no reason not to go on with it.
func TestInputsThatVanishAreTold(t *testing.T) {
	t.Parallel()
	p, s := newPlace(t), newShelf(t)
	p.reading(s)
	got := contract(t, p.kaon("run", "reading.yaml", "--json").ends(exitDone))
	s.mu.Lock()
	delete(s.files, "/plain.txt")
	s.mu.Unlock()
	p.kaon("run", "--resume", got.Sweep).ends(exitDone).prints("warning: "+s.URL+"/plain.txt is not to be had from this machine", "6 succeeded")
}

// When agents cannot bring it, executors do, with their own words about what is wrong.
func TestInputsThatAgentsCannotBring(t *testing.T) {
	t.Parallel()
	p, s := newPlace(t), newShelf(t)
	p.reading(s)
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.heads["/once"]++; s.heads["/once"] > 1 { // it is there when the sweep is submitted, and then never more
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", "5")
	}))
	t.Cleanup(gone.Close)
	r := p.kaon("run", "reading.yaml", "--json", "--set", "run_cap=1", "--set", "task.fetch=["+gone.URL+"/far.txt]").ends(exitFailed)
	var trial board.Trial
	p.kaon("trial", contract(t, r).Sweep+"/0", "--json").ends(exitDone).json(&trial)
	if len(trial.Attempts) != 1 || trial.Attempts[0].End.State != "failed" || !strings.Contains(trial.Attempts[0].End.Reason, "fetch far.txt: 404 page not found") {
		t.Errorf("%d attempts, the first: %+v", len(trial.Attempts), trial.Attempts[0].End)
	}
}
