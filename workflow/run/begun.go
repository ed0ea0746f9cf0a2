package run

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/kaon-sweep/kaon/workflow"
)

// mostBegun is how many runs may begin within one that is no step of another, directly or not: loops within loops could
// begin more than any folder holds.
const mostBegun = 100_000

// begun counts the runs that began within one. Its methods may be called by any goroutine.
type begun struct {
	folder, id string // of the outermost run
	most       int

	mu      sync.Mutex
	counted bool
	count   int
}

// add counts one more, those too that began before this process did.
func (b *begun) add() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.counted {
		entries, err := os.ReadDir(b.folder)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), b.id+"-") {
				b.count++
			}
		}
		b.counted = true
	}
	if b.count >= b.most {
		return fmt.Errorf("%d runs have begun within run %s, and no more may: have loops of fewer iterations, "+
			"or fewer workflows as steps of each other", b.count, b.id)
	}
	b.count++
	return nil
}

// checkEndless refuses a workflow that is a step of itself, directly or not, with the same parameters: it would begin
// itself again and again.
func (r *Run) checkEndless(wf *workflow.Workflow, given map[string]any) error {
	_, open, err := takeSecrets(wf, given)
	if err != nil {
		return err
	}
	want, err := json.Marshal(open)
	if err != nil {
		return err
	}
	header := r.header
	for range maxDepth + 1 {
		if header.Source == string(wf.Source) && len(header.Given) == len(open) {
			have, err := json.Marshal(header.Given)
			if err == nil && (len(open) == 0 || string(have) == string(want)) {
				return fmt.Errorf("workflow %s is a step of itself, by run %s, with the same parameters: it would have no end; "+
					"give it other parameters, on which the `when` of that step depends", NameOf(wf), header.Run)
			}
		}
		if header.Parent == "" {
			break
		}
		if header, err = ReadHeader(r.cfg.Folder, header.Parent); err != nil {
			break // it was removed: the depth is bounded anyhow
		}
	}
	return nil
}
