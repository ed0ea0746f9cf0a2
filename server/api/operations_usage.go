package api

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/accounting"
	"github.com/kaon-sweep/kaon/server/state"
)

type usageInput struct {
	By    string `query:"by" enum:"sweep,queue,user,day" default:"queue" doc:"What it is divided by."`
	Since string `query:"since" maxLength:"40" doc:"RFC 3339; from the day of it on, in UTC. Absent: all."`
}

func (a *API) declareUsage() {
	a.usages = accounting.New(accounting.Config{
		Bucket: a.cfg.Bucket, Sweeps: a.catalog.sweeps,
		Folder: func(id string) string { return filepath.Join(a.cfg.Server.Folder(), state.SweepsFolder, id) },
	})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/usage", "get-usage",
		"What trials of all sweeps used, by the amounts that they asked for"),
		func(ctx context.Context, in *usageInput) (*body[accounting.Usage], error) {
			return answer(a.usage(ctx, in))
		})
}

// usage reads records of many sweeps at first: one at a time.
func (a *API) usage(ctx context.Context, in *usageInput) (accounting.Usage, error) {
	var since time.Time
	if in.Since != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, in.Since); err != nil {
			return accounting.Usage{}, huma.Error422UnprocessableEntity(fmt.Sprintf("since %q is no time: want "+
				"one as 2026-11-30T00:00:00Z", in.Since))
		}
	}
	done, err := a.alone(ctx)
	if err != nil {
		return accounting.Usage{}, err
	}
	defer done()
	return a.usages.All(ctx, in.By, since)
}
