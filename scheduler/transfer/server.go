package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// Config says what a depot serves and where it keeps its state.
type Config struct {
	Folder string // for the key, the port and what is coming in; only its owner may read it
	Sweep  string
	Bucket bucket.Bucket
	Bind   string // address to listen at, without port; empty: all
	Port   int    // 0: the one of the last time if it is free, else any
	Host   string // by which executors reach this process; empty: Bind

	// Parent is the depot that listens for this one as well, and serves its files; Bind, Port and Host are then its. nil: it
	// listens itself. At is the name of this one below the parent's address; empty: it answers there itself, as the only one.
	Parent *Depot
	At     string

	AttemptBytes int64 // of one attempt's artifacts together; 0: no bound
	Log          *slog.Logger
}

// Depot serves the files of one sweep. Its methods may be called from any goroutine.
type Depot struct {
	conf   Config
	key    key
	signer bucket.Signer // nil: what comes in passes through here
	base   string        // http://host:port, and the path below it
	server *http.Server  // nil: its parent's
	done   chan struct{}
	room   chan struct{} // holds one for each upload that is being received
	end    context.CancelFunc

	mu struct {
		sync.Mutex
		files    map[string]*file // by SHA-256
		inputs   []*input
		secrets  map[string]string
		attempts map[attemptID]*attempt
		trouble  error                        // see Trouble
		ended    func(trial, number int) bool // nil: not known yet
		children map[string]http.Handler      // by what they are At
	}
}

// Bounds of the server.
const (
	concurrent   = 64               // uploads received at one time; more wait
	headerWait   = 10 * time.Second // for a request to arrive
	idleWait     = time.Minute      // between two bytes of a body, and two requests
	maxHeader    = 16 << 10
	maxRequest   = 64 << 10 // bytes of a JSON request
	signedFor    = 15 * time.Minute
	addressFile  = "address"
	keyFile      = "key"
	uploadFolder = "uploads"
)

// Open starts serving. The caller must Close.
func Open(c Config) (*Depot, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Join(c.Folder, uploadFolder), 0o700); err != nil {
		return nil, fmt.Errorf("make the depot's folder: %w", err)
	}
	d := &Depot{conf: c, done: make(chan struct{}), room: make(chan struct{}, concurrent)}
	d.signer, _ = bucket.SignerOf(c.Bucket)
	d.mu.files = map[string]*file{}
	d.mu.attempts = map[attemptID]*attempt{}
	d.mu.children = map[string]http.Handler{}
	var err error
	if d.key, err = openKey(filepath.Join(c.Folder, keyFile)); err != nil {
		return nil, err
	}
	if c.Parent != nil {
		err = c.Parent.adopt(d)
	} else {
		err = d.serve()
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// serve listens, and answers until Close.
func (d *Depot) serve() error {
	c := d.conf
	listener, err := d.listen()
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	d.end = end
	d.server = &http.Server{
		Handler:           listen.Hosts(net.JoinHostPort(c.Bind, "0"), []string{c.Host}, crash.Handler(d.family())),
		ReadHeaderTimeout: headerWait, IdleTimeout: idleWait, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	crash.Go(func() {
		defer close(d.done)
		_ = d.server.Serve(listen.Limit(listener)) // Close ends it
	})
	return nil
}

// listen takes the port of the last time if it is free: running attempts know it.
func (d *Depot) listen() (net.Listener, error) {
	path := filepath.Join(d.conf.Folder, addressFile)
	port := d.conf.Port
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the depot's port: %w", err)
	}
	last, _ := strconv.Atoi(strings.TrimSpace(string(before)))
	if port == 0 {
		port = last
	}
	l, err := net.Listen("tcp", net.JoinHostPort(d.conf.Bind, strconv.Itoa(port)))
	if err != nil && d.conf.Port == 0 && last != 0 {
		d.conf.Log.Warn("the port of the last time is taken; attempts that run cannot deliver files", "port", last, "error", err)
		l, err = net.Listen("tcp", net.JoinHostPort(d.conf.Bind, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("listen for executors: %w", err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	host := d.conf.Host
	if host == "" {
		host = d.conf.Bind
	}
	d.base = "http://" + net.JoinHostPort(host, strconv.Itoa(port))
	if port == last {
		return l, nil
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(port)+"\n"), 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("keep the depot's port: %w", err)
	}
	return l, nil
}

// Close stops serving. What is half received stays for the next time.
func (d *Depot) Close() error {
	if d.conf.Parent != nil {
		d.conf.Parent.release(d)
		return nil
	}
	d.end()
	err := d.server.Close()
	<-d.done
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.mu.files {
		f.content.Close()
	}
	return err
}

// Remove deletes what the sweep left half received, in the state folder and in the bucket. No attempt may run; those of a retry may
// follow.
func (d *Depot) Remove(ctx context.Context) error {
	uploads := filepath.Join(d.conf.Folder, uploadFolder)
	err := errors.Join(os.RemoveAll(uploads), os.Mkdir(uploads, 0o700))
	if d.signer != nil {
		err = errors.Join(err, d.signer.AbortMultipart(ctx, results.ObjectName(d.conf.Sweep, "")))
	}
	if err != nil {
		return fmt.Errorf("remove half-received files: %w", err)
	}
	return nil
}

// routes are all that is served.
func (d *Depot) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /f/{sum}/{code}/{name}", d.getFile)
	mux.HandleFunc("GET /i/{number}/{code}/{name}", d.getInput)
	mux.HandleFunc("GET /u/{number}/{code}/{name}", d.getForAgent)
	mux.HandleFunc("GET /s/{code}", d.getSecrets)
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/offer", d.attemptCall(d.postOffer))
	mux.HandleFunc("PUT /a/{trial}/{attempt}/{code}/chunk", d.attemptCall(d.putChunk))
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/sign", d.attemptCall(d.postSign))
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/done", d.attemptCall(d.postDone))
	return mux
}
