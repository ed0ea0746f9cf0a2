package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// routed has requests below Prefix for which there is no operation answered with problem details, as all others that
// fail are: where there is nothing, where another method is wanted, and where the path is another one.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		instead, pattern := mux.Handler(r)
		// a redirect is no function, as operations are
		if _, operation := instead.(http.HandlerFunc); pattern != "" && operation || !within(r.URL.Path) {
			mux.ServeHTTP(w, r)
			return
		}
		answer := statusAlone{header: http.Header{}}
		instead.ServeHTTP(&answer, r)
		for _, name := range []string{"Allow", "Location"} {
			if value := answer.header.Get(name); value != "" {
				w.Header().Set(name, value)
			}
		}
		p := Problem{ErrorModel: huma.ErrorModel{Status: answer.status, Title: http.StatusText(answer.status)}}
		switch answer.status {
		case http.StatusMethodNotAllowed:
			p.Detail = fmt.Sprintf("%s has no %s: it has %s", r.URL.Path, r.Method, answer.header.Get("Allow"))
		case http.StatusNotFound:
			p.Detail = fmt.Sprintf("there is no operation at %s: %s/openapi.json lists them", r.URL.Path, Prefix)
		default:
			p.Detail = fmt.Sprintf("%s is at %s", r.URL.Path, answer.header.Get("Location"))
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(answer.status)
		_ = json.NewEncoder(w).Encode(p) // the caller is gone when this fails
	})
}

// within tells whether a path, cleaned, is of the API.
func within(p string) bool {
	p = path.Clean("/" + p)
	return p == Prefix || strings.HasPrefix(p, Prefix+"/")
}

// statusAlone takes of an answer what it would be, without its body.
type statusAlone struct {
	header http.Header
	status int
}

func (a *statusAlone) Header() http.Header { return a.header }

func (a *statusAlone) WriteHeader(status int) { a.status = status }

func (a *statusAlone) Write(p []byte) (int, error) { return len(p), nil }
