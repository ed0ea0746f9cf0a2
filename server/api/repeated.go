package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/sweep"
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

// states are all states of a query, and which of them there are not by the operation's document: the library looks at
// those of the first key.
func states(ctx huma.Context, to *[]string) (wrong []error) {
	*to = repeated(ctx, "state")
	var known []string
	for _, p := range ctx.Operation().Parameters {
		if p.Name == "state" && p.In == "query" {
			for _, one := range p.Schema.Items.Enum {
				known = append(known, fmt.Sprint(one))
			}
		}
	}
	for _, one := range *to {
		if !slices.Contains(known, one) {
			wrong = append(wrong, &huma.ErrorDetail{
				Location: "query.state", Value: one, Message: "no such state: " + sweep.DidYouMean(one, known),
			})
		}
	}
	return wrong
}

// Resolve implements huma.Resolver.
func (in *listSweepsInput) Resolve(ctx huma.Context) []error {
	in.Label = repeated(ctx, "label")
	return states(ctx, &in.State)
}

// Resolve implements huma.Resolver.
func (in *listTrialsInput) Resolve(ctx huma.Context) []error {
	return states(ctx, &in.State)
}
