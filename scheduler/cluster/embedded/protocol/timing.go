package protocol

import (
	"strconv"
	"time"
)

// Timing holds every interval of the cluster. Zero fields take Mesos's stock values, but for OfferTimeout,
// whose zero means that offers are never rescinded by age (stock as well).
type Timing struct {
	// Between two allocations of freed resources; stock 1 s; negative: only by Allocate
	AllocationInterval time.Duration
	OfferTimeout       time.Duration // after which an unused offer is rescinded; 0: never
	Heartbeat          time.Duration // of scheduler and executor streams; stock 15 s
	// Silence after which an agent is unreachable; stock 75 s (5 pings of 15 s)
	AgentTimeout time.Duration
	// An agent waits this long before it goes to a new master; stock up to 1 min, here 0
	ReregistrationBackoff  time.Duration
	ExecutorRegistration   time.Duration // an executor that has not subscribed by then is killed; stock 1 min
	ExecutorReregistration time.Duration // the same after an agent's restart; stock 2 s
	ShutdownGrace          time.Duration // between SHUTDOWN and SIGKILL of an executor; stock 5 s
	RecoveryTimeout        time.Duration // how long executors are told to wait for a lost agent; stock 15 min
	ResendFirst            time.Duration // first wait before an unacknowledged update is sent again; stock 10 s
	ResendMax              time.Duration // the wait doubles up to this; stock 10 min
	// Upper bound of a framework's failover_timeout; stock none, here 4 weeks
	FailoverCap time.Duration
}

// WithDefaults fills in Mesos's stock values.
func (t Timing) WithDefaults() Timing {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if t.AllocationInterval == 0 {
		t.AllocationInterval = time.Second
	}
	def(&t.Heartbeat, 15*time.Second)
	def(&t.AgentTimeout, 75*time.Second)
	def(&t.ExecutorRegistration, time.Minute)
	def(&t.ExecutorReregistration, 2*time.Second)
	def(&t.ShutdownGrace, 5*time.Second)
	def(&t.RecoveryTimeout, 15*time.Minute)
	def(&t.ResendFirst, 10*time.Second)
	def(&t.ResendMax, 10*time.Minute)
	def(&t.FailoverCap, 4*7*24*time.Hour)
	return t
}

// Seconds turns a Mesos duration in seconds into a Duration, bounded so that it cannot overflow.
func Seconds(s float64, limit time.Duration) time.Duration {
	if s != s || s <= 0 {
		return 0
	}
	if s >= limit.Seconds() {
		return limit
	}
	return time.Duration(s * float64(time.Second))
}

var mesosUnits = []struct {
	unit time.Duration
	name string
}{
	{7 * 24 * time.Hour, "weeks"}, {24 * time.Hour, "days"}, {time.Hour, "hrs"}, {time.Minute, "mins"},
	{time.Second, "secs"}, {time.Millisecond, "ms"}, {time.Microsecond, "us"},
}

// MesosDuration prints a duration as Mesos's flags and messages do: 5secs, 15mins.
func MesosDuration(d time.Duration) string {
	for _, u := range mesosUnits {
		if d >= u.unit && d%u.unit == 0 {
			return strconv.Itoa(int(d/u.unit)) + u.name
		}
	}
	return strconv.Itoa(int(d)) + "ns"
}
