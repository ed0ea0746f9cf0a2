package transfer

import (
	"sync"

	"github.com/kaon-sweep/kaon/results"
)

// attemptID names an attempt of the sweep.
type attemptID struct{ trial, number int }

// prefix begins the names of the attempt's objects.
func (id attemptID) prefix(sweep string, k Kind) string {
	if k == Logs {
		return results.LogsPrefix(sweep, id.trial, id.number)
	}
	return results.ArtifactsPrefix(sweep, id.trial, id.number)
}

// attemptUploads is what is coming in of one attempt. It is made new after a restart: clients ask again.
type attemptUploads struct {
	mu       sync.Mutex
	requests map[string]uploadRequest // by kind and name
	partials map[string]*partialUpload
}
