package webhook

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

var hasty = timer.RetryPolicy{Tries: 4, First: time.Millisecond, Longest: time.Millisecond}

// here is this machine, for tests.
var here = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func sender(t *testing.T, cfg Config) *Sender {
	t.Helper()
	cfg.Secret, cfg.Backoff = []byte("secret"), hasty
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func end(id string) scheduler.SweepEnded {
	return scheduler.SweepEnded{Sweep: id, Phase: sweep.PhaseFailed, Reason: "all failed", Counts: sweep.Counts{Total: 3, Failed: 3}, Seconds: 1.5}
}

// A receiver is told of each end once it answers, in order, in words that it can check; what had ended before this process is no news.
func TestTold(t *testing.T) {
	var tries atomic.Int32
	told := make(chan Event, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e Event
		if err != nil || json.Unmarshal(body, &e) != nil {
			t.Errorf("body %q: %v", body, err)
		}
		if tries.Add(1) <= 2 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		if want := Sign([]byte("secret"), r.Header.Get("X-Kaon-Timestamp"), body); !hmac.Equal([]byte(r.Header.Get("X-Kaon-Signature")), []byte(want)) {
			t.Errorf("signed %q, want %q", r.Header.Get("X-Kaon-Signature"), want)
		}
		if r.Header.Get("X-Kaon-Event") != "sweep.ended" || r.Header.Get("X-Kaon-Delivery") != e.ID || e.ID == "" {
			t.Errorf("headers %v of %+v", r.Header, e)
		}
		told <- e
	}))
	defer receiver.Close()
	s := sender(t, Config{URLs: []string{receiver.URL + "/hook"}, Allow: here})
	s.Heard(scheduler.SweepEnded{Sweep: "old", Resumed: true})
	s.Heard(scheduler.SweepStarted{Sweep: "a"})
	s.Heard(end("a"))
	s.Heard(end("b"))
	s.Close(t.Context())
	close(told)
	var got []string
	for e := range told {
		got = append(got, e.Sweep+" "+e.State+" "+e.Reason)
	}
	if strings.Join(got, ", ") != "a failed all failed, b failed all failed" || tries.Load() != 4 {
		t.Errorf("told %v in %d tries", got, tries.Load())
	}
}

// What a name leads to is looked at when it is connected to. A redirect is not followed.
func TestAttackWebhook(t *testing.T) {
	var reached, led atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		led.Add(1)
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	}))
	defer outside.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"} {
		s := sender(t, Config{URLs: []string{"http://" + host + ":" + port + "/"}})
		s.Heard(end("a"))
		s.Close(t.Context())
	}
	u, _ := url.Parse(outside.URL)
	s := sender(t, Config{URLs: []string{outside.URL}, Allow: []netip.Prefix{netip.MustParsePrefix(u.Hostname() + "/32")}})
	s.Heard(end("a"))
	s.Close(t.Context())
	if reached.Load() != 0 || led.Load() != int32(hasty.Tries) {
		t.Errorf("%d requests came inside, %d to who would lead there", reached.Load(), led.Load())
	}
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700:4700::1111": true, "::ffff:8.8.8.8": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "::": false, "0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "fc00::1": false, "100.64.0.1": false, "100.100.100.200": false,
		"224.0.0.1": false, "ff02::1": false, "255.255.255.255": false, "240.0.0.1": false, "192.0.0.192": false, "198.18.0.1": false, "168.63.129.16": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::a9fe:a9fe": false, "2002:7f00:1::": false, "::127.0.0.1": false, "2001:0:7f00:1::": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// An address that does not answer holds up neither others nor the end, and what waits for it is bounded.
func TestDeadReceiver(t *testing.T) {
	stuck := make(chan struct{})
	began := make(chan struct{}, 1)
	dead := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case began <- struct{}{}:
		default:
		}
		<-stuck
	}))
	defer dead.Close()
	defer close(stuck)
	told := make(chan struct{}, 2*queueLength)
	alive := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told <- struct{}{} }))
	defer alive.Close()
	s := sender(t, Config{URLs: []string{dead.URL, alive.URL}, Allow: here})
	dropped := droppedTotal.Get()
	s.Heard(end("first"))
	<-began
	<-told
	for range queueLength + 1 {
		s.queues[0] <- message{}
		if len(s.queues[0]) == queueLength {
			break
		}
	}
	s.Heard(end("last"))
	<-told // the other is told
	if droppedTotal.Get() != dropped+1 {
		t.Errorf("%d events were dropped", droppedTotal.Get()-dropped)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Close(ctx)
}

func TestNewRefuses(t *testing.T) {
	for _, address := range []string{"ftp://a/b", "http://", "/path", "https://user:secret@host/", "https://host/#part", "http://[::1"} {
		if s, err := New(Config{URLs: []string{address}, Secret: []byte("x")}); err == nil {
			s.Close(t.Context())
			t.Errorf("%s is taken", address)
		}
	}
	if _, err := New(Config{URLs: []string{"https://host/"}}); err == nil {
		t.Error("nobody would know who speaks")
	}
}
