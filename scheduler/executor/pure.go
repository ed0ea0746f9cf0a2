package executor

import (
	"errors"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// Outbox is the pure half of an executor, for whoever runs trials without processes, such as the simulation: it
// turns the points of one attempt into numbered status updates, one unacknowledged at a time, the end last. It is for
// one goroutine.
type Outbox struct{ box *outbox }

// OutboxConfig bounds an Outbox.
type OutboxConfig struct {
	Settle   time.Duration // until a new attempt says that it runs
	Interval time.Duration // between updates while points trickle in
	Batch    int           // bytes of points in one update
}

// Update is one status update: sent again, on every new subscription, until it is acknowledged.
type Update struct {
	ID      uuid.UUID
	State   mesosapi.TaskState
	Message string
	Data    []byte // a task.Report
	At      time.Time
}

// pureBytes bounds what a simulated attempt holds back; there is no file to put more into.
const pureBytes = 16 << 20

// noSpill stands where there is no disk.
type noSpill struct{}

var errNoSpill = errors.New("no file to spill to")

func (noSpill) push([]byte) error    { return errNoSpill }
func (noSpill) pop() ([]byte, error) { return nil, errNoSpill }

// NewOutbox is the outbox of an attempt that starts now.
func NewOutbox(c OutboxConfig, now time.Time) *Outbox {
	return &Outbox{newOutbox(limits{batch: c.Batch, memory: pureBytes, stored: pureBytes, points: 1 << 32,
		settle: c.Settle, interval: c.Interval}, noSpill{}, now)}
}

// Add takes one point; false says that it was dropped: the attempt has ended.
func (o *Outbox) Add(step int64, metrics map[string]float64, at time.Time) bool {
	return o.box.add(measure{metrics: metrics, step: step, hasStep: true}, at.UnixMilli())
}

// Finish says how the attempt ended; only the first call counts.
func (o *Outbox) Finish(state mesosapi.TaskState, message string, end task.End) {
	o.box.finish(ending{state: state, message: message, end: end})
}

// Take returns the update that is due, or nil and how long to wait for the next (0: until something happens).
func (o *Outbox) Take(now time.Time, id func() uuid.UUID) (*Update, time.Duration) {
	u, wait := o.box.take(now, id)
	return u.pure(), wait
}

// InFlight is the update that waits for its acknowledgement; nil when there is none.
func (o *Outbox) InFlight() *Update { return o.box.inFlight.pure() }

func (u *outUpdate) pure() *Update {
	if u == nil {
		return nil
	}
	return &Update{ID: u.id, State: u.state, Message: u.message, Data: u.data, At: u.at}
}

// Acknowledge takes an acknowledgement; it tells whether it was for the update in flight.
func (o *Outbox) Acknowledge(id []byte) bool { return o.box.acknowledge(id) }

// Finished tells whether the last update was acknowledged.
func (o *Outbox) Finished() bool { return o.box.finished() }
