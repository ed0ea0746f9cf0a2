package outbox

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// member is an attempt of a test.
type member struct {
	id  string
	box *Outbox
}

func (m *member) ID() string          { return m.id }
func (m *member) Use(f func(*Outbox)) { f(m.box) }

func newMember(m *Mux, id string, b Bounds, now time.Time) *member {
	x := &member{id, New(b, &memorySpill{}, now)}
	m.Join(x)
	return x
}

func add(x *member, value float64) {
	x.box.Add(results.Point{Metrics: map[string]float64{"a": value}}, false)
}

var (
	roomy = Bounds{Batch: 1 << 16, Memory: 1 << 20, Stored: 1 << 24, Points: 1 << 20, Settle: 50 * time.Millisecond}
	calm  = Pace{Batch: 1 << 16, Interval: 200 * time.Millisecond}
)

func decoded(t interface{ Fatal(...any) }, u *Update) task.Report {
	r, err := task.Decode[task.Report](u.Data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// One attempt by itself: that it runs, then points every interval, its end at once.
func TestMuxTiming(t *testing.T) {
	m := NewMux(calm)
	x := newMember(m, "a", roomy, begin)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	own := func(ms int, sent bool, wait int) *Update {
		t.Helper()
		u, w, _ := m.Own(x, at(ms), uuid.New)
		if (u != nil) != sent || w != time.Duration(wait)*time.Millisecond {
			t.Fatalf("at %d ms: sent %v, wait %v", ms, u != nil, w)
		}
		return u
	}
	shared := func(ms, sent, wait int) []Sending {
		t.Helper()
		list, w := m.Shared(at(ms), uuid.New)
		if len(list) != sent || w != time.Duration(wait)*time.Millisecond {
			t.Fatalf("at %d ms: %d sent, wait %v", ms, len(list), w)
		}
		return list
	}
	acknowledge := func(ms int, u *Update) {
		t.Helper()
		if ok, _, _ := m.Acknowledge(x, u.ID[:], at(ms)); !ok {
			t.Fatal("the acknowledgement is not taken")
		}
	}
	own(0, false, 50)
	u := own(50, true, 0) // it runs
	add(x, 1)
	shared(60, 0, 0) // one update at a time
	acknowledge(60, u)
	u = shared(60, 1, 0)[0].Update
	acknowledge(61, u)
	shared(300, 0, 0) // nothing to say
	add(x, 2)
	u = shared(310, 1, 0)[0].Update
	acknowledge(311, u)
	add(x, 3)
	shared(320, 0, 190)
	x.box.Finish(Ending{State: mesosapi.TASK_FAILED, Message: "exit code 3"})
	u = own(320, true, 0) // the end does not wait
	r := decoded(t, u)
	if len(r.Points) != 1 || r.First != 2 || r.End == nil || !u.Terminal || u.Message != "exit code 3" || r.Points[0].Step != 2 {
		t.Fatalf("got %+v", r)
	}
}

// However many attempts there are and however many points they make, an executor sends one update an interval, and
// another for each 64 KiB.
func TestMuxBoundsUpdates(t *testing.T) {
	for _, attempts := range []int{1, 8, 64, 500} {
		for _, rate := range []int{1, 10, 100} { // points a second of each
			m := NewMux(calm)
			var all []*member
			for i := range attempts {
				all = append(all, newMember(m, fmt.Sprint("s.", i, ".1"), roomy, begin))
			}
			updates, bytes, points := 0, 0, 0
			const seconds = 10
			for tick := range 100 * seconds {
				now := begin.Add(time.Duration(tick) * 10 * time.Millisecond)
				for i, x := range all {
					if (tick*rate+i)%100 < rate {
						add(x, 1)
						points++
					}
					if u, _, _ := m.Own(x, now, uuid.New); u != nil {
						m.Acknowledge(x, u.ID[:], now)
					}
				}
				list, _ := m.Shared(now, uuid.New)
				for _, u := range list {
					updates, bytes = updates+1, bytes+len(u.Update.Data)
					m.Acknowledge(u.Member, u.Update.ID[:], now)
				}
			}
			most := int(seconds*time.Second/m.Interval()) + 1 + bytes/(32<<10)
			if updates > most {
				t.Errorf("%d attempts with %d points/s: %d updates with %d points in %d bytes, at most %d wanted", attempts, rate, updates, points, bytes, most)
			}
		}
	}
}

// The interval grows with attempts, with the time that acknowledgements take, and as the scheduler says.
func TestMuxInterval(t *testing.T) {
	m := NewMux(calm)
	x := newMember(m, "a", roomy, begin)
	same := func(want time.Duration) {
		t.Helper()
		if got := m.Interval(); got != want {
			t.Errorf("interval %v, want %v", got, want)
		}
	}
	same(200 * time.Millisecond)
	var more []*member
	for range 8 {
		more = append(more, newMember(m, "b", roomy, begin))
	}
	same(400 * time.Millisecond)
	for range 100 {
		more = append(more, newMember(m, "c", roomy, begin))
	}
	same(time.Second)
	m.Hear(14*time.Second, 0)
	same(14 * time.Second)
	m.Hear(20*time.Millisecond, 0)
	for _, o := range more {
		m.Leave(o)
	}
	same(200 * time.Millisecond)
	now := begin.Add(time.Minute)
	for range 50 {
		add(x, 1)
		u, _, _ := m.Own(x, now, uuid.New)
		if u == nil {
			list, _ := m.Shared(now, uuid.New)
			u = list[0].Update
		}
		now = now.Add(100 * time.Millisecond) // until the agent has it
		m.Acknowledge(x, u.ID[:], now)
		now = now.Add(time.Minute)
	}
	if got := m.Interval(); got < 700*time.Millisecond || got > 800*time.Millisecond {
		t.Errorf("with acknowledgements of 100 ms the interval is %v", got)
	}
}

// Beyond the window an executor keeps its points, but for an update now and then that asks for what was taken in.
func TestMuxWindow(t *testing.T) {
	m := NewMux(calm)
	m.Hear(20*time.Millisecond, 0)
	x := newMember(m, "a", roomy, begin)
	now, asked, n := begin.Add(time.Minute), 0, 0
	send := func() bool {
		for range 2000 {
			add(x, 1)
		}
		u, _, _ := m.Own(x, now, uuid.New)
		if u == nil {
			return false
		}
		n++
		if decoded(t, u).Asks {
			asked++
		}
		m.Acknowledge(x, u.ID[:], now)
		return true
	}
	for send() {
		now = now.Add(time.Second)
	}
	if m.sent < mostUnheard || m.sent > mostUnheard+2<<16 || asked != 1 {
		t.Fatalf("%d bytes in %d updates, %d of which ask", m.sent, n, asked)
	}
	if now = now.Add(probeEvery); !send() || send() || asked != 2 {
		t.Fatal("it does not ask again, or more than once")
	}
	if !m.Hear(0, m.sent) || !send() || asked != 2 {
		t.Fatal("it does not go on when it hears that all was taken in")
	}
	x.box.Finish(Ending{State: mesosapi.TASK_FINISHED})
	m.received = 0
	for !x.box.Finished() { // what is left goes, whatever was taken in
		if !send() {
			t.Fatal("the end waits")
		}
	}
}

// Attempts come and go, points and acknowledgements come in any order, and updates of different tasks arrive in any
// order: taken in by the rule of task.Report every point counts once and in order, and none waits for ever.
func TestMuxDeliversEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Bounds{Batch: rapid.IntRange(40, 500).Draw(t, "batch"), Memory: 400, Stored: 1 << 20, Points: 1 << 20, Settle: 50 * time.Millisecond}
		m := NewMux(Pace{Batch: b.Batch, Interval: 200 * time.Millisecond})
		now, serial := begin, 0
		var alive []*member
		said, got := map[string]int{}, map[string]int{}
		ended := map[string]bool{}
		streams := map[string][]*Update{} // with the agent, by task: the first of each may arrive
		unacked := []Sending{}
		post := func(u Sending) { unacked = append(unacked, u) }
		flush := func(x Member) {
			if u, _, _ := m.Own(x, now, uuid.New); u != nil {
				post(Sending{x, u})
			}
		}
		acknowledge := func(i int) {
			u := unacked[i]
			unacked = slices.Delete(unacked, i, i+1)
			id := u.Member.ID()
			streams[id] = append(streams[id], u.Update)
			ok, finished, landed := m.Acknowledge(u.Member, u.Update.ID[:], now)
			if !ok {
				t.Fatal("the acknowledgement of the update in flight is not taken")
			}
			if finished {
				m.Leave(u.Member)
				alive = slices.DeleteFunc(alive, func(x *member) bool { return x == u.Member })
			} else {
				flush(u.Member)
			}
			for _, x := range landed {
				flush(x)
			}
		}
		arrive := func(id string) bool {
			r := decoded(t, streams[id][0])
			parts := append([]task.Part{{Task: id, First: r.First, Points: r.Points}}, r.Others...)
			for _, p := range parts {
				if int(p.First) > got[p.Task] {
					return false
				}
			}
			for _, p := range parts {
				if ended[p.Task] {
					t.Fatalf("points of %s after its end", p.Task)
				}
				if len(p.Points) > 0 && int(p.First) != got[p.Task] {
					t.Fatalf("points of %s from %d on, %d are there", p.Task, p.First, got[p.Task])
				}
				got[p.Task] += len(p.Points)
			}
			ended[id] = r.End != nil
			streams[id] = streams[id][1:]
			return true
		}
		tasks := func() (list []string) {
			for id, s := range streams {
				if len(s) > 0 {
					list = append(list, id)
				}
			}
			slices.Sort(list)
			return list
		}
		shared := func() {
			list, _ := m.Shared(now, uuid.New)
			for _, u := range list {
				post(u)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				if len(alive) < 6 {
					serial++
					alive = append(alive, newMember(m, fmt.Sprint(serial), b, now))
				}
			},
			"points": func(t *rapid.T) {
				for _, x := range alive {
					for range rapid.IntRange(0, 5).Draw(t, "n") {
						if x.box.end == nil {
							add(x, 1)
							said[x.id]++
						}
					}
					flush(x)
				}
			},
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "ms")) * time.Millisecond)
				for _, x := range alive {
					flush(x)
				}
			},
			"shared": func(t *rapid.T) { shared() },
			"acknowledge": func(t *rapid.T) {
				if len(unacked) > 0 {
					acknowledge(rapid.IntRange(0, len(unacked)-1).Draw(t, "which"))
				}
			},
			"arrive": func(t *rapid.T) {
				if list := tasks(); len(list) > 0 {
					arrive(rapid.SampledFrom(list).Draw(t, "task"))
				}
			},
			"end": func(t *rapid.T) {
				if len(alive) > 0 {
					x := alive[rapid.IntRange(0, len(alive)-1).Draw(t, "which")]
					x.box.Finish(Ending{State: mesosapi.TASK_FINISHED})
					flush(x)
				}
			},
		})
		for _, x := range slices.Clone(alive) {
			x.box.Finish(Ending{State: mesosapi.TASK_FINISHED})
		}
		for len(alive) > 0 {
			now = now.Add(time.Second)
			for _, x := range slices.Clone(alive) {
				flush(x)
			}
			shared()
			if len(unacked) == 0 {
				t.Fatal("an attempt does not end")
			}
			for len(unacked) > 0 {
				acknowledge(0)
			}
		}
		for list := tasks(); len(list) > 0; list = tasks() {
			if !slices.ContainsFunc(list, arrive) {
				t.Fatalf("updates of %v wait for each other", list)
			}
		}
		for id, n := range said {
			if got[id] != n || !ended[id] {
				t.Fatalf("%d of %d points of %s arrived, ended %v", got[id], n, id, ended[id])
			}
		}
	})
}

// What a bundle says beyond its own interval waits for the scheduler as the batches of members do, and its end does
// not.
func TestMuxHoldsBundles(t *testing.T) {
	m := NewMux(Pace{Batch: 1 << 10, Interval: 200 * time.Millisecond, Window: 8 << 10})
	m.Hear(20*time.Millisecond, 0)
	b := NewBundle(0, begin)
	o := New(Bounds{Batch: 1 << 10, Memory: 1 << 24, Stored: 1 << 24, Points: 1 << 20}, nil, begin)
	b.Begin("s.0.1", o, nil)
	asks, last := 0, uint64(0)
	for ms := range 900 { // its interval is a second
		for range 20 {
			o.Add(results.Point{Metrics: map[string]float64{"loss": 1}}, false)
		}
		u, wait := m.Bundle(b, begin.Add(time.Duration(ms)*time.Millisecond), uuid.New)
		if u == nil {
			if asks > 0 && wait <= 0 {
				t.Fatalf("at %d ms it waits for nothing", ms)
			}
			continue
		}
		r := decoded(t, u)
		if last = r.Sent; r.Asks {
			asks++
		}
		b.Acknowledge(u.ID[:])
	}
	if asks != 1 || last < 8<<10 || last > 12<<10 {
		t.Fatalf("sent %d bytes, asked %d times", last, asks)
	}
	soon := begin.Add(900 * time.Millisecond)
	if !m.Hear(0, last) {
		t.Error("nobody may go on")
	}
	u, _ := m.Bundle(b, soon, uuid.New)
	if u == nil || len(u.Data) < 100<<10 {
		t.Fatal("what waited does not go")
	}
	b.Acknowledge(u.ID[:])
	o.Finish(Ending{State: mesosapi.TASK_FINISHED})
	b.Finish(mesosapi.TASK_FINISHED)
	for range 10 {
		if u, _ := m.Bundle(b, soon, uuid.New); u != nil {
			b.Acknowledge(u.ID[:])
		}
	}
	if !b.Finished() {
		t.Error("the end waits")
	}
}
