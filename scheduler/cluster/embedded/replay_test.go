package embedded_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// line is one line of a recording.
type line struct {
	Dir      string
	Scen     string `json:"scenario"`
	T        int64  `json:"t_ms"`
	Who      string
	Call     json.RawMessage
	Event    json.RawMessage
	Status   int
	Body     string
	Operator json.RawMessage // an operator's call
	Answer   json.RawMessage // to that
	Headers  http.Header
	Type     string `json:"content_type"`
	To       string
	What     string
	Error    string
	Env      map[string]string
	n        int // in the file, from 1
	done     bool
}

func readRecording(name string) ([]*line, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var out []*line
	for i, text := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		l := &line{n: i + 1}
		if err := json.Unmarshal(text, l); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		out = append(out, l)
	}
	return out, nil
}

// replay plays one recording against a server: it makes the recorded calls, each after everything recorded
// before it has come, and compares what comes back. What is compared how, is in unify.
type replay struct {
	url     string // of the API
	token   string // of an executor
	scale   int64  // recorded times are divided by it
	lines   []*line
	edit    func(*line, string) string // changes a call's text before it is sent
	shell   func(what string) error
	lenient func(*line) bool // recorded events that may stay out
	offer   func()           // has the master allocate; nil on the executor's side
	// Is told how far the recording is, in ms, if set; tells whether something ends because of that
	reached func(int64) bool
	before  func(*line) // is asked before a call is made, if set: it waits for the recording's other side
	client  *http.Client

	mu struct {
		sync.Mutex
		ids     map[string]string // recorded to ours
		streams map[string]*subscription
		taken   map[any]bool // uuids of updates that were expected and came
		faults  []string
	}
	moved chan struct{} // capacity 1: something came
}

// subscription is one stream of the server's.
type subscription struct {
	id     string
	got    []map[string]any // events nobody expected yet
	ended  bool
	broken bool
	cancel context.CancelFunc
}

func (r *replay) fault(l *line, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.faults = append(r.mu.faults, fmt.Sprintf("line %d: ", l.n)+fmt.Sprintf(format, args...))
}

func (r *replay) run() []string {
	r.client = &http.Client{Transport: &http.Transport{}}
	defer r.client.CloseIdleConnections()
	r.moved = make(chan struct{}, 1)
	if r.mu.ids == nil {
		r.mu.ids = map[string]string{}
	}
	r.mu.streams, r.mu.taken = map[string]*subscription{}, map[any]bool{}
	before := int64(0)
	for i, l := range r.lines {
		switch l.Dir {
		case "call", "raw-call", "shell", "operator-call":
			if !r.await(r.lines[:i]) {
				return r.stop()
			}
			gap := (l.T - before) / r.scale
			if r.at(l) { // it has ended when the scheduler goes on, though no event says so
				gap = max(gap, 2000)
			}
			if gap > 2 {
				time.Sleep(time.Duration(gap) * time.Millisecond) // the scheduler waited here
			}
			if r.before != nil {
				r.before(l)
			}
			switch {
			case l.Dir == "shell":
				if err := r.shell(l.What); err != nil {
					r.fault(l, "%v", err)
				}
			case l.Dir == "operator-call":
				r.operate(l, r.lines[i+1:])
			case strings.Contains(string(l.Call), `"subscribe":`):
				r.subscribe(l)
			default:
				r.call(l, r.responseTo(i))
			}
		case "response":
			if l.To == http.MethodGet {
				req, _ := http.NewRequest(l.To, r.url, nil)
				r.authenticate(req)
				r.answer(l, l, req)
			}
		case "stream-end":
			if strings.Contains(l.Error, "use of closed") {
				if !r.await(r.lines[:i]) {
					return r.stop()
				}
				r.stream(l.Who).cancel() // the scheduler itself hung up
				l.done = true
			}
		}
		before = l.T
	}
	if r.await(r.lines) && r.reached != nil {
		r.reached(math.MaxInt64)
	}
	return r.stop()
}

// at says that everything recorded before this line is done.
func (r *replay) at(l *line) (ends bool) {
	return r.reached != nil && r.reached(l.T)
}

// responseTo finds the recorded answer to a call: the next one that is not that of a SUBSCRIBE. When two
// calls were under way at once, the first answer belongs to the one made first (failover has the only pair,
// with one on each of two streams).
func (r *replay) responseTo(i int) *line {
	for _, l := range r.lines[i+1:] {
		if l.Dir == "response" && l.Who == "" && l.To == "" && !l.done {
			l.done = true
			return l
		}
	}
	return nil
}

func (r *replay) stream(who string) *subscription {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.streams[who]
}

// stop ends the streams and gives all that was wrong.
func (r *replay) stop() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, who := range slices.Sorted(maps.Keys(r.mu.streams)) {
		s := r.mu.streams[who]
		s.cancel()
		for _, e := range s.got {
			if e["type"] == "HEARTBEAT" || r.mu.taken[uuid(e)] {
				continue
			}
			b, _ := json.Marshal(e)
			r.mu.faults = append(r.mu.faults, fmt.Sprintf("stream %s: not in the recording: %s", who, b))
		}
	}
	return r.mu.faults
}

// await waits until every event and end of stream among these lines has come. The master allocates when the
// recording has offers next, and only then: when Mesos's periodic allocation comes, between two events, is
// chance.
func (r *replay) await(lines []*line) bool {
	deadline := time.After(testkit.Patience)
	again := time.NewTicker(20 * time.Millisecond) // filters expire by themselves: allocating once is not enough
	defer again.Stop()
	for {
		missing := r.match(lines)
		if missing == nil {
			return true
		}
		r.at(missing)
		if bytes.Contains(missing.Event, []byte(`"OFFERS"`)) || bytes.Contains(missing.Event, []byte(`"INVERSE_OFFERS"`)) {
			r.offer()
		}
		select {
		case <-r.moved:
		case <-again.C:
		case <-deadline:
			r.mu.Lock()
			var left []byte
			if s := r.mu.streams[missing.Who]; s != nil {
				left, _ = json.Marshal(s.got)
			}
			r.mu.Unlock()
			r.fault(missing, "%s did not come: %s%s\n\tleft over: %s", missing.Dir, missing.Event, missing.Error, left)
			return false
		}
	}
}

// match ties recorded events to those that came, and returns the first that has not come. Events of one lane
// must come in the recorded order; a lane is a task's updates, an agent's offers, or a kind of event (the
// heartbeats, the failures…). SUBSCRIBED comes before all, ERROR after all.
func (r *replay) match(lines []*line) *line {
	r.mu.Lock()
	defer r.mu.Unlock()
	stuck := map[string]bool{}
	var missing *line
	for _, l := range lines {
		if l.done || l.Dir != "event" && l.Dir != "stream-end" {
			continue
		}
		s, before := r.mu.streams[l.Who], maps.Clone(stuck)
		if l.Dir == "stream-end" {
			l.done = s != nil && s.ended && (s.broken == (l.Error == "unexpected EOF")) && !stuck[l.Who]
		} else {
			l.done = s != nil && r.matchEvent(l, s, stuck)
		}
		if !l.done && r.lenient != nil && r.lenient(l) {
			stuck = before
			continue
		}
		if !l.done && missing == nil {
			missing = l
		}
	}
	return missing
}

func (r *replay) matchEvent(l *line, s *subscription, stuck map[string]bool) bool {
	var want map[string]any
	if err := json.Unmarshal(l.Event, &want); err != nil {
		return false
	}
	whole := true
	for _, w := range split(want) {
		lane := l.Who + lane(w)
		if stuck[lane] || !r.takeFirst(s, w, lane[len(l.Who):]) {
			stuck[lane], whole = true, false
		}
	}
	if !whole {
		stuck[l.Who] = true
	}
	return whole
}

// takeFirst takes the first event of a lane that came, if it is the wanted one. An update that came before is
// passed over unless it is wanted again: a machine that stands still for a second has it sent once more.
func (r *replay) takeFirst(s *subscription, want map[string]any, name string) bool {
	for i := 0; i < len(s.got); i++ {
		got := s.got[i]
		if lane(got) != name {
			continue
		}
		ids := maps.Clone(r.mu.ids)
		err := r.unify("", want, got, ids)
		if err != "" && name == "RESCIND" { // those of several agents come in the order of a hash table
			continue
		}
		if err != "" && !r.mu.taken[uuid(got)] {
			return false
		}
		s.got = slices.Delete(s.got, i, i+1)
		if err != "" {
			i--
			continue
		}
		r.mu.ids = ids
		if id := uuid(got); id != nil {
			r.mu.taken[id] = true
		}
		return true
	}
	return false
}

// uuid is that of an update for a scheduler; nil: the event is none, or is the master's own.
func uuid(e map[string]any) any {
	update, _ := e["update"].(map[string]any)
	status, _ := update["status"].(map[string]any)
	return status["uuid"]
}

func (r *replay) body(l *line) string {
	text := string(l.Call)
	if l.Dir == "raw-call" {
		text = l.Body
	}
	if r.edit != nil {
		text = r.edit(l, text)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return translate(text, r.mu.ids)
}

// call makes a call and compares its answer. Which Mesos-Stream-Id a call carries is not recorded but follows
// from what it was answered.
func (r *replay) call(l, want *line) {
	if want == nil {
		r.fault(l, "the recording has no answer")
		return
	}
	req, err := http.NewRequest(http.MethodPost, r.url, strings.NewReader(r.body(l)))
	if err != nil {
		r.fault(l, "%v", err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	r.authenticate(req)
	if l.Type != "" {
		req.Header.Set("Content-Type", l.Type)
	}
	if id := r.streamID(l, want); id != "" {
		req.Header["Mesos-Stream-Id"] = []string{id}
	}
	r.answer(l, want, req)
}

func (r *replay) streamID(l, want *line) string {
	if strings.Contains(want.Body, "should include the 'Mesos-Stream-Id'") {
		return ""
	}
	if _, rest, ok := strings.Cut(want.Body, "The stream ID '"); ok {
		id, _, _ := strings.Cut(rest, "'")
		r.mu.Lock()
		defer r.mu.Unlock()
		return translate(id, r.mu.ids)
	}
	last := ""
	for _, x := range r.lines {
		if x == l {
			break
		}
		if x.Dir == "call" && strings.Contains(string(x.Call), `"subscribe":`) {
			last = x.Who
		}
	}
	if s := r.stream(last); s != nil {
		return s.id
	}
	return ""
}

func (r *replay) answer(l, want *line, req *http.Request) {
	resp, err := r.client.Do(req)
	if err != nil {
		r.fault(l, "%v", err)
		return
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	r.mu.Lock()
	text := translate(want.Body, r.mu.ids)
	r.mu.Unlock()
	if resp.StatusCode != want.Status || string(b) != text {
		r.fault(l, "answer: want %d %q, got %d %q", want.Status, text, resp.StatusCode, b)
	}
}

// operate makes a call of the operator API, whose times stay as they are, and compares its answer, the first of the rest.
func (r *replay) operate(l *line, rest []*line) {
	want := rest[slices.IndexFunc(rest, func(x *line) bool { return x.Dir == "operator-response" })]
	url, _, _ := strings.Cut(r.url, "/scheduler")
	resp, err := r.client.Post(url, "application/json", bytes.NewReader(l.Operator))
	if err != nil {
		r.fault(l, "%v", err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want.Status || want.Answer == nil && string(text) != want.Body {
		r.fault(l, "answer: want %d %q, got %d %q (%v)", want.Status, want.Body, resp.StatusCode, text, err)
		return
	}
	if want.Answer == nil {
		return
	}
	var recorded, got any
	if err := errors.Join(json.Unmarshal(want.Answer, &recorded), json.Unmarshal(text, &got)); err != nil {
		r.fault(l, "answer: %v", err)
		return
	}
	r.mu.Lock()
	differs := r.unify("answer", recorded, got, r.mu.ids)
	r.mu.Unlock()
	if differs != "" {
		r.fault(l, "%s", differs)
	}
}

// subscribe opens a stream and reads it until it ends. The recorded answer's headers must be there.
func (r *replay) subscribe(l *line) {
	var want *line
	for _, x := range r.lines {
		if x.n > l.n && x.Dir == "response" && x.Who == l.Who && !x.done && x.Status == 200 {
			want = x
			break
		}
	}
	want.done = true
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, strings.NewReader(r.body(l)))
	if err != nil {
		r.fault(l, "%v", err)
		cancel()
		return
	}
	req.Header.Set("Content-Type", "application/json")
	r.authenticate(req)
	req.Header.Set("Accept", "application/json")
	resp, err := r.client.Do(req)
	for i := 0; err != nil && i < 50; i++ { // a master just started may still be coming up
		time.Sleep(20 * time.Millisecond)
		req.Body, _ = req.GetBody()
		resp, err = r.client.Do(req)
	}
	if err != nil {
		r.fault(l, "%v", err)
		cancel()
		return
	}
	s := &subscription{id: resp.Header.Get("Mesos-Stream-Id"), cancel: cancel}
	r.mu.Lock()
	r.mu.streams[l.Who] = s
	for k, v := range want.Headers {
		got := resp.Header[k]
		switch {
		case k == "Mesos-Stream-Id" && len(got) == 1 && shapes[0].MatchString(got[0]):
			r.mu.ids[v[0]] = got[0]
		case k == "Date" && len(got) == 1, slices.Equal(got, v):
		default:
			r.mu.faults = append(r.mu.faults, fmt.Sprintf("line %d: header %s: want %v, got %v", want.n, k, v, got))
		}
	}
	if resp.StatusCode != want.Status {
		r.mu.faults = append(r.mu.faults, fmt.Sprintf("line %d: want status %d, got %d", want.n, want.Status,
			resp.StatusCode))
	}
	r.mu.Unlock()
	go r.listen(s, resp.Body)
}

func (r *replay) listen(s *subscription, body io.ReadCloser) {
	defer body.Close()
	in := bufio.NewReader(body)
	for {
		e, err := readRecord(in)
		r.mu.Lock()
		if err != nil {
			s.ended, s.broken = true, err != io.EOF
		} else {
			s.got = append(s.got, split(e)...)
		}
		r.mu.Unlock()
		select {
		case r.moved <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func readRecord(in *bufio.Reader) (map[string]any, error) {
	size, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(size))
	if err != nil {
		return nil, fmt.Errorf("record length: %w", err)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, err
	}
	var e map[string]any
	return e, json.Unmarshal(b, &e)
}

func (r *replay) authenticate(req *http.Request) {
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
}
