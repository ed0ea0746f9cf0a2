package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server/access"
)

// largestPreview is how large a page may be that is shown.
const largestPreview = 8 << 20

// previewPolicy is what a page of a trial's may do when it is shown: look as it likes, with pictures that stand in it.
// It runs nothing, loads nothing, sends nothing, is of no origin, and stands in the dashboard's frames alone. It holds
// also when somebody opens its address by itself.
const previewPolicy = "sandbox; default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; " +
	"base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'self'"

// declarePreviews declares how the dashboard shows HTML that trials have written.
func (a *API) declarePreviews() {
	type previewInput struct {
		Name string `path:"name" doc:"Of an object among the artifacts of a trial; it ends in .html or .htm."`
	}
	preview := operation(access.Viewer, http.MethodGet, "/previews/{name...}", "get-preview",
		"A page that a trial left, which may do nothing but be looked at")
	preview.Responses = contentOf("text/html")
	huma.Register(a.huma, preview, func(ctx context.Context, in *previewInput) (*huma.StreamResponse, error) {
		if !isPage(in.Name) {
			return nil, notFound("no such page")
		}
		o, err := a.cfg.Bucket.Stat(ctx, in.Name)
		if err != nil {
			return nil, problem(err)
		}
		if o.Size > largestPreview {
			return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("it has %d bytes: pages of up to %d are "+
				"shown; download it", o.Size, largestPreview))
		}
		data, err := bucket.ReadObject(ctx, a.cfg.Bucket, in.Name, largestPreview)
		if err != nil {
			return nil, problem(err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", "text/html; charset=utf-8")
			hc.SetHeader("Content-Length", strconv.Itoa(len(data)))
			hc.SetHeader("Content-Security-Policy", previewPolicy)
			hc.SetHeader("Referrer-Policy", "no-referrer")
			hc.SetHeader("Content-Disposition", "inline")
			_, _ = hc.BodyWriter().Write(data) // who asked may be gone
		}}, nil
	})
}

// isPage says whether an object is a page that a trial has left.
func isPage(name string) bool {
	if bucket.CheckName(name) != nil {
		return false
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(name, results.SweepsPrefix), "/")
	_, _, artifact := results.ArtifactAttempt(id, name)
	low := strings.ToLower(name)
	return artifact && (strings.HasSuffix(low, ".html") || strings.HasSuffix(low, ".htm"))
}
