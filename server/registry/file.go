package registry

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// lookPatience bounds a look.
const lookPatience = 30 * time.Second

// keyOf is of a file's name and content, as far as that is known without reading it.
func keyOf(f run.Found) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		f.Address, strconv.FormatInt(f.Size, 10), f.Modified.UTC().Format(time.RFC3339Nano), f.ETag,
	}, "\x00")))
	const letters = 20
	return base32.StdEncoding.EncodeToString(sum[:])[:letters]
}

// mayLook refuses what would look with the rights of this process's user for somebody else. r.mu is held.
func mayLook(e *entry, v *Version, t workflow.Trigger) error {
	if t.Kind != workflow.OnFile || v.Within == "" && v.By == e.Owner {
		return nil
	}
	return errLook(t)
}

func errLook(t workflow.Trigger) error {
	return wrongf("trigger `%s`: file: the server looks for it with its own user's rights, for workflows that "+
		"this user has registered on its machine alone: "+
		"have who writes it send a signal", t.Name)
}

// base is what there is already for triggers of a workflow, by trigger: it is no news.
func (r *Registry) base(wf *workflow.Workflow) (map[string][]string, error) {
	all := map[string][]string{}
	for _, t := range wf.Triggers {
		if t.Kind != workflow.OnFile {
			continue
		}
		ctx, cancel := context.WithTimeout(r.ctx, lookPatience)
		found, err := r.cfg.Find(ctx, t.File)
		cancel()
		if err != nil {
			return nil, wrongf("trigger `%s`: file: %w", t.Name, err)
		}
		all[t.Name] = []string{}
		for _, f := range found {
			all[t.Name] = append(all[t.Name], keyOf(f))
		}
	}
	return all, nil
}
