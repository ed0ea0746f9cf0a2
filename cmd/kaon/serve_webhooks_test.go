package main

import (
	"crypto/hmac"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/webhook"
)

// A sweep's end is told to a webhook, signed, where that is allowed.
func TestServeWebhook(t *testing.T) {
	t.Parallel()
	told := make(chan webhook.Event, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e webhook.Event
		if err != nil || json.Unmarshal(body, &e) != nil {
			t.Errorf("%v in %q", err, body)
		}
		if want := webhook.Sign([]byte("hush"), r.Header.Get("X-Kaon-Timestamp"), body); !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Kaon-Signature"))) {
			t.Errorf("signed %s, want %s", r.Header.Get("X-Kaon-Signature"), want)
		}
		told <- e
	}))
	defer receiver.Close()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	p.write("secret", "hush\n")
	p.kaon("serve", "--webhook", receiver.URL).ends(exitUsage).says("--webhook-secret @FILE")
	p.kaon("serve", "--webhook", receiver.URL, "--webhook-secret", "hush").ends(exitUsage).says("command line")
	p.kaon("serve", "--webhook", receiver.URL, "--webhook-secret", "@secret").ends(exitUsage).says("chmod 600")
	if err := os.Chmod(filepath.Join(p.dir, "secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.kaon("serve", "--webhook", "receiver", "--webhook-secret", "@secret").ends(exitUsage).says("want https://")
	p.kaon("serve", "--webhook", receiver.URL, "--webhook-secret", "@secret", "--webhook-allow", "localhost").ends(exitUsage).says("10.0.0.0/8")
	x, _ := p.serving("--webhook", receiver.URL, "--webhook-secret", "@secret", "--webhook-allow", "127.0.0.1/32")
	p.kaon("submit", "quick.yaml", "-w").ends(exitDone)
	select {
	case e := <-told:
		if e.Event != "sweep.ended" || e.State != "succeeded" || e.Trials.Succeeded != 3 {
			t.Errorf("told %+v", e)
		}
	case <-time.After(patience):
		t.Error("nobody is told")
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}
