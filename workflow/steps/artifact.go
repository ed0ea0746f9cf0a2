package steps

import (
	"path"
	"regexp"
)

// artifact is a name that results.ArtifactsPrefix begins.
var artifact = regexp.MustCompile(`^sweeps/[A-Za-z0-9._-]+/artifacts/(then|[0-9]+)/[0-9]+/.+$`)

// IsArtifact tells whether a text is what stands in Result.Artifacts: the place of a file in the results.
func IsArtifact(text string) bool { return artifact.MatchString(text) && path.Clean(text) == text }
