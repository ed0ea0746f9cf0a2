package shortage

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Of names what an error says that this process, or its machine, has none left of; empty: the error is
// another. It is no fault of the attempt that could not be started, and others may give it back.
func Of(err error) string {
	switch {
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "file descriptors"
	case errors.Is(err, unix.EAGAIN):
		return "processes"
	case errors.Is(err, unix.ENOMEM):
		return "memory"
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return "disk space"
	}
	return ""
}
