package bench

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// ServeConfig says what Serve asks of a server. Everything is required.
type ServeConfig struct {
	Address   string // of the server
	Token     string // of an operator; empty: the address is a socket
	Sweeps    int    // small ones, that are submitted and wait
	Trials    int    // of one large sweep, that wait
	Listeners int    // of the event stream
	Requests  int    // of each kind
	Parallel  int    // requests at once
	Seed      uint64
	Say       func(string) // progress
}

// ServeReport is how long a server took to answer.
type ServeReport struct {
	Sweeps    int        `json:"sweeps"`
	Trials    int        `json:"trials"`
	Listeners int        `json:"listeners"`
	Parallel  int        `json:"parallel"`
	Rows      []ServeRow `json:"rows"`
}

// ServeRow is one kind of request.
type ServeRow struct {
	Name      string  `json:"name"`
	Requests  int     `json:"requests"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Slowest   float64 `json:"slowest_ms"`
}

const (
	serveQueue    = "kaon-bench" // holds what is submitted back: one of its trials runs at a time
	serveLabel    = "kaon-bench"
	servePatience = time.Minute // for an event to reach all listeners
)

const (
	largeSpec = "name: bench-large\nqueue: " + serveQueue +
		"\nmethod: random\nrun_cap: %d\nmetric: {name: loss, goal: minimize}\n" +
		"parameters: {x: {min: 0.0, max: 1.0}, n: {distribution: int_uniform, min: 1, max: 1000}, kind: {values: " +
		"[a, b, c]}}\n" +
		"command: \"sleep 600; echo loss=${param.x}\"\n"
	smallSpec = "name: bench-small\nqueue: " + serveQueue +
		"\nmethod: grid\nparameters: {x: {values: [1, 2, 3, 4]}}\ncommand: \"sleep 600\"\n"
)

// Serve fills a server with sweeps that wait, asks it what people and dashboards ask, and takes them away again.
func Serve(ctx context.Context, cfg ServeConfig) (_ *ServeReport, err error) {
	c, err := client.New(cfg.Address, cfg.Token)
	if err != nil {
		return nil, err
	}
	l := &serveLoad{ServeConfig: cfg, client: c, rng: rand.New(rand.NewPCG(cfg.Seed, 0))}
	if _, err := c.SetQueue(ctx, api.QueueChange{Name: serveQueue, Limit: &fairness.Amounts{"trials": 1}}); err != nil {
		return nil, fmt.Errorf("make the queue %s: %w", serveQueue, err)
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
		defer cancel()
		err = errors.Join(err, l.clean(last))
	}()
	for _, step := range []func(context.Context) error{l.submit, l.read, l.listen} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &ServeReport{cfg.Sweeps, cfg.Trials, cfg.Listeners, cfg.Parallel, l.rows}, nil
}

// serveLoad is what asks one server.
type serveLoad struct {
	ServeConfig
	client *client.Client
	rng    *rand.Rand

	large string
	mu    sync.Mutex
	small []string
	rows  []ServeRow
}

// measure makes n requests of a kind, Parallel at once.
func (l *serveLoad) measure(ctx context.Context, name string, n int, ask func(ctx context.Context, i int) error) error {
	took := make([]time.Duration, n)
	var next atomic.Int64
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	var all sync.WaitGroup
	for range min(l.Parallel, n) {
		all.Go(crash.Func(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				sent := time.Now()
				if err := ask(ctx, i); err != nil {
					cancel(fmt.Errorf("%s: %w", name, err))
					return
				}
				took[i] = time.Since(sent)
			}
		}))
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	l.row(name, took, time.Since(began))
	return nil
}

func (l *serveLoad) row(name string, took []time.Duration, whole time.Duration) {
	slices.Sort(took)
	ms := func(part float64) float64 {
		return took[int(part*float64(len(took)-1))].Seconds() * 1000
	}
	r := ServeRow{name, len(took), float64(len(took)) / whole.Seconds(), ms(.5), ms(.99), ms(1)}
	l.rows = append(l.rows, r)
	l.Say(fmt.Sprintf("%s: %.0f/s, p50 %.1f ms, p99 %.1f ms", r.Name, r.PerSecond, r.P50, r.P99))
}

// submit hands in the large sweep and the small ones, which wait.
func (l *serveLoad) submit(ctx context.Context) error {
	began := time.Now()
	s, err := l.client.Submit(ctx, api.Submission{Spec: fmt.Sprintf(largeSpec, l.Trials), Labels: []string{serveLabel}},
		"")
	if err != nil {
		return fmt.Errorf("submit %d trials: %w", l.Trials, err)
	}
	l.large = s.ID
	l.row(fmt.Sprintf("submit a sweep of %d trials", l.Trials), []time.Duration{time.Since(began)}, time.Since(began))
	return l.measure(ctx, "submit a small sweep", l.Sweeps, func(ctx context.Context, _ int) error {
		s, err := l.client.Submit(ctx, api.Submission{Spec: smallSpec, Labels: []string{serveLabel}}, "")
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			l.small = append(l.small, s.ID)
		}
		return err
	})
}

// read asks what people and dashboards ask.
func (l *serveLoad) read(ctx context.Context) error {
	sweeps := func(query string) func(context.Context, int) error {
		q, err := url.ParseQuery(query)
		return func(ctx context.Context, _ int) error {
			_, asked := l.client.SweepPage(ctx, q)
			return cmp.Or(err, asked)
		}
	}
	trials := func(query string) func(context.Context, int) error {
		q, err := url.ParseQuery(query)
		return func(ctx context.Context, _ int) error {
			_, asked := l.client.TrialPage(ctx, l.large, q)
			return cmp.Or(err, asked)
		}
	}
	picks := make([]int, l.Requests)
	for i := range picks {
		picks[i] = l.rng.IntN(max(l.Trials, 1))
	}
	for _, kind := range []struct {
		name string
		ask  func(context.Context, int) error
	}{
		{"list sweeps, a page", sweeps("limit=50")},
		{"list sweeps, by label and state", sweeps("limit=50&label=" + serveLabel + "&state=running")},
		{"list sweeps, by text", sweeps("limit=50&text=bench-large")},
		{"status of a small sweep", func(ctx context.Context, i int) error {
			_, err := l.client.Sweep(ctx, l.small[i%len(l.small)])
			return err
		}},
		{"status of the large sweep", func(ctx context.Context, _ int) error {
			_, err := l.client.Sweep(ctx, l.large)
			return err
		}},
		{"trials of the large sweep, a page", trials("limit=100")},
		{"trials of it, sorted by a parameter", trials("limit=100&sort=params.x")},
		{"trials of it, filtered", trials("limit=100&" +
			url.Values{"filter": {"params.x < 0.001 and params.kind == 'a'"}}.Encode())},
		{"one trial of it", func(ctx context.Context, i int) error {
			_, err := l.client.Trial(ctx, l.large, picks[i])
			return err
		}},
		{"agents", func(ctx context.Context, _ int) error { _, err := l.client.Agents(ctx); return err }},
		{"queues", func(ctx context.Context, _ int) error { _, err := l.client.Queues(ctx); return err }},
	} {
		if err := l.measure(ctx, kind.name, l.Requests, kind.ask); err != nil {
			return err
		}
	}
	return nil
}

// listen measures how long a change takes to reach all listeners of the event stream.
func (l *serveLoad) listen(ctx context.Context) error {
	if l.Listeners == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	heard := make(chan struct{}, l.Listeners)
	var ready, ended sync.WaitGroup
	for range l.Listeners {
		stream, err := l.client.Events(ctx, l.large, "")
		if err != nil {
			return fmt.Errorf("listen to events: %w", err)
		}
		ready.Add(1)
		ended.Go(crash.Func(func() {
			defer stream.Close()
			if err := follow(stream, ready.Done, heard); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("listen to events: %w", err))
			}
		}))
	}
	defer ended.Wait()
	defer cancel(nil)
	ready.Wait()
	changes := min(20, l.Trials)
	took := make([]time.Duration, 0, changes)
	began := time.Now()
	for trial := range changes {
		sent := time.Now()
		if err := l.client.Control().StopTrial(ctx, l.large, trial, "the measurement wants an event"); err != nil {
			return err
		}
		for range l.Listeners {
			select {
			case <-heard:
			case <-time.After(servePatience):
				return fmt.Errorf("a change has not reached all %d listeners within %s", l.Listeners, servePatience)
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		took = append(took, time.Since(sent))
	}
	l.row(fmt.Sprintf("a change reaches %d listeners", l.Listeners), took, time.Since(began))
	return nil
}

// follow reads a stream of events: the snapshot, then a change at a time.
func follow(stream io.Reader, ready func(), heard chan<- struct{}) error {
	lines := bufio.NewReader(stream)
	first := true
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		if !strings.HasPrefix(line, "data:") {
			continue
		}
		if first {
			first = false
			ready()
		} else if strings.Contains(line, `"state":"stopped"`) {
			heard <- struct{}{}
		}
	}
}

// clean takes away what was submitted.
func (l *serveLoad) clean(ctx context.Context) error {
	l.Say("taking the sweeps away again")
	ids := l.small
	if l.large != "" {
		ids = append(ids, l.large)
	}
	var failed error
	for _, id := range ids {
		if err := l.client.Control().Stop(ctx, id, "the measurement has ended"); err != nil {
			failed = errors.Join(failed, fmt.Errorf("stop: %w", err))
		}
	}
	for _, id := range ids {
		for {
			s, err := l.client.Sweep(ctx, id)
			if err != nil || s.Finished != "" || ctx.Err() != nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if _, err := l.client.Delete(ctx, id); err != nil {
			failed = errors.Join(failed, fmt.Errorf("delete: %w", err))
		}
	}
	return errors.Join(failed, l.client.RemoveQueue(ctx, serveQueue))
}
