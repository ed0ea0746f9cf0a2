package api

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server"
)

// Config says what an API is over. Server, Bucket and Folder are required.
type Config struct {
	Server  *server.Server
	Bucket  bucket.Bucket // that the server writes to
	Folder  string        // for uploaded folders and the audit log; only its owner may read it
	Place   string        // of the results, for people
	Tokens  *Tokens       // nil: only callers of this machine's socket are known
	Version string        // of this program
	Rate    float64       // of requests a second by each caller with a token; 0: Rate, negative: no bound
	Log     *slog.Logger  // nil: none

	UI      http.Handler           // its pages, at / and below /ui/; nil: none
	Browser func() (string, error) // an address for browsers of this machine, opened at the first call; nil: none
	// Metrics writes, in Prometheus's text format, what other stages count; nil: nothing.
	Metrics func(io.Writer)
}

// API answers requests. Its methods may be called from any goroutine.
type API struct {
	cfg     Config
	mux     *http.ServeMux
	huma    huma.API
	catalog *catalog
	boards  *boards
	usages  *usages
	hub     *hub
	audit   *audit
	stats   *stats

	sessions *sessions
	rates    *rates
	heavy    chan struct{} // holds who makes an answer that takes long
}
