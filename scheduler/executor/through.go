package executor

import (
	"net/http"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// transfers fetches from file servers and uploads to them. By another way than the network only those of the scheduler
// are reached, which it names by plain HTTP; a bucket's and others' are asked as ever.
func (c *Config) transfers() *transfer.Client {
	t := &transfer.Client{Patience: c.Patience}
	if c.Through != nil {
		t.HTTP = &http.Client{Transport: through{c.Through, http.DefaultTransport}}
	}
	return t
}

// through sends what is for the scheduler by one way, and the rest by another.
type through struct{ scheduler, others http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t through) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == cluster.SchedulerHost {
		return t.scheduler.RoundTrip(r)
	}
	return t.others.RoundTrip(r)
}
