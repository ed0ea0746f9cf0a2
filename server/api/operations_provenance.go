package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/manifest"
)

// Provenance is where a sweep comes from, and its spec with all that was set.
type Provenance struct {
	File string   `json:"file,omitempty" doc:"The spec's, where it was submitted."`
	Set  []string `json:"set" doc:"KEY=VALUE: what was set besides the file, when it was submitted and since; secrets are replaced."`
	Seed uint64   `json:"seed" doc:"Of the search."`
	store.Provenance
}

func (a *API) declareProvenance() {
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/provenance", "get-provenance",
		"Where a sweep comes from: file, commit, commands, and the spec with all that was set"),
		func(ctx context.Context, in *SweepInput) (*body[Provenance], error) {
			known, err := a.catalog.get(ctx, in.Sweep)
			return answer(Provenance{
				File: known.File, Set: append([]string{}, manifest.OverridesOf(known.Sweep)...), Seed: known.Seed,
				Provenance: known.Provenance,
			}, err)
		})
}
