package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
)

type benchServeCmd struct {
	Server    string `placeholder:"URL" help:"Ask this server, as an operator of it, instead of one that is started for it; what is submitted there is deleted at the end."`
	Sweeps    int    `default:"1000" help:"Small sweeps that are submitted and wait (${default})."`
	Trials    int    `default:"1000000" help:"Trials of one large sweep (${default})."`
	Listeners int    `default:"500" help:"Listeners of the event stream (${default})."`
	Requests  int    `default:"300" help:"Requests of each kind (${default})."`
	Parallel  int    `default:"4" help:"Requests at once (${default})."`
	Seed      uint64 `default:"1" help:"Seed of the trials that are asked for (${default})."`
	JSON      bool   `help:"Print JSON."`
}

// Run measures how fast a server answers.
func (c *benchServeCmd) Run(ctx context.Context, out *output) error {
	if c.Sweeps < 1 || c.Trials < 1 || c.Requests < 1 || c.Parallel < 1 || c.Listeners < 0 {
		return usage(errors.New("--sweeps, --trials, --requests and --parallel: at least 1; --listeners: at least 0"))
	}
	if err := server.CheckOpenFiles(); err != nil {
		return err
	}
	cfg := bench.ServeConfig{
		Address: c.Server, Sweeps: c.Sweeps, Trials: c.Trials, Listeners: c.Listeners, Requests: c.Requests,
		Parallel: c.Parallel, Seed: c.Seed,
		Say: func(line string) { fmt.Fprintf(out.stderr, "kaon: %s\n", line) },
	}
	if c.Server == "" {
		address, stop, err := ownServer(ctx)
		if err != nil {
			return err
		}
		defer stop()
		cfg.Address = address
	} else {
		token, err := tokenOf(c.Server)
		if err != nil {
			return usage(err)
		}
		cfg.Token = token
	}
	report, err := bench.Serve(ctx, cfg)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return report.WriteJSON(out.stdout)
	}
	return report.WriteText(out.stdout)
}

// ownServer is a server of this process on an embedded cluster, with journal and results in a folder that goes with it.
func ownServer(ctx context.Context) (address string, stop func(), err error) {
	var undo []func()
	stop = func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	folder, err := os.MkdirTemp("", "kaon-bench-")
	if err != nil {
		return "", nil, err
	}
	undo = append(undo, func() { os.RemoveAll(folder) })
	results, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		return "", nil, err
	}
	var hears atomic.Pointer[api.API]
	state := filepath.Join(folder, "state")
	s, err := server.Open(ctx, server.Config{
		Folder: state, Bucket: results, BucketFolder: filepath.Join(folder, "results"),
		Cluster:       server.Cluster{GPUs: "none", Alone: true},
		FrameworkName: "kaon bench serve", Version: versionString(),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Heard: func(n scheduler.Notice) {
			if a := hears.Load(); a != nil {
				a.Heard(n)
			}
		},
	})
	if err != nil {
		return "", nil, err
	}
	undo = append(undo, func() { _ = s.Close(context.WithoutCancel(ctx)) })
	a, err := api.New(api.Config{
		Server: s, Bucket: results, Folder: state, Place: folder, Version: versionString(),
		Access: access.Config{Rate: -1},
	})
	if err != nil {
		return "", nil, err
	}
	undo = append(undo, func() { _ = a.Close() })
	hears.Store(a)
	socket := filepath.Join(state, apiSocket)
	l, err := listen.Unix(socket)
	if err != nil {
		return "", nil, err
	}
	h := listen.Server(a.Handler(), nil)
	h.WriteTimeout, h.ConnContext = 0, access.Local
	undo = append(undo, func() { h.Close() })
	crash.Go(func() {
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("the server under measurement has ended", "err", err)
		}
	})
	return "unix://" + socket, stop, nil
}
