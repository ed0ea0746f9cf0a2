package api

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/control"
)

// Info is what a server says of itself.
type Info struct {
	Version   string `json:"version"`
	PID       int    `json:"pid"`
	Place     string `json:"place" doc:"Where trials run."`
	Results   string `json:"results" doc:"Where results lie."`
	Connected bool   `json:"connected" doc:"To the master of the cluster."`
	Framework string `json:"framework,omitempty" doc:"By which the master knows this server."`
	Running   int    `json:"running" doc:"Attempts that are alive."`
	Sweeps    int    `json:"sweeps" doc:"That this server has."`
	Journal   string `json:"journal,omitempty" doc:"Why the journal grows, and what to do; absent: it does not."`
}

// Identity is who a caller is to the server.
type Identity struct {
	Name  string      `json:"name"`
	Role  access.Role `json:"role" enum:"viewer,submitter,operator,admin"`
	Local bool        `json:"local" doc:"Known as the user that the server runs as, by its socket."`
}

type body[T any] struct{ Body T }

func answer[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, problem(err)
	}
	return &body[T]{v}, nil
}

type text struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (a *API) declareServer() {
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/server", "get-server",
		"What the server says of itself"),
		func(ctx context.Context, _ *struct{}) (*body[Info], error) {
			snap, err := a.cfg.Server.Snapshot(ctx)
			grows := ""
			if _, why := a.cfg.Server.Journal(); why != nil {
				grows = why.Error()
			}
			return answer(Info{
				Journal: grows,
				Version: a.cfg.Version, PID: os.Getpid(), Place: a.cfg.Server.Place(), Results: a.cfg.Place,
				Connected: snap.Connected,
				Framework: string(snap.Framework), Running: snap.Live, Sweeps: len(snap.Sweeps),
			}, err)
		})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/status", "get-status",
		"Sweeps that the server has, and attempts that are alive"),
		func(ctx context.Context, _ *struct{}) (*body[control.Status], error) {
			snap, err := a.cfg.Server.Snapshot(ctx)
			if err != nil {
				return nil, problem(err)
			}
			alive, err := a.cfg.Server.Attempts(ctx)
			return answer(control.StatusOf(snap, alive, a.cfg.Server.Waiting, a.cfg.Server.Damaged), err)
		})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/whoami", "whoami",
		"Who the caller is to the server"),
		func(ctx context.Context, _ *struct{}) (*body[Identity], error) {
			c := access.Of(ctx)
			return answer(Identity{c.Name, c.Role, c.Local}, nil)
		})
	a.probe("/healthz", "The process is alive", func(context.Context) error { return nil })
	a.probe("/readyz", "The scheduler answers", func(ctx context.Context) error {
		_, err := a.cfg.Server.Snapshot(ctx)
		return err
	})
}

// probe is a page for those who watch over the process; it needs no token and tells nothing else.
func (a *API) probe(path, summary string, check func(context.Context) error) {
	huma.Register(a.huma, huma.Operation{
		OperationID: path[1:], Method: http.MethodGet, Path: path, Summary: summary, Security: []map[string][]string{},
		Errors: []int{http.StatusServiceUnavailable}, Responses: contentOf("text/plain"),
	}, func(ctx context.Context, _ *struct{}) (*text, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if check(ctx) != nil {
			return nil, huma.Error503ServiceUnavailable("the scheduler does not answer")
		}
		return &text{"text/plain; charset=utf-8", []byte("ok\n")}, nil
	})
}
