package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// Folder is where this user's processes on this machine find each other: $XDG_RUNTIME_DIR/kaon, else
// kaon-<uid> in the folder for temporary files. It is made, closed to others, and refused when it is not
// ours.
func Folder() (string, error) {
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("kaon-%d", os.Getuid()))
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		var foreign *safefile.OwnError
		// `sudo -E` keeps that of a user who could exchange what lies there.
		if !errors.As(safefile.Own(runtime), &foreign) || foreign.UID < 0 {
			folder = filepath.Join(runtime, "kaon")
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of this user's runs: %w", err)
	}
	if err := safefile.Own(folder); err != nil {
		return "", fmt.Errorf("the folder of this user's runs: %w: "+
			"remove it, or set XDG_RUNTIME_DIR to a folder of yours", err)
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return "", fmt.Errorf("look at the folder of this user's runs: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("the folder of this user's runs: others may enter %s (%v): "+
			"chmod 700 %[1]s, or set XDG_RUNTIME_DIR", folder, info.Mode().Perm())
	}
	return folder, nil
}
