package transfer

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// childPath is the path below which a server that listens answers for others.
const childPath = "/of/"

// adopt has a server answer for another one, below its own address.
func (srv *Server) adopt(child *Server) error {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if _, taken := srv.mu.children[child.conf.At]; taken {
		return fmt.Errorf("serve files of sweep %s: another is served at %q", child.conf.Sweep, child.conf.At)
	}
	child.base = srv.base
	if child.conf.At != "" {
		child.base += childPath + url.PathEscape(child.conf.At)
	}
	srv.mu.children[child.conf.At] = child.routes()
	return nil
}

// release ends that.
func (srv *Server) release(child *Server) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.mu.children, child.conf.At)
}

// family is the handler of a server and of those it listens for: files are its own, all else is that of who
// it is for.
func (srv *Server) family() http.Handler {
	own := srv.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := own
		if rest, found := strings.CutPrefix(r.URL.Path, childPath); found {
			name, _, _ := strings.Cut(rest, "/")
			h = http.StripPrefix(childPath+name, srv.child(name, http.NotFoundHandler()))
		} else if !strings.HasPrefix(r.URL.Path, "/f/") {
			h = srv.child("", own)
		}
		h.ServeHTTP(w, r)
	})
}

// Gathered says that all whom this server listens for, and who were there before, are here again.
func (srv *Server) Gathered() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.mu.gathered = true
}

func notYet(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "the process has just begun: ask again", http.StatusServiceUnavailable)
}

// child is the handler of a server that this one listens for, or another when there is none.
func (srv *Server) child(at string, other http.Handler) http.Handler {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if h, there := srv.mu.children[at]; there {
		return h
	}
	if !srv.mu.gathered {
		return http.HandlerFunc(notYet)
	}
	return other
}
