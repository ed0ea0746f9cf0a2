package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// Serve serves a file's content, as it is now, and gives the URL and the SHA-256 of it. The URL's last part
// is name; as it depends on the content, caches between never confuse two.
func (srv *Server) Serve(path, name string) (address, sum string, err error) {
	if srv.conf.Parent != nil { // what two sweeps have is open once
		return srv.conf.Parent.Serve(path, name)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", "", fmt.Errorf("serve %s: %w", name, err)
	}
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		f.Close()
		return "", "", fmt.Errorf("serve %s: read %s: %w", name, path, err)
	}
	sum = hex.EncodeToString(h.Sum(nil))
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.mu.files[sum] == nil {
		srv.mu.files[sum] = &servedFile{f, size}
	} else {
		f.Close()
	}
	return srv.base + "/f/" + sum + "/" + srv.key.code("f", sum) + "/" + url.PathEscape(name), sum, nil
}

func (srv *Server) getFile(w http.ResponseWriter, r *http.Request) {
	sum := r.PathValue("sum")
	srv.mu.Lock()
	f := srv.mu.files[sum]
	srv.mu.Unlock()
	if !srv.key.allows(r.PathValue("code"), "f", sum) || f == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+sum+`"`)
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(f.content, 0, f.size))
}

// Secrets serves variables to this sweep's executors. They are held in memory and nowhere else.
func (srv *Server) Secrets(values map[string]string) (address string) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.mu.secrets = values
	return srv.base + "/s/" + srv.key.code("s")
}

func (srv *Server) getSecrets(w http.ResponseWriter, r *http.Request) {
	srv.mu.Lock()
	values := srv.mu.secrets
	srv.mu.Unlock()
	if !srv.key.allows(r.PathValue("code"), "s") || values == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, values)
}
