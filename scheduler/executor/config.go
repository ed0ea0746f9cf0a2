package executor

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
)

// Config is what one executor process works with. FromEnvironment fills the first part from what the agent
// says; zero fields of the second part take the defaults named here.
type Config struct {
	Agent           string // host:port of the agent's HTTP endpoint
	Socket          string // of the agent, on this machine; empty: by TCP
	HTTPS           bool
	CA              string // file of trusted roots in PEM for HTTPS; empty: any are, as by libprocess
	Token           string // bearer token; empty: none
	Proves          bool   // the agent proves on demand that it knows the token: kaon's own does
	Framework       string
	Executor        string
	Sandbox         string        // folder the attempts' folders are made in, as this process sees it
	HostSandbox     string        // the same folder as the agent's host sees it
	Checkpoint      bool          // the agent may restart: hold on to the tasks and subscribe again
	RecoveryTimeout time.Duration // for how long
	BackoffMax      time.Duration // longest wait between attempts to subscribe
	ShutdownGrace   time.Duration // from SHUTDOWN until the agent kills us
	Environ         []string      // what trials start from, without what concerns only the executor

	Once       bool          // exit when the first task is over
	Idle       time.Duration // exit after so long without a task; 0: only when told
	FirstWait  time.Duration // how long the first subscription may take; default 30 s
	Settle     time.Duration // an attempt that ends sooner sends no TASK_RUNNING of its own; default 50 ms
	Interval   time.Duration // between updates that only bring points, with one attempt; default 200 ms
	Poll       time.Duration // between polls of a metrics file; default 200 ms
	MemoryPoll time.Duration // between samples of memory that the kernel does not limit; default 200 ms
	// to the agent and to file servers, where it is no network that leads there; nil: the network
	Through      http.RoundTripper
	Groupless    bool          // make no control groups, so that the kernel limits no attempt
	Linger       time.Duration // how long children may hold the pipes after the trial ended; default 500 ms
	BatchBytes   int           // points of one update; default 64 KiB
	MemoryBytes  int           // closed batches of one attempt held in memory; default 1 MiB
	StoredBytes  int           // those and what is spilled to disk, then points are dropped; default 256 MiB
	MaxPoints    uint64        // points of one attempt, then they are dropped; default 10 million
	MaxLine      int           // longest line looked at for metrics; default 64 KiB
	HeadBytes    int64         // of stdout and stderr each, kept from the start; default 8 MiB
	TailBytes    int64         // and from the end, at least; default 8 MiB
	MaxProcesses int           // of one attempt at a time, then it is ended; default 4,096
	// of all processes of one attempt at a time, likewise; default 16,384, and at least 4 for each process that it may
	// have
	MaxThreads int
	ReadWait   time.Duration // how long the rest of a metrics file may be read after the end; default 5 min
	// bytes of it, and of event files, that are read then: a sparse file may claim terabytes; default 1 GiB
	ReadRest int64
	// how long the program of an attempt and the folder that it starts in may take to answer, as on a network's file
	// system; default 30 s
	Answer    time.Duration
	Scarce    time.Duration // how long an attempt waits for what the machine ran out of; default 10 s
	Patience  time.Duration // how long the file server may be away; default 1 h
	Subreaper bool          // adopt and kill what trials leave behind; only for a process of our own

	Log *slog.Logger // default: discards
}

// FromEnvironment reads what a Mesos agent tells its executors.
func FromEnvironment(environ []string) (Config, error) {
	env := make(map[string]string, len(environ))
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	c := Config{
		Agent:       env["MESOS_AGENT_ENDPOINT"],
		Socket:      env["MESOS_DOMAIN_SOCKET"],
		Framework:   env["MESOS_FRAMEWORK_ID"],
		Executor:    env["MESOS_EXECUTOR_ID"],
		Sandbox:     env["MESOS_SANDBOX"],
		HostSandbox: env["MESOS_DIRECTORY"],
		Token:       env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"],
		Proves:      parseBool(env["KAON_AGENT_PROVES"]),
		Checkpoint:  parseBool(env["MESOS_CHECKPOINT"]),
		HTTPS:       parseBool(env["LIBPROCESS_SSL_ENABLED"]),
		CA:          env["LIBPROCESS_SSL_CA_FILE"],
		Environ:     trialBase(environ),
	}
	for name, value := range map[string]string{
		"MESOS_AGENT_ENDPOINT": c.Agent, "MESOS_FRAMEWORK_ID": c.Framework, "MESOS_EXECUTOR_ID": c.Executor,
	} {
		if value == "" {
			return Config{}, fmt.Errorf("read environment: %s is not set: "+
				"kaon executor is started by a Mesos agent, not by hand", name)
		}
	}
	for name, field := range map[string]*time.Duration{
		"MESOS_RECOVERY_TIMEOUT":               &c.RecoveryTimeout,
		"MESOS_SUBSCRIPTION_BACKOFF_MAX":       &c.BackoffMax,
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": &c.ShutdownGrace,
	} {
		text := env[name]
		if text == "" {
			continue
		}
		var err error
		if *field, err = parseDuration(text); err != nil {
			return Config{}, fmt.Errorf("read environment: %s: %w", name, err)
		}
	}
	return c, nil
}

func parseBool(text string) bool { return text == "1" || strings.EqualFold(text, "true") }

func (c *Config) complete() error {
	if _, _, err := net.SplitHostPort(c.Agent); err != nil {
		return fmt.Errorf("read agent endpoint %q: %w", c.Agent, err)
	}
	if c.Sandbox == "" {
		c.Sandbox = c.HostSandbox
	}
	if c.Sandbox == "" {
		c.Sandbox = "."
	}
	var err error
	if c.Sandbox, err = filepath.Abs(c.Sandbox); err != nil {
		return fmt.Errorf("find sandbox: %w", err)
	}
	if info, err := os.Stat(c.Sandbox); err != nil || !info.IsDir() {
		return errors.Join(fmt.Errorf("find sandbox %q: want a folder", c.Sandbox), err)
	}
	setDefault(&c.HostSandbox, c.Sandbox)
	setDefault(&c.RecoveryTimeout, 15*time.Minute) // Mesos's own defaults
	setDefault(&c.BackoffMax, 2*time.Second)
	setDefault(&c.ShutdownGrace, 5*time.Second)
	setDefault(&c.FirstWait, 30*time.Second)
	setDefault(&c.Settle, 50*time.Millisecond)
	setDefault(&c.Interval, 200*time.Millisecond)
	setDefault(&c.Poll, 200*time.Millisecond)
	setDefault(&c.MemoryPoll, 200*time.Millisecond)
	setDefault(&c.MaxProcesses, mostProcesses)
	setDefault(&c.MaxThreads, mostThreads)
	setDefault(&c.ReadWait, 5*time.Minute)
	setDefault(&c.ReadRest, 1<<30)
	setDefault(&c.Patience, time.Hour)
	setDefault(&c.Linger, 500*time.Millisecond)
	setDefault(&c.BatchBytes, 64<<10)
	setDefault(&c.MemoryBytes, 1<<20)
	setDefault(&c.StoredBytes, 256<<20)
	setDefault(&c.MaxPoints, 10_000_000)
	setDefault(&c.MaxLine, 64<<10)
	setDefault(&c.Scarce, 10*time.Second)
	setDefault(&c.Answer, 30*time.Second)
	setDefault(&c.HeadBytes, 8<<20)
	setDefault(&c.TailBytes, 8<<20)
	setDefault(&c.Log, slog.New(slog.DiscardHandler))
	return nil
}

func (c *Config) bounds() outbox.Bounds {
	return outbox.Bounds{
		Batch: c.BatchBytes, Memory: c.MemoryBytes, Stored: c.StoredBytes, Points: c.MaxPoints, Settle: c.Settle,
	}
}

func (c *Config) pace() outbox.Pace { return outbox.Pace{Batch: c.BatchBytes, Interval: c.Interval} }

func setDefault[T comparable](field *T, value T) {
	*field = cmp.Or(*field, value)
}

// trialBase is the executor's environment as far as it is a trial's business: without what Mesos says to the
// executor (its token above all) and without KAON_ names of an outer trial.
func trialBase(environ []string) []string {
	var out []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		ours := strings.HasPrefix(name, "MESOS_") || strings.HasPrefix(name, "LIBPROCESS_") ||
			strings.HasPrefix(name, "KAON_")
		if name == "MESOS_SANDBOX" || !ours {
			out = append(out, pair)
		}
	}
	return out
}

// mostProcesses is how many processes one attempt may have at a time: plenty for a program, and less than
// what takes a machine down.
const mostProcesses = 4096

// mostThreads is how many threads all of them may have together, and leastThreads for each process that an attempt may
// have at the least: the kernel counts threads where it counts processes, and a machine runs out of both at once.
const (
	mostThreads  = 4 * mostProcesses
	leastThreads = 4
)
