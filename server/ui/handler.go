package ui

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed web
var embedded embed.FS

// Files are the pages' files, by the names they have below /ui/.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "web")
	if err != nil {
		panic(err) // a valid path
	}
	return files
}

// headers are on every answer. Scripts and styles come from this origin's files and from nowhere else: a name or a log
// line that is markup does nothing, and no other site shows these pages in a frame.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; " +
		"form-action 'self'; " +
		"frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	// whoever has a file asks whether it is the same: kaon may be another tomorrow
	"Cache-Control": "no-cache",
}

// types are those of the files' names, whatever the machine says of them.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}

// Handler answers / with the page and /ui/ with its files. They are no secret: whoever asks gets them.
func Handler() http.Handler {
	files := Files()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		name := strings.TrimPrefix(r.URL.Path, "/ui/")
		if r.URL.Path == "/" {
			name = "index.html"
		}
		data, err := fs.ReadFile(files, name)
		if err != nil || !fs.ValidPath(name) {
			http.Error(w, "no such page", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", types[path.Ext(name)]) // a test holds that every file has one
		_, _ = w.Write(data)                                  // who asked may be gone
	})
}
