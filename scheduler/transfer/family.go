package transfer

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// childPath is below what a depot that listens answers for others.
const childPath = "/of/"

// adopt has a depot answer for another one, below its own address.
func (d *Depot) adopt(child *Depot) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, taken := d.mu.children[child.conf.At]; taken {
		return fmt.Errorf("serve files of sweep %s: another is served at %q", child.conf.Sweep, child.conf.At)
	}
	child.base = d.base
	if child.conf.At != "" {
		child.base += childPath + url.PathEscape(child.conf.At)
	}
	d.mu.children[child.conf.At] = child.routes()
	return nil
}

// release ends that.
func (d *Depot) release(child *Depot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.mu.children, child.conf.At)
}

// family is the handler of a depot and of those it listens for: files are its own, all else is that of who it is for.
func (d *Depot) family() http.Handler {
	own := d.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := own
		if rest, found := strings.CutPrefix(r.URL.Path, childPath); found {
			name, _, _ := strings.Cut(rest, "/")
			h = http.StripPrefix(childPath+name, d.child(name, http.NotFoundHandler()))
		} else if !strings.HasPrefix(r.URL.Path, "/f/") {
			h = d.child("", own)
		}
		h.ServeHTTP(w, r)
	})
}

// child is the handler of a depot that this one listens for, or another when there is none.
func (d *Depot) child(at string, other http.Handler) http.Handler {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h, there := d.mu.children[at]; there {
		return h
	}
	return other
}
