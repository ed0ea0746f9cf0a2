package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// repeated is all values of a key of a query: with commas between, as the document has it, or the key given more than
// once, as the command line and many tools do. Of those the library takes the first alone.
func repeated(ctx huma.Context, key string) (all []string) {
	u := ctx.URL()
	for _, text := range u.Query()[key] {
		for one := range strings.SplitSeq(text, ",") {
			if one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

// Resolve implements huma.Resolver.
func (in *listSweepsInput) Resolve(ctx huma.Context) []error {
	in.State, in.Label = repeated(ctx, "state"), repeated(ctx, "label")
	return nil
}

// Resolve implements huma.Resolver.
func (in *listTrialsInput) Resolve(ctx huma.Context) []error {
	in.State = repeated(ctx, "state")
	return nil
}
