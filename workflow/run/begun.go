package run

import (
	"fmt"
	"os"
	"strings"
	"sync"
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
