package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/sweep"
)

// DeleteLeft deletes a sweep that the server's folder has and its journal has not: the process was killed that was submitting it, or
// forgetting it. Nobody else can tell it from a sweep that another process runs. It answers whether there was such a one.
func (s *Server) DeleteLeft(ctx context.Context, id string) (freed Freed, was bool, err error) {
	if s.cfg.Only != "" || id == "" || id == "." || id == ".." || id != filepath.Base(id) {
		return Freed{}, false, nil
	}
	folder := s.folderOf(id)
	if info, err := os.Lstat(folder); err != nil || !info.IsDir() {
		return Freed{}, false, nil // without a folder it is not this server's
	}
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
