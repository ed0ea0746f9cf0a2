package api

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
)

// Submission asks for a sweep.
type Submission struct {
	Spec   string   `json:"spec,omitempty" maxLength:"1048576" doc:"Text of the spec; absent with like."`
	Like   string   `json:"like,omitempty" maxLength:"200" doc:"Instead of spec, file and folder: those of a sweep that there is, by its id, with what was set for it."`
	File   string   `json:"file,omitempty" maxLength:"4000" doc:"Where the spec lies: an absolute path of the server's machine, for callers on it; else its path in the uploaded folder or, without one, its name, after which a sweep without one is called."`
	Folder string   `json:"folder,omitempty" maxLength:"100" doc:"An uploaded folder with what the spec names: its id."`
	Set    []string `json:"set,omitempty" maxItems:"1000" doc:"KEY=VALUE: keys of the spec by their path, changed in this order."`
	Seed   *uint64  `json:"seed,omitempty" doc:"Instead of the spec's."`
	Labels []string `json:"labels,omitempty" maxItems:"64" doc:"Words by which the sweep is found again."`

	liked bool // file and folder are those of the sweep it is like, which its submitter may run again
}

// largestSubmission is what a submission may take as JSON.
const largestSubmission = 4 << 20

// largestSpec is what a submission may have as its spec.
const largestSpec = 1 << 20

// checkLabels refuses what people could not type in a shell as one word.
func checkLabels(labels []string) error {
	const longest = 100
	for _, label := range labels {
		if label == "" || len(label) > longest || strings.ContainsFunc(label, func(r rune) bool {
			return unicode.IsSpace(r) || !unicode.IsPrint(r)
		}) {
			return huma.Error422UnprocessableEntity(fmt.Sprintf("label %q: want one word of 1 to %d bytes",
				label, longest))
		}
	}
	return nil
}
