package service

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/server/traces"
	"github.com/kaon-sweep/kaon/server/webhook"
	"github.com/kaon-sweep/kaon/server/workflows"
)

// Config is what a service is made of.
type Config struct {
	// Server is of the sweeps. What the service keeps is in its Folder; its Bucket, Version, Fence and Log are those of
	// all parts. Heard is called beside the service's own.
	Server server.Config
	// API is what callers may and see. Server, Bucket, Folder, Access.Tokens, Version, Log, Scaling, Workflows and
	// Registered are the service's own.
	API     api.Config
	Results string           // the place of results, as steps of workflows are given it
	Runs    string           // folder of the runs of workflows
	Scaling Scaling          // who is advised on agents
	Hooks   *webhook.Sender  // told of ends, and of runs that are late; nil: nobody is. The service closes it
	Spans   *traces.Exporter // sends traces of trials; nil: nothing does. The service closes it
}

// undoPatience is how long what Open has made may take to be gone when it fails.
const undoPatience = 30 * time.Second

// Service is a server of sweeps with all that belongs to it. Its methods may be called from any goroutine.
type Service struct {
	Server *server.Server
	API    *api.API

	cfg   Config
	hears atomic.Pointer[api.API] // what the scheduler tells, as soon as there is one
	ends  []func()                // of what Open has begun, in its order
}

// Open opens all parts, takes up what an earlier process has left, and begins runs of workflows that are due. The
// caller must Close. What Open has made is gone again when it fails. ctx bounds Open alone.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{cfg: cfg}
	if err := s.open(ctx); err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience)
		defer cancel()
		_ = s.Close(last) // the first error is the one to tell
		return nil, err
	}
	return s, nil
}

func (s *Service) open(ctx context.Context) (err error) {
	cfg := s.cfg.Server
	cfg.Heard = s.heard
	s.cfg.Scaling.counts(&cfg)
	if s.Server, err = server.Open(ctx, cfg); err != nil {
		return err
	}
	tokens, err := access.OpenTokens(cfg.Folder)
	if err != nil {
		return err
	}
	runs, err := workflows.New(workflows.Config{
		Results: s.cfg.Results, Folder: s.cfg.Runs, Server: s.Server, Bucket: cfg.Bucket, Version: cfg.Version,
		Fence: cfg.Fence, Log: cfg.Log,
	})
	if err != nil {
		return err
	}
	s.ends = append(s.ends, runs.Close)
	registered, err := registry.Open(registry.Config{
		Folder: filepath.Join(cfg.Folder, "registered"), Runs: runs, Log: cfg.Log, Fence: cfg.Fence,
		May: access.Standing(tokens, s.cfg.API.Access.People),
	})
	if err != nil {
		return err
	}
	s.ends = append(s.ends, registered.Close)
	own := s.cfg.API
	own.Server, own.Bucket, own.Folder, own.Access.Tokens = s.Server, cfg.Bucket, cfg.Folder, tokens
	own.Version, own.Log, own.Workflows, own.Registered = cfg.Version, cfg.Log, runs, registered
	if own.Scaling = s.cfg.Scaling.scaler(s.Server, cfg.Log); own.Scaling != nil {
		s.ends = append(s.ends, own.Scaling.Close)
	}
	if s.API, err = api.New(own); err != nil {
		return err
	}
	s.ends = append(s.ends, func() {
		if err := s.API.Close(); err != nil && cfg.Log != nil {
			cfg.Log.Error("the audit log is not whole", "err", err)
		}
	})
	s.hears.Store(s.API)
	runs.Start(func(c workflows.Change) { s.API.HeardRun(c); registered.Heard(c); s.tellLate(c) })
	registered.Start()
	return nil
}

// heard hands on what the scheduler tells. It is called by the loop.
func (s *Service) heard(n scheduler.Notice) {
	if a := s.hears.Load(); a != nil {
		a.Heard(n)
	}
	if s.cfg.Hooks != nil {
		s.cfg.Hooks.Heard(n)
	}
	if s.cfg.Spans != nil {
		s.cfg.Spans.Heard(n)
	}
	if more := s.cfg.Server.Heard; more != nil {
		more(n)
	}
}

// tellLate has the webhooks told of a run that is late.
func (s *Service) tellLate(c workflows.Change) {
	if s.cfg.Hooks == nil || c.Late == nil {
		return
	}
	h := c.Late.Header
	s.cfg.Hooks.TellLate(webhook.LateRun{
		Run: h.Run, Workflow: h.Name, Registered: h.Registered, Version: h.Revision, Owner: h.Owner, Labels: h.Labels,
		State: string(c.State),
		Due:   time.UnixMilli(c.Late.Due).UTC().Format(time.RFC3339), SLA: c.Late.SLA,
	})
}

// Run waits until ctx ends, or the scheduler does, whose error it answers.
func (s *Service) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.Server.Done():
		return s.Server.Err()
	}
}

// Close ends all parts, those first that need others: no run of a workflow and no sweep is ended by it, the next Open
// goes on with them. Within ctx it stores what is left, and tells whom it has to tell. Listeners are to be closed
// before.
func (s *Service) Close(ctx context.Context) (err error) {
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
	s.ends = nil
	var advice sync.WaitGroup // beside the server, which may take all of ctx: what counts as told is to be heard
	for _, one := range s.cfg.Scaling.Tell {
		advice.Add(1)
		crash.Go(func() { defer advice.Done(); one.Close(ctx) })
	}
	defer advice.Wait()
	if s.Server != nil {
		if err = s.Server.Close(ctx); err != nil {
			err = fmt.Errorf("close: %w; what is left is stored when it starts again", err)
		}
	}
	if s.cfg.Hooks != nil {
		s.cfg.Hooks.Close(ctx)
	}
	if s.cfg.Spans != nil {
		s.cfg.Spans.Close(ctx)
	}
	return err
}
