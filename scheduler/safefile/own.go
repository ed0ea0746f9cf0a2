package safefile

import (
	"fmt"
	"os"
	"syscall"
)

// OwnError says why a folder is not to be trusted with anything.
type OwnError struct {
	Folder string
	UID    int // of who owns it; negative: it is no folder
}

func (e *OwnError) Error() string {
	if e.UID < 0 {
		return e.Folder + " is no folder, but a file or a link"
	}
	return fmt.Sprintf("%s belongs to user %d", e.Folder, e.UID)
}

// Own refuses a folder that somebody else may have put at its place: a link, or another user's. Who this
// process is there, the file system says, which may know its user by another number.
func Own(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &OwnError{folder, -1}
	}
	owner := func(info os.FileInfo) int {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			return int(st.Uid)
		}
		return -1
	}
	if uid := owner(info); uid != os.Geteuid() {
		probe, err := os.CreateTemp(folder, ".own-*")
		if err != nil {
			return &OwnError{folder, uid}
		}
		defer os.Remove(probe.Name())
		defer probe.Close()
		made, err := probe.Stat()
		if err != nil {
			return err
		}
		if owner(made) != uid {
			return &OwnError{folder, uid}
		}
	}
	return nil
}
