package mlflow

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Bounds of MLflow, in characters, and of one log-batch: 1,000 metrics, 100 parameters, 100 tags, together 1,000, and 1
// MB.
const (
	maxName  = 250
	maxParam = 6000
	maxTag   = 1200 // which are 5,000 bytes at most

	batchMetrics = 900 // and room for tags
	batchParams  = 100
	batchBytes   = 512 << 10 // of the parameters of one request
)

// Tags by which runs are found again.
const (
	tagSweep   = "kaon.sweep"
	tagTrial   = "kaon.trial"
	tagAttempt = "kaon.attempt"
	tagPoints  = "kaon.points" // the number of the next point
	tagState   = "kaon.state"  // of what has ended
	tagParent  = "mlflow.parentRunId"
	tagName    = "mlflow.runName"
)

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type metric struct {
	Key    string         `json:"key"`
	Value  results.Number `json:"value"`
	Millis int64          `json:"timestamp"`
	Step   int64          `json:"step"`
}

// name is a name as MLflow takes those of metrics and parameters: letters, digits and _-. /, as a relative path, not
// too long. One that had to be changed ends in a part of its checksum, so that no two become one.
func name(given string) string {
	out := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-. /", r)) {
			return r
		}
		return '_'
	}, given)
	parts := strings.Split(out, "/")
	if slices.ContainsFunc(parts, func(p string) bool { return p == "" || p == "." || p == ".." }) {
		out = strings.Join(parts, "_") // no path
	}
	if out == "" || strings.HasPrefix(out, ".") { // it refuses what begins with two
		out = "_" + out
	}
	if out == given && len(out) <= maxName {
		return out
	}
	sum := sha256.Sum256([]byte(given))
	return fmt.Sprintf("%.*s-%x", maxName-9, out, sum[:4])
}

// short is the beginning of a text that is too long.
func short(text string, most int) string {
	return sweep.Clip(strings.ToValidUTF8(text, "\ufffd"), most)
}
