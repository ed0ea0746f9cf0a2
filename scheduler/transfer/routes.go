package transfer

import "net/http"

// routes are all that is served.
func (srv *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /f/{sum}/{code}/{name}", srv.getFile)
	mux.HandleFunc("GET /i/{number}/{code}/{name}", srv.getInput)
	mux.HandleFunc("GET /u/{number}/{code}/{name}", srv.getForAgent)
	mux.HandleFunc("GET /s/{code}", srv.getSecrets)
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/offer", srv.attemptCall(srv.postRequest))
	mux.HandleFunc("PUT /a/{trial}/{attempt}/{code}/chunk", srv.attemptCall(srv.putChunk))
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/sign", srv.attemptCall(srv.postSign))
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/done", srv.attemptCall(srv.postComplete))
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/whole", srv.attemptCall(srv.postWhole))
	mux.HandleFunc("POST /a/{trial}/{attempt}/{code}/saved", srv.attemptCall(srv.postSaved))
	mux.HandleFunc("GET /a/{trial}/{attempt}/{code}/saved/{from}/{name...}", srv.attemptCall(srv.getSaved))
	return mux
}
