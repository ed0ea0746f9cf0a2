package api

import (
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/accounting"
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/server/scaling"
	"github.com/kaon-sweep/kaon/server/workflows"
)

// Config says what an API is over. Server, Bucket and Folder are required.
type Config struct {
	Server  *server.Server
	Bucket  bucket.Bucket // that the server writes to
	Folder  string        // for uploaded folders and the audit log; only its owner may read it
	Folders string        // where uploaded folders lie, which runs know by their paths; empty: FoldersPath in Folder
	Place   string        // of the results, for people
	Access  access.Config // who is known, and how often they may ask
	Version string        // of this program
	Log     *slog.Logger  // nil: none

	UI      http.Handler           // its pages, at / and below /ui/; nil: none
	Browser func() (string, error) // an address for browsers of this machine, opened at the first call; nil: none
	// Metrics writes, in Prometheus's text format, what other stages count; nil: nothing.
	Metrics func(io.Writer)
	// Scaling advises how many agents there should be; nil: nothing does.
	Scaling *scaling.Scaler
	// Workflows has the runs of workflows; nil: this process runs none.
	Workflows *workflows.Manager
	// Registered has the registered workflows; nil only when Workflows is.
	Registered *registry.Registry
}

// API answers requests. Its methods may be called from any goroutine.
type API struct {
	cfg     Config
	mux     *http.ServeMux
	huma    huma.API
	catalog *catalog
	boards  *boards
	orders  orders
	usages  *accounting.Ledger
	hub     *hub
	audit   *audit
	stats   *stats

	guard   *access.Guard
	folding sync.Mutex    // held while who has uploaded a folder is changed, and while one is removed
	heavy   chan struct{} // holds who makes an answer that takes long
}
