package mlflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
)

// ids gives the ids of a conversation names in the order in which they appear, so that two conversations can be compared.
type ids struct {
	names map[string]string
	reals map[string]string
}

func newIDs() *ids { return &ids{map[string]string{}, map[string]string{}} }

var idPattern = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

// asked replaces ids in what a client asks by their names; others are the client's own, and stay.
func (i *ids) asked(s string) string {
	return idPattern.ReplaceAllStringFunc(s, func(id string) string {
		if i.names[id] == "" {
			i.names[id] = id
		}
		return i.names[id]
	})
}

// named replaces ids by their names.
func (i *ids) named(s string) string {
	return idPattern.ReplaceAllStringFunc(s, func(id string) string {
		if i.names[id] == "" {
			name := fmt.Sprintf("ID%d", len(i.names)+1)
			i.names[id], i.reals[name] = name, id
		}
		return i.names[id]
	})
}

var namePattern = regexp.MustCompile(`\bID[0-9]+\b`)

// real replaces names by ids.
func (i *ids) real(s string) string {
	return namePattern.ReplaceAllStringFunc(s, func(name string) string {
		if id := i.reals[name]; id != "" {
			return id
		}
		return name
	})
}

// times are what differs from one conversation to the next.
var times = map[string]bool{"creation_time": true, "last_update_time": true, "creation_timestamp_ms": true, "last_updated_timestamp_ms": true,
	"creation_timestamp": true, "last_updated_timestamp": true}

// same compares two answers but for their times.
func same(got string, want json.RawMessage) bool {
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal(want, &b) != nil {
		return false
	}
	return reflect.DeepEqual(timeless(a), timeless(b))
}

func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			if times[name] {
				delete(v, name)
				continue
			}
			v[name] = timeless(v[name])
		}
	case []any:
		for i := range v {
			v[i] = timeless(v[i])
		}
	}
	return v
}

// recorder writes down what a client asks for.
type recorder struct {
	mu        sync.Mutex
	ids       *ids
	artifacts string
	all       []exchange
}

// before records what passes to h.
func (r *recorder) before(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.Host = "127.0.0.1"
		kept := &keeper{ResponseWriter: w, status: http.StatusOK}
		_, path, _ := strings.Cut(strings.TrimPrefix(req.URL.RequestURI(), "/"), "/")
		h.ServeHTTP(kept, req)
		r.mu.Lock()
		defer r.mu.Unlock()
		plain := func(s string) string { return strings.ReplaceAll(s, r.artifacts, "/ARTIFACTS") }
		x := exchange{Method: req.Method, Status: kept.status, Path: r.ids.asked(plain("/" + path))}
		if len(body) > 0 {
			x.Body = json.RawMessage(r.ids.asked(plain(string(body))))
		}
		x.Answer = json.RawMessage(r.ids.named(plain(kept.body.String())))
		r.all = append(r.all, x)
	})
}

func (r *recorder) text() []byte {
	var out bytes.Buffer
	for _, x := range r.all {
		line, err := json.Marshal(x)
		if err != nil {
			panic(err)
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

type keeper struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keeper) WriteHeader(status int) {
	k.status = status
	k.ResponseWriter.WriteHeader(status)
}

func (k *keeper) Write(data []byte) (int, error) {
	k.body.Write(data)
	return k.ResponseWriter.Write(data)
}
