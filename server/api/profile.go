package api

import (
	"net/http"
	"net/http/pprof"
)

// profiles serves what Go knows of this process, for admins: memory, goroutines, where time goes. It is no part of the
// API's document, as what it answers is Go's.
func (a *API) profiles() {
	for path, h := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		a.mux.HandleFunc("GET /debug/pprof/"+path, a.only(Admin, h))
	}
}

// only answers callers of a role.
func (a *API) only(least Role, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, unknown := a.caller(r.Context(), r.Header.Get("Authorization"))
		err := refusal(caller, least, unknown)
		if err == nil {
			h(w, r)
			return
		}
		if err.GetStatus() == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", challenge)
		}
		http.Error(w, err.Error(), err.GetStatus())
	}
}
