package crash_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

func TestGuardAnswersAnError(t *testing.T) {
	var p *crash.Panic
	if err := crash.Guard(func() error { panic("here") }); !errors.As(err, &p) || p.Value != "here" || !strings.Contains(string(p.Stack), "crash_test.go") {
		t.Errorf("%v", err)
	}
	want := errors.New("plain")
	if err := crash.Guard(func() error { return want }); err != want {
		t.Errorf("%v", err)
	}
}

// Whatever starts a goroutine, its panic comes to the one place, on that goroutine; a handler may still cut
// its connection.
func TestLastHearsOfEveryPanic(t *testing.T) {
	got := make(chan *crash.Panic, 1)
	crash.Last(func(p *crash.Panic) { got <- p })
	abort := httptest.NewServer(crash.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
		panic("served")
	})))
	defer abort.Close()
	if _, err := http.Get(abort.URL + "/cut"); err == nil {
		t.Error("not cut")
	}
	for want, start := range map[string]func(){
		"go":     func() { crash.Go(func() { panic("go") }) },
		"timer":  func() { time.AfterFunc(0, crash.Func(func() { panic("timer") })) },
		"served": func() { _, _ = http.Get(abort.URL) },
	} {
		start()
		if p := <-got; p.Value != want || !strings.Contains(string(p.Stack), "crash_test.go") {
			t.Errorf("%s: %v", want, p)
		}
	}
}
