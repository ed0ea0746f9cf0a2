package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// Event is what an address is told: the body of the request.
type Event struct {
	ID      string       `json:"id"`    // the same in all tries; no two events have one
	Event   string       `json:"event"` // sweep.ended
	Time    string       `json:"time"`  // RFC 3339
	Sweep   string       `json:"sweep"`
	State   string       `json:"state"` // succeeded, failed or stopped
	Reason  string       `json:"reason,omitempty"`
	Trials  sweep.Counts `json:"trials"`
	Seconds float64      `json:"seconds"`
}

// Config says who is told.
type Config struct {
	URLs    []string
	Secret  []byte            // that signs what is told
	Allow   []netip.Prefix    // addresses that may be connected to though they are not public
	Backoff timer.RetryPolicy // zero: 10 tries within some 15 minutes
	Log     *slog.Logger      // nil: none
}

// queueLength is how many events wait for an address; more are dropped, the newest first.
const queueLength = 1000

const (
	answerWait    = 10 * time.Second
	answerLongest = 64 << 10 // bytes of an answer that are read
)

var patience = timer.RetryPolicy{Tries: 10, First: time.Second, Longest: 5 * time.Minute}

// Metrics of all senders of this process.
var (
	deliveredTotal = metrics.NewCounter(`kaon_webhook_deliveries_total{result="delivered"}`)
	gaveUpTotal    = metrics.NewCounter(`kaon_webhook_deliveries_total{result="gave_up"}`)
	droppedTotal   = metrics.NewCounter(`kaon_webhook_deliveries_total{result="dropped"}`)
	failedTries    = metrics.NewCounter("kaon_webhook_failed_tries_total")
	waitingNow     = metrics.NewGauge("kaon_webhook_queue_length", nil)
)

// Sender tells events. Its methods may be called from any goroutine.
type Sender struct {
	cfg    Config
	http   *http.Client
	queues []chan message // by address
	stop   context.CancelFunc
	ended  sync.WaitGroup
}

// New starts a sender; the caller must Close.
func New(cfg Config) (*Sender, error) {
	if len(cfg.Secret) == 0 {
		return nil, fmt.Errorf("webhooks want a secret, by which receivers know who speaks")
	}
	for _, address := range cfg.URLs {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
			u.Fragment != "" {
			return nil, fmt.Errorf("webhook %q: want https://host/path, without a user and a fragment", address)
		}
	}
	if cfg.Backoff == (timer.RetryPolicy{}) {
		cfg.Backoff = patience
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sender{cfg: cfg, http: &http.Client{
		Timeout:       answerWait,
		Transport:     Transport(cfg.Allow, answerWait, ", and only such are told: allow it by --webhook-allow CIDR"),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	for _, address := range cfg.URLs {
		queue := make(chan message, queueLength)
		s.queues = append(s.queues, queue)
		s.ended.Go(crash.Func(func() { s.run(ctx, address, queue) }))
	}
	return s, nil
}

// Heard takes in what the scheduler tells. It does not block.
func (s *Sender) Heard(n scheduler.Notice) {
	end, ok := n.(scheduler.SweepEnded)
	if !ok || end.Resumed {
		return
	}
	e := Event{
		ID: NewID(), Event: "sweep.ended", Time: time.Now().UTC().Format(time.RFC3339),
		Sweep: end.Sweep, State: string(end.Phase), Reason: end.Reason, Trials: end.Counts, Seconds: end.Seconds,
	}
	if body, err := json.Marshal(e); err == nil { // of numbers and words there is always JSON
		s.Tell(e.ID, e.Event, e.Sweep, body)
	}
}

// LateRun is the body of a workflow.late: a run of a workflow that is not done by when it was to be, and goes on.
type LateRun struct {
	ID         string   `json:"id"`    // the same in all tries; no two events have one
	Event      string   `json:"event"` // workflow.late
	Time       string   `json:"time"`  // RFC 3339, as Due
	Run        string   `json:"run"`
	Workflow   string   `json:"workflow"`
	Registered string   `json:"registered,omitempty"` // the registered workflow that it is a run of
	Version    int      `json:"version,omitempty"`    // of that
	Owner      string   `json:"owner,omitempty"`
	Labels     []string `json:"labels,omitempty"`
	State      string   `json:"state"` // running, or waiting: for others of its workflow
	Due        string   `json:"due"`
	SLA        string   `json:"sla"` // as 2h, or 06:00 Europe/Berlin
}

// LateEvent is the event of a LateRun.
const LateEvent = "workflow.late"

// TellLate tells of a run that is late; its ID, Event and Time are set here. It does not block.
func (s *Sender) TellLate(l LateRun) {
	l.ID, l.Event, l.Time = NewID(), LateEvent, time.Now().UTC().Format(time.RFC3339)
	if body, err := json.Marshal(l); err == nil { // of numbers and words there is always JSON
		s.Tell(l.ID, l.Event, l.Run, body)
	}
}

// NewID is of one event.
func NewID() string { return strings.ToLower(rand.Text()) }

// message is one event on its way.
type message struct {
	id, event, about string
	body             []byte
}

// Tell has all addresses told of an event about something, in a JSON body that has the event's id. It does not block.
func (s *Sender) Tell(id, event, about string, body []byte) {
	e := message{id, event, about, body}
	for i, queue := range s.queues {
		select {
		case queue <- e:
			waitingNow.Inc()
		default:
			droppedTotal.Inc()
			s.cfg.Log.Warn("webhook is too far behind, an event is dropped", "webhook", s.cfg.URLs[i], "event", e.event,
				"about", e.about)
		}
	}
}

// Close ends the sender when all is told, or with ctx.
func (s *Sender) Close(ctx context.Context) {
	for _, queue := range s.queues {
		close(queue)
	}
	told := make(chan struct{})
	crash.Go(func() { s.ended.Wait(); close(told) })
	select {
	case <-told:
	case <-ctx.Done():
	}
	s.stop()
	<-told
}

// run tells an address all that is for it, in order.
func (s *Sender) run(ctx context.Context, address string, queue <-chan message) {
	for e := range queue {
		waitingNow.Dec()
		s.deliver(ctx, address, e)
	}
}

func (s *Sender) deliver(ctx context.Context, address string, e message) {
	for n := 1; ; n++ {
		err := s.try(ctx, address, e)
		if err == nil {
			deliveredTotal.Inc()
			return
		}
		failedTries.Inc()
		if n >= s.cfg.Backoff.Tries || !timer.Sleep(ctx, s.cfg.Backoff.Wait(n)) {
			gaveUpTotal.Inc()
			s.cfg.Log.Warn("webhook was not told", "webhook", address, "event", e.event, "about", e.about, "tries",
				n, "err", err)
			return
		}
	}
}

func (s *Sender) try(ctx context.Context, address string, e message) error {
	rq, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(e.body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	rq.Header.Set("Content-Type", "application/json")
	rq.Header.Set("User-Agent", "kaon")
	rq.Header.Set("X-Kaon-Event", e.event)
	rq.Header.Set("X-Kaon-Delivery", e.id)
	rq.Header.Set("X-Kaon-Timestamp", at)
	rq.Header.Set("X-Kaon-Signature", Sign(s.cfg.Secret, at, e.body))
	rs, err := s.http.Do(rq)
	if err != nil {
		return err
	}
	defer rs.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(rs.Body, answerLongest))
	if rs.StatusCode < 200 || rs.StatusCode > 299 {
		return fmt.Errorf("answers %s", rs.Status)
	}
	return nil
}

// Sign is the X-Kaon-Signature of a body sent at a time: sha256= and the HMAC-SHA256, in hex, of the X-Kaon-Timestamp,
// a dot, and the body. Receivers compare it in constant time and refuse old times.
func Sign(secret []byte, at string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
