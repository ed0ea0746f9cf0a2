package kubernetes

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// An executor brings what is wanted of it, once, and no more than was asked for; what nobody wants is not taken.
func TestOutputs(t *testing.T) {
	o := &outputs{}
	send := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		o.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "http://"+cluster.OutputHost+path, strings.NewReader(body)))
		return w
	}
	read := func(then func(answer string)) (data []byte, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			data, err = o.read(t.Context(), cluster.OutputWanted{Attempt: "s.0.1", Name: "stdout", Offset: 7})
		}()
		w := send(http.MethodGet, cluster.OutputWantedPath, "")
		serial := o.serial
		if want := fmt.Sprintf(`{"attempt":"s.0.1","name":"stdout","offset":7,"answer":"/answer/%d"}`, serial); strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("wanted is %s, want %s", w.Body, want)
		}
		then(fmt.Sprintf("/answer/%d", serial))
		<-done
		return data, err
	}
	if data, err := read(func(answer string) {
		if w := send(http.MethodPost, "/answer/0", "forged"); w.Code != http.StatusGone {
			t.Errorf("an answer to nothing: %d", w.Code)
		}
		send(http.MethodPost, answer, "text")
		if w := send(http.MethodPost, answer, "again"); w.Code != http.StatusGone {
			t.Errorf("a second answer: %d", w.Code)
		}
	}); string(data) != "text" || err != nil {
		t.Errorf("%q %v", data, err)
	}
	if _, err := read(func(answer string) { send(http.MethodDelete, answer, "") }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
	if _, err := read(func(answer string) {
		send(http.MethodPost, answer, strings.Repeat("x", cluster.OutputMax+1))
	}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("too much: %v", err)
	}
	if len(o.given) != 0 {
		t.Errorf("%d are left", len(o.given))
	}
}
