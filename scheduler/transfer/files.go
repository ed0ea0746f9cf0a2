package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// file is one that is served under the hash of its content. It stays open: a name may get other content.
type file struct {
	content *os.File
	size    int64
}

// Serve offers a file's content, as it is now, and gives the URL and the SHA-256 of it. The URL's last part is name;
// as it depends on the content, caches between never confuse two.
func (d *Depot) Serve(path, name string) (address, sum string, err error) {
	if d.conf.Parent != nil { // what two sweeps have is open once
		return d.conf.Parent.Serve(path, name)
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
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.files[sum] == nil {
		d.mu.files[sum] = &file{f, size}
	} else {
		f.Close()
	}
	return d.base + "/f/" + sum + "/" + d.key.code("f", sum) + "/" + url.PathEscape(name), sum, nil
}

func (d *Depot) getFile(w http.ResponseWriter, r *http.Request) {
	sum := r.PathValue("sum")
	d.mu.Lock()
	f := d.mu.files[sum]
	d.mu.Unlock()
	if !d.key.allows(r.PathValue("code"), "f", sum) || f == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+sum+`"`)
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(f.content, 0, f.size))
}

// Secrets offers variables to this sweep's executors. They are held in memory and nowhere else.
func (d *Depot) Secrets(values map[string]string) (address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.secrets = values
	return d.base + "/s/" + d.key.code("s")
}

func (d *Depot) getSecrets(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	values := d.mu.secrets
	d.mu.Unlock()
	if !d.key.allows(r.PathValue("code"), "s") || values == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, values)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that is gone asks again
}
