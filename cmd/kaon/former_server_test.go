package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
)

// A server of an earlier version, which takes no file without a folder, is handed in specs that need none.
func TestSubmitToAFormerServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, ready := p.serving("--listen", "127.0.0.1:0")
	to, err := url.Parse(ready.Listen[0])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	former := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var sub api.Submission
		read := err == nil && r.Method == http.MethodPost && json.Unmarshal(text, &sub) == nil
		if read && sub.File != "" && sub.Folder == "" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			io.WriteString(w, `{"title": "Unprocessable Entity", "status": 422, "detail": "file is for callers on the `+
				`server's machine: upload the folder, and give its id as folder"}`)
			return
		}
		r.Body, r.Host = io.NopCloser(bytes.NewReader(text)), to.Host
		proxy.ServeHTTP(w, r)
	}))
	defer former.Close()
	secret := strings.TrimSpace(p.kaon("token", "create", "ann").ends(exitDone).stdout)
	far := newPlace(t)
	far.aws = []string{"KAON_TOKEN=" + secret}
	far.write("quick.yaml", quickSpec)
	far.write("lr.yaml", strings.Replace(quickSpec, "name: ", "description: ", 1))
	for file, called := range map[string]string{"quick.yaml": "quick-", "lr.yaml": "sweep-"} {
		far.kaon("plan", file, "--server", former.URL).ends(exitDone)
		far.kaon("submit", file, "--server", former.URL).ends(exitDone).prints(called)
	}
	far.kaon("submit", "lr.yaml", "--server", ready.Listen[0]).ends(exitDone).prints("lr-")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}
