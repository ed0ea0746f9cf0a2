package executor

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// memorySpill is a spill in memory that may be told to fail.
type memorySpill struct {
	batches [][]byte
	broken  bool
	most    int
}

func (m *memorySpill) push(b []byte) error {
	if m.broken {
		return errors.New("no space left on device")
	}
	m.batches = append(m.batches, b)
	m.most = max(m.most, len(m.batches))
	return nil
}

func (m *memorySpill) pop() ([]byte, error) {
	b := m.batches[0]
	m.batches = m.batches[1:]
	return b, nil
}

var begin = time.Unix(1795401878, 0)

// Whatever comes in whatever order, what was taken is sent exactly once, in order and without gaps, one
// update at a time, each bounded, the end last; what was not taken is counted; memory stays bounded.
func TestOutboxDeliversEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := limits{
			batch:    rapid.IntRange(1, 500).Draw(t, "batch"),
			memory:   rapid.IntRange(0, 1000).Draw(t, "memory"),
			stored:   rapid.IntRange(0, 5000).Draw(t, "stored"),
			points:   uint64(rapid.IntRange(0, 300).Draw(t, "points")),
			settle:   50 * time.Millisecond,
			interval: 200 * time.Millisecond,
		}
		sp := &memorySpill{}
		o := newOutbox(lim, sp, begin)
		now, taken, refused, x := begin, 0, uint64(0), 0.0
		var got []results.Point
		var end *task.End
		var last *outUpdate
		receive := func(u *outUpdate) {
			if end != nil {
				t.Fatal("an update after the end")
			}
			r, err := task.Decode[task.Report](u.data)
			if err != nil {
				t.Fatal(err)
			}
			if r.First != uint64(len(got)) {
				t.Fatalf("report begins with point %d, want %d", r.First, len(got))
			}
			if len(u.data) > lim.batch+200 {
				t.Fatalf("update of %d bytes, the bound is %d", len(u.data), lim.batch)
			}
			got = append(got, r.Points...)
			end, last = r.End, u
			if u.terminal != (r.End != nil) || (r.End == nil) != (u.state == mesosapi.TASK_RUNNING) {
				t.Fatalf("update %+v carries end %+v", u, r.End)
			}
		}
		send := func() bool {
			u, wait := o.take(now, uuid.New)
			if u == nil {
				if wait < 0 || (o.end != nil && o.inFlight == nil && !o.sentEnd) {
					t.Fatalf("nothing to send, wait %v, state %+v", wait, o)
				}
				return false
			}
			receive(u)
			return true
		}
		t.Repeat(map[string]func(*rapid.T){
			"points": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "n") {
					m := measure{metrics: map[string]float64{"x": x}}
					if rapid.IntRange(0, 9).Draw(t, "note") == 0 {
						m.note = &results.Note{Milestone: "m", Name: "n", Value: []byte("1")}
					}
					before := o.next
					ok := o.add(m, 7)
					switch {
					case ok && o.next == before+1:
						taken++
					case !ok:
						refused++
					}
					x++
				}
			},
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "ms")) * time.Millisecond)
			},
			"send": func(t *rapid.T) { send() },
			"acknowledge": func(t *rapid.T) {
				if o.acknowledge([]byte("another uuid")) {
					t.Fatal("took a stranger's acknowledgement")
				}
				if last != nil {
					flying := o.inFlight == last
					if o.acknowledge(last.id[:]) != flying {
						t.Fatal("acknowledgement of the update in flight not taken, or taken twice")
					}
				}
			},
			"disk": func(t *rapid.T) { sp.broken = rapid.Bool().Draw(t, "full") },
			"": func(t *rapid.T) {
				if o.inMemory > lim.memory+2*lim.batch+400 && len(o.closed) > 1 {
					t.Fatalf("%d bytes in memory, the bound is %d", o.inMemory, lim.memory)
				}
			},
		})
		o.finish(ending{state: mesosapi.TASK_FINISHED})
		for range 10000 {
			if last != nil {
				o.acknowledge(last.id[:])
			}
			if !send() {
				break
			}
		}
		if o.acknowledge(last.id[:]); !o.finished() || end == nil {
			t.Fatal("the end was not sent")
		}
		if uint64(len(got)) != o.next || uint64(len(got))+end.Dropped != uint64(x) {
			t.Fatalf("%v points in, %d out, %d told as dropped", x, len(got), end.Dropped)
		}
		for i := 1; i < len(got); i++ {
			if got[i].Metrics["x"] <= got[i-1].Metrics["x"] {
				t.Fatalf("point %d out of order", i)
			}
		}
	})
}

func TestOutboxTiming(t *testing.T) {
	lim := limits{batch: 1 << 16, memory: 1 << 20, stored: 1 << 20, points: 1000, settle: 50 * time.Millisecond, interval: 200 * time.Millisecond}
	o := newOutbox(lim, &memorySpill{}, begin)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	expect := func(ms int, sent bool, wait int) *outUpdate {
		t.Helper()
		u, w := o.take(at(ms), uuid.New)
		if (u != nil) != sent || w != time.Duration(wait)*time.Millisecond {
			t.Fatalf("at %d ms: sent %v, wait %v", ms, u != nil, w)
		}
		return u
	}
	point := measure{metrics: map[string]float64{"a": 1}}
	expect(0, false, 50)
	u := expect(50, true, 0) // it runs
	o.add(point, 0)
	expect(300, false, 0) // one update at a time
	o.acknowledge(u.id[:])
	u = expect(300, true, 0) // long due
	o.acknowledge(u.id[:])
	expect(301, false, 0) // nothing to say
	o.add(point, 0)
	expect(310, false, 190)
	o.finish(ending{state: mesosapi.TASK_FAILED, message: "exit code 3"})
	u = expect(310, true, 0) // the end does not wait
	r, err := task.Decode[task.Report](u.data)
	if err != nil || len(r.Points) != 1 || r.First != 1 || r.End == nil || !u.terminal || u.message != "exit code 3" {
		t.Fatalf("got %+v, %v", r, err)
	}
	if r.Points[0].Step != 1 {
		t.Fatalf("a point without a step has step %d, want its number", r.Points[0].Step)
	}
}

func TestFileSpill(t *testing.T) {
	folder, err := safefile.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	rapid.Check(t, func(t *rapid.T) {
		s := &fileSpill{folder: folder}
		defer s.remove()
		var want [][]byte
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				b := rapid.SliceOf(rapid.Byte()).Draw(t, "batch")
				if err := s.push(b); err != nil {
					t.Fatal(err)
				}
				want = append(want, b)
			},
			"pop": func(t *rapid.T) {
				if len(want) == 0 {
					t.Skip("empty")
				}
				b, err := s.pop()
				if err != nil || string(b) != string(want[0]) {
					t.Fatalf("got %q, %v, want %q", b, err, want[0])
				}
				want = want[1:]
			},
		})
	})
}
