package api

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

const (
	requestIDHeader = "X-Request-Id"
	longestID       = 64
	largestTagged   = 1 << 20 // bytes of an answer that is held back to be given an ETag
)

// requestID has every answer name its request: as the caller did, or by a name of our own.
func requestID(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !plainID(id) {
			id = strings.ToLower(rand.Text()[:16])
			r.Header.Set(requestIDHeader, id)
		}
		w.Header().Set(requestIDHeader, id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.ServeHTTP(w, r)
	})
}

func plainID(id string) bool {
	return id != "" && len(id) <= longestID && strings.IndexFunc(id, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// streams are answers that are neither tagged nor compressed: they have no end, or are whole files.
func streams(r *http.Request) bool {
	return r.Method != http.MethodGet || strings.HasSuffix(r.URL.Path, "/events") ||
		strings.HasSuffix(r.URL.Path, "/logs") ||
		strings.HasPrefix(r.URL.Path, Prefix+"/objects/") || strings.HasPrefix(r.URL.Path, Prefix+"/previews/")
}

// compress answers in gzip or zstd those who take it.
func compress(h http.Handler) http.Handler {
	small := gzhttp.GzipHandler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if streams(r) {
			h.ServeHTTP(w, r)
			return
		}
		small.ServeHTTP(w, r)
	})
}

// etag gives answers of a moderate size an ETag, and answers 304 to who has them.
func etag(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if streams(r) {
			h.ServeHTTP(w, r)
			return
		}
		held := &heldAnswer{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(held, r)
		held.end(r)
	})
}

// heldAnswer keeps an answer until it has ended or is too large for a tag.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	passed bool
}

func (a *heldAnswer) WriteHeader(status int) {
	if status >= http.StatusOK {
		a.status = status
	}
}

func (a *heldAnswer) Write(p []byte) (int, error) {
	if !a.passed && a.body.Len()+len(p) > largestTagged {
		if err := a.pass(); err != nil {
			return 0, err
		}
	}
	if a.passed {
		return a.ResponseWriter.Write(p)
	}
	return a.body.Write(p)
}

func (a *heldAnswer) pass() error {
	a.passed = true
	a.ResponseWriter.WriteHeader(a.status)
	_, err := a.ResponseWriter.Write(a.body.Bytes())
	return err
}

func (a *heldAnswer) end(r *http.Request) {
	if a.passed {
		return
	}
	if a.status == http.StatusOK {
		sum := sha256.Sum256(a.body.Bytes())
		tag := `W/"` + hex.EncodeToString(sum[:8]) + `"`
		a.Header().Set("ETag", tag)
		for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
			if strings.TrimSpace(known) == tag {
				a.Header().Del("Content-Length")
				a.ResponseWriter.WriteHeader(http.StatusNotModified)
				return
			}
		}
	}
	_ = a.pass() // the caller is gone when this fails
}
