package executor

import (
	"fmt"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
)

// resume brings what the newest earlier attempt of the trial left of which all was delivered, or else anything,
// such as a checkpoint: an attempt that is not the first need not begin anew.
func (t *attempt) resume() error {
	d := t.order.Deliver
	if t.order.Attempt < 2 || t.order.Trial == results.ThenTrial || d == nil || d.NoArtifacts {
		return nil
	}
	root, err := t.files.Load().Root()
	if err != nil {
		return fmt.Errorf("bring what an earlier attempt left: %w", err)
	}
	defer root.Close()
	mkdir := func(name string) error { return root.MkdirAll(filepath.Join(resumeName, name), 0o755) }
	if err := mkdir("."); err != nil {
		return fmt.Errorf("bring what an earlier attempt left: %w", err)
	}
	folder := filepath.Join(t.dir, resumeName)
	from, err := t.host.cache.client.Saved(t.ctx, d.URL, folder, mkdir)
	if err != nil {
		return fmt.Errorf("bring what an earlier attempt left: %w", err)
	}
	if from == 0 {
		return root.Remove(resumeName)
	}
	t.resumed = folder
	return nil
}
