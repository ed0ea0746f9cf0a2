package outbox

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

func (m *memorySpill) Push(b []byte) error {
	if m.broken {
		return errors.New("no space left on device")
	}
	m.batches = append(m.batches, b)
	m.most = max(m.most, len(m.batches))
	return nil
}

func (m *memorySpill) Pop() ([]byte, error) {
	b := m.batches[0]
	m.batches = m.batches[1:]
	return b, nil
}

var begin = time.Unix(1795401878, 0)

// Whatever comes in whatever order, what was taken is sent exactly once, in order and without gaps, one
// update at a time, each bounded, the end last; what was not taken is counted; memory stays bounded.
func TestOutboxDeliversEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := Bounds{
			Batch:  rapid.IntRange(1, 500).Draw(t, "batch"),
			Memory: rapid.IntRange(0, 1000).Draw(t, "memory"),
			Stored: rapid.IntRange(0, 5000).Draw(t, "stored"),
			Points: uint64(rapid.IntRange(0, 300).Draw(t, "points")),
			Settle: 50 * time.Millisecond,
		}
		sp := &memorySpill{}
		o := New(lim, sp, begin)
		now, taken, refused, x := begin, 0, uint64(0), 0.0
		var got []results.Point
		var end *task.End
		var last *Update
		receive := func(u *Update) {
			if end != nil {
				t.Fatal("an update after the end")
			}
			r, err := task.Decode[task.Report](u.Data)
			if err != nil {
				t.Fatal(err)
			}
			if r.First != uint64(len(got)) {
				t.Fatalf("report begins with point %d, want %d", r.First, len(got))
			}
			if len(u.Data) > lim.Batch+200 {
				t.Fatalf("update of %d bytes, the bound is %d", len(u.Data), lim.Batch)
			}
			got = append(got, r.Points...)
			end, last = r.End, u
			if u.Terminal != (r.End != nil) || (r.End == nil) != (u.State == mesosapi.TASK_RUNNING) {
				t.Fatalf("update %+v carries end %+v", u, r.End)
			}
		}
		send := func() bool {
			u, wait := o.Take(now, uuid.New, true)
			if u == nil && o.Waits() { // a Mux would take it
				first, points := o.take()
				u = o.carry(now, uuid.New(), task.Encode(task.Report{First: first, Points: points}))
			}
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
					m := results.Point{Millis: 7, Metrics: map[string]float64{"x": x}}
					if rapid.IntRange(0, 9).Draw(t, "note") == 0 {
						m.Note = &results.Note{Milestone: "m", Name: "n", Value: []byte("1")}
					}
					before := o.next
					ok := o.Add(m, false)
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
				if o.Acknowledge([]byte("another uuid")) {
					t.Fatal("took a stranger's acknowledgement")
				}
				if last != nil {
					flying := o.inFlight == last
					if o.Acknowledge(last.ID[:]) != flying {
						t.Fatal("acknowledgement of the update in flight not taken, or taken twice")
					}
				}
			},
			"disk": func(t *rapid.T) { sp.broken = rapid.Bool().Draw(t, "full") },
			"": func(t *rapid.T) {
				if o.inMemory > lim.Memory+2*lim.Batch+400 && len(o.closed) > 1 {
					t.Fatalf("%d bytes in memory, the bound is %d", o.inMemory, lim.Memory)
				}
			},
		})
		o.Finish(Ending{State: mesosapi.TASK_FINISHED})
		for range 10000 {
			if last != nil {
				o.Acknowledge(last.ID[:])
			}
			if !send() {
				break
			}
		}
		if o.Acknowledge(last.ID[:]); !o.Finished() || end == nil {
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

func TestFileSpill(t *testing.T) {
	folder, err := safefile.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	rapid.Check(t, func(t *rapid.T) {
		s := &FileSpill{Folder: folder}
		defer s.Remove()
		var want [][]byte
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				b := rapid.SliceOf(rapid.Byte()).Draw(t, "batch")
				if err := s.Push(b); err != nil {
					t.Fatal(err)
				}
				want = append(want, b)
			},
			"pop": func(t *rapid.T) {
				if len(want) == 0 {
					t.Skip("empty")
				}
				b, err := s.Pop()
				if err != nil || string(b) != string(want[0]) {
					t.Fatalf("got %q, %v, want %q", b, err, want[0])
				}
				want = want[1:]
			},
		})
	})
}
