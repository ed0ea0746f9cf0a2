package transfer

import "net/http"

// Handler answers as the server does at its address, for who brings requests by another way. It must not be a child.
func (srv *Server) Handler() http.Handler { return srv.family() }
