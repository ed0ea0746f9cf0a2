package api

import (
	"net/http"
	"net/http/pprof"

	"github.com/kaon-sweep/kaon/server/access"
)

// profiles serves what Go knows of this process, for admins: memory, goroutines, where time goes. It is no part of the
// API's document, as what it answers is Go's.
func (a *API) profiles() {
	for path, h := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol,
		"trace": pprof.Trace,
	} {
		a.mux.HandleFunc("GET /debug/pprof/"+path, a.only(access.Admin, h))
	}
}
