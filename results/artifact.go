package results

import "fmt"

// Artifact is a file that an attempt left in the bucket, below its ArtifactsPrefix.
type Artifact struct {
	Name   string `codec:"name" json:"name"` // relative to the attempt's folder of artifacts, with slashes
	Size   int64  `codec:"size" json:"size"` // bytes
	SHA256 string `codec:"sha256" json:"sha256"`
}

// LogsPrefix begins the names of an attempt's logs: stdout.zst and stderr.zst, under zstd.
func LogsPrefix(sweep string, trial, attempt int) string {
	return ObjectName(sweep, fmt.Sprintf("logs/%s/%d/", trialName(trial), attempt))
}

// trialName is a trial's index as names have it; the step that follows the trials has a word.
func trialName(trial int) string {
	if trial == ThenTrial {
		return "then"
	}
	return fmt.Sprint(trial)
}
