package executor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// An executor that serves one attempt finds what its agent had in its cache, or fetched, where it would have
// put it itself (task.Source.Place). What is wrong with that is no failure: then it is fetched as if nothing
// were there.

// prefetched lists what lies in the cache when the executor starts, and lets trials of other users at it: an
// agent makes folders as its umask says. Those that are not ours to open were made by a user who is the
// trials', too.
func prefetched(folder string) map[string]bool {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // usually there is none
	}
	ids := map[string]bool{}
	_ = os.Chmod(folder, 0o755)
	for _, e := range entries {
		ids[e.Name()] = true
		_ = os.Chmod(filepath.Join(folder, e.Name()), 0o755)
	}
	return ids
}

// errNotPrefetched says that the agent could not get it, which is nothing to tell.
var errNotPrefetched = errors.New("not prefetched")

// adoptPrefetched takes what the agent prefetched of a source. An empty file says that the agent could not
// get it.
func (s *cache) adoptPrefetched(
	ctx context.Context, id string, src task.Source, limits archive.Limits,
) (string, bool) {
	s.mu.Lock()
	there := s.mu.prefetched[id]
	delete(s.mu.prefetched, id)
	s.mu.Unlock()
	if !there {
		return "", false
	}
	path, err := s.within(id, func(folder string) (string, error) {
		file := filepath.Join(folder, src.File())
		info, err := os.Lstat(file)
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
			return "", errNotPrefetched
		}
		if err := checkFile(ctx, file, src.SHA256, &atomic.Int64{}); err != nil {
			return "", err
		}
		_ = os.Chmod(file, info.Mode().Perm()|0o444)
		return resolveArchive(ctx, file, folder, src, limits)
	})
	switch {
	case err == nil:
		return path, true
	case errors.Is(err, errNotPrefetched):
		return "", false
	}
	s.log.Warn("what the agent prefetched is no good, so it is fetched again", "input", src.Name, "err", err)
	return "", false
}
