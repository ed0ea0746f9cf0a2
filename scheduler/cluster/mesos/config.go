package mesos

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Config says which master to drive and as which framework. Zero fields take the defaults named here.
type Config struct {
	Masters []string // host:port of every master; any one is enough, the leader is found by redirects
	TLS     TLS

	FrameworkID     cluster.FrameworkID // to be taken in again after a restart; empty: a new framework
	Name            string              // default "kaon"
	User            string              // Unix user of executors on the agents; default "root"
	Roles           []string            // default "*"
	Hostname        string              // shown in Mesos's UI
	WebUI           string              // link in Mesos's UI
	FailoverTimeout time.Duration       // how long the master keeps our tasks without us; default a week
	GPUs            bool                // asks for offers of agents with GPUs
	// asked before each subscription; its error ends Run: another process has the framework. nil: none has
	Fence func() error

	Principal string // basic authentication; empty: none
	Secret    string
	Check     func(net.Conn) error // refuses a connection before a secret goes through it; nil: none is refused

	Transport http.RoundTripper // to masters that are in this process; nil: by TCP

	CallTimeout  time.Duration // until a call is answered or a connection stands; default 15 s
	Heartbeats   int           // missed heartbeats that make a stream dead; default 5
	FirstTimeout time.Duration // how long the first subscription may take before Run gives up; 0: for ever
	Waited       time.Duration // how long a master was looked for before; errors count it in
	BackoffMin   time.Duration // first wait after a whole round of masters failed; default 100 ms
	BackoffMax   time.Duration // longest wait; default 15 s
	Seed         uint64        // of the jitter

	Log *slog.Logger // default: discards
}

// TLS says how to speak HTTPS to the masters. Files are PEM.
type TLS struct {
	Enabled  bool
	CA       string // file of trusted roots; empty: the system's
	Cert     string // file of the client's certificate; empty: none
	Key      string // file of its key
	Insecure bool   // any certificate is believed
}

const (
	defaultCallTimeout = 15 * time.Second // mesos-go's; a busy master of 10,000 agents answers within it
	defaultHeartbeats  = 5                // Mesos's own advice to schedulers
	defaultBackoffMin  = 100 * time.Millisecond
	defaultBackoffMax  = 15 * time.Second
	defaultFailover    = 7 * 24 * time.Hour // what Marathon and Aurora ask for
)

func (c *Config) complete() error {
	if len(c.Masters) == 0 {
		return errors.New("no master given: name at least one as host:port")
	}
	for _, m := range c.Masters {
		if _, _, err := net.SplitHostPort(m); err != nil {
			return fmt.Errorf("read master %q: want host:port: %w", m, err)
		}
	}
	if c.Principal == "" && c.Secret != "" {
		return errors.New("secret given without a principal")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("client certificate and key go together: give both or none")
	}
	def(&c.Name, "kaon")
	def(&c.User, "root")
	def(&c.FailoverTimeout, defaultFailover)
	def(&c.CallTimeout, defaultCallTimeout)
	def(&c.Heartbeats, defaultHeartbeats)
	def(&c.BackoffMin, defaultBackoffMin)
	def(&c.BackoffMax, max(defaultBackoffMax, c.BackoffMin))
	def(&c.Log, slog.New(slog.DiscardHandler))
	if len(c.Roles) == 0 {
		c.Roles = []string{"*"}
	}
	return nil
}

func def[T comparable](field *T, value T) {
	*field = cmp.Or(*field, value)
}
