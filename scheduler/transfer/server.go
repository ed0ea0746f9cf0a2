package transfer

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// Config says what a Server serves and where it keeps its state.
type Config struct {
	Folder string // for the key, the port and what is coming in; only its owner may read it
	Sweep  string
	Bucket bucket.Bucket
	Bind   string // address to listen at, without port; empty: all
	Port   int    // 0: the one of the last time if it is free, else any
	Host   string // by which executors reach this process; empty: Bind

	// Parent is the Server that listens for this one as well, and serves its files; Bind, Port and Host are
	// then its. nil: it listens itself. At is the name of this one below the parent's address; empty: it
	// answers there itself, as the only one.
	Parent *Server
	At     string

	// Gathers: it listens for others that come after it. Until Gathered is called, who asks for one that is not there
	// is told to ask again: an executor may have outlived the process that it was served by.
	Gathers bool

	AttemptBytes int64 // of one attempt's artifacts together; 0: no bound
	Log          *slog.Logger
}

// Server serves the files of one sweep. Its methods may be called from any goroutine.
type Server struct {
	conf       Config
	key        key
	signer     bucket.Signer // nil: what comes in passes through here
	base       string        // http://host:port, and the path below it
	httpServer *http.Server  // nil: its parent's
	done       chan struct{}
	room       chan struct{} // holds one for each upload that is being received
	end        context.CancelFunc
	writing    *writing

	mu struct {
		sync.Mutex
		files    map[string]*servedFile // by SHA-256
		inputs   []*input
		secrets  map[string]string
		attempts map[attemptID]*attemptUploads
		err      error                        // see Err
		ended    func(trial, number int) bool // nil: not known yet
		children map[string]http.Handler      // by what they are At
		gathered bool                         // of children, all that there were are here again
	}
}

// Bounds of the server.
const (
	concurrent   = 64          // uploads received at one time; more wait
	idleWait     = time.Minute // between two bytes of a body, and two requests
	maxHeader    = 16 << 10
	maxRequest   = 64 << 10 // bytes of a JSON request
	signedFor    = 15 * time.Minute
	addressFile  = "address"
	keyFile      = "key"
	uploadFolder = "uploads"
)

// servedFile is one that is served under the hash of its content. It stays open: a name may get other
// content.
type servedFile struct {
	content *os.File
	size    int64
}
