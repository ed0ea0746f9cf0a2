package steps

import (
	"path"
	"regexp"
)

// artifact is a name that results.ArtifactsPrefix begins.
var artifact = regexp.MustCompile(`^sweeps/[A-Za-z0-9._-]+/artifacts/(then|[0-9]+)/[0-9]+/.+$`)

// ArtifactOf is the place of a file in the results that a text names, whose slashes may be doubled, as where a folder
// and a name in it were put together; not ok: it names none.
func ArtifactOf(text string) (place string, ok bool) {
	place = slashes.ReplaceAllString(text, "/")
	return place, IsArtifact(place)
}

var slashes = regexp.MustCompile("/{2,}")

// IsArtifact tells whether a text is what stands in Result.Artifacts: the place of a file in the results.
func IsArtifact(text string) bool { return artifact.MatchString(text) && path.Clean(text) == text }
