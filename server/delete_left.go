package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/sweep"
)

// DeleteLeft deletes a sweep that the server's folder has and its journal has not: the process was killed that was
// submitting it, or forgetting it. Nobody else can tell it from a sweep that another process runs. It answers whether
// there was such a one.
func (s *Server) DeleteLeft(ctx context.Context, id string) (freed Freed, was bool, err error) {
	if s.cfg.Only != "" || !s.HasFolder(id) {
		return Freed{}, false, nil // without a folder it is not this server's
	}
	folder := s.folderOf(id)
	sw := s.newSweep(id, folder, new(sweep.Spec), nil)
	sw.gone = true
	if s.add(sw) != nil { // it is known, or being submitted
		return Freed{}, false, nil
	}
	defer s.remove(sw) // until then nobody has the name
	if freed, err = DeleteResults(ctx, s.cfg.Bucket, id); err != nil {
		return freed, true, err
	}
	if err := os.RemoveAll(folder); err != nil {
		return freed, true, unreachable(fmt.Errorf("delete the state of %s: %w", id, err))
	}
	return freed, true, nil
}

// HasFolder reports whether the server's folder has one of a sweep, which is made before the results hear of the sweep:
// without it no submission of the server's is under way, and none that a process left that was killed.
func (s *Server) HasFolder(id string) bool {
	if id == "" || id == "." || id == ".." || id != filepath.Base(id) {
		return false
	}
	info, err := os.Lstat(s.folderOf(id))
	return err == nil && info.IsDir()
}
