package mcp

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/kaon-sweep/kaon/server/api"
)

// submissions counts sweeps that were submitted, each once however often it was: with the same key a second submission
// is the first.
type submissions struct {
	mu      sync.Mutex
	ids     map[string]bool
	pending int // that may become sweeps
	keyed   map[[sha256.Size]byte]bool
}

// begin takes one of most sweeps, 0 for as many as are wanted; end must follow. A submission that has succeeded before
// with its key takes none.
func (s *submissions) begin(sub api.Submission, key string, most int) (end func(id string), err error) {
	text, err := json.Marshal([]any{key, sub})
	if err != nil {
		return nil, err
	}
	same := sha256.Sum256(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	again := key != "" && s.keyed[same]
	if !again {
		if most > 0 && len(s.ids)+s.pending >= most {
			return nil, fmt.Errorf("not submitted: %d sweeps were, and the user allows no more; `kaon "+
				"mcp --max-sweeps` sets how many", most)
		}
		s.pending++
	}
	return func(id string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !again {
			s.pending--
		}
		if id == "" { // it became none
			return
		}
		if s.ids == nil {
			s.ids, s.keyed = map[string]bool{}, map[[sha256.Size]byte]bool{}
		}
		s.ids[id] = true
		if key != "" {
			s.keyed[same] = true
		}
	}, nil
}
