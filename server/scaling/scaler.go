package scaling

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server/webhook"
)

// Event is what a webhook is told, and a command reads from its standard input.
type Event struct {
	ID    string `json:"id"`
	Event string `json:"event"` // AdviceEvent
	Time  string `json:"time"`  // RFC 3339
	Report
}

// AdviceEvent is the name of the event that there is advice.
const AdviceEvent = "scaling.advice"

// Config says what a Scaler looks at, and who is told. All but Every and Log are required.
type Config struct {
	Groups []Group
	// Look is the cluster as it is now.
	Look func(context.Context) (agents []Agent, waiting []Shape, err error)
	// Tell has a group's webhook told. It does not block.
	Tell  func(g *Group, e Event, body []byte)
	Every time.Duration // between two looks; zero: five seconds
	File  string        // in which it keeps what was told last, over restarts; empty: it is forgotten
	Log   *slog.Logger  // nil: none
}

// Scaler looks at a cluster again and again. Its methods may be called from any goroutine.
type Scaler struct {
	cfg   Config
	stop  context.CancelFunc
	ended chan struct{}

	told map[string]time.Time // when, by group, and what: run's alone
	last map[string]*Advice

	mu      sync.Mutex
	reports []Report
}

// Start begins to look; the caller must Close.
func Start(cfg Config) *Scaler {
	if cfg.Every == 0 {
		cfg.Every = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Scaler{cfg: cfg, stop: stop, ended: make(chan struct{})}
	s.told, s.last = cfg.kept(time.Now())
	crash.Go(func() { defer close(s.ended); s.run(ctx) })
	return s
}

// Close ends it, and the command that it runs.
func (s *Scaler) Close() {
	s.stop()
	<-s.ended
}

// Reports are how the groups stood at the last look.
func (s *Scaler) Reports() []Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Report{}, s.reports...)
}

func (s *Scaler) run(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	for {
		s.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Scaler) look(ctx context.Context) {
	agents, waiting, err := s.cfg.Look(ctx)
	if err != nil || ctx.Err() != nil {
		return // the scheduler is starting or ending, or has no master
	}
	now := time.Now()
	reports := Advise(now, s.cfg.Groups, agents, waiting, s.told)
	s.mu.Lock()
	s.reports = append([]Report{}, reports...)
	for i := range reports {
		name := reports[i].Group
		switch at, ever := s.told[name]; {
		case reports[i].Advice != nil: // it is told below
		case ever && now.Sub(at) < s.cfg.Groups[i].CoolDown:
			s.reports[i].Advice = s.last[name] // people look less often than this
		}
	}
	s.mu.Unlock()
	for i := range reports {
		if reports[i].Advice == nil || ctx.Err() != nil { // what nobody hears does not count as told
			continue
		}
		s.told[reports[i].Group], s.last[reports[i].Group] = now, reports[i].Advice
		s.mu.Lock()
		s.reports[i].Told = now.UTC().Format(time.RFC3339)
		s.mu.Unlock()
		s.keep() // first: who is told twice makes twice as many agents
		s.tell(ctx, &s.cfg.Groups[i], reports[i], now)
	}
}

func (s *Scaler) tell(ctx context.Context, g *Group, r Report, now time.Time) {
	e := Event{webhook.NewID(), AdviceEvent, now.UTC().Format(time.RFC3339), r}
	body, err := json.Marshal(e)
	if err != nil {
		return // of numbers and words there is always JSON
	}
	s.cfg.Log.Info("advice about agents", "group", g.Name, "add", r.Advice.Add, "remove", r.Advice.Remove)
	if g.Webhook != "" {
		s.cfg.Tell(g, e, body)
		return
	}
	if said, err := runCommand(ctx, g.Command, body); err != nil {
		s.cfg.Log.Warn("the command that is told of agents failed", "group", g.Name, "command", g.Command[0], "err",
			err, "said", said)
	}
}
