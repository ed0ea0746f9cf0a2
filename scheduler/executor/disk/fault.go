package disk

import (
	"errors"

	"golang.org/x/sys/unix"
)

// What a file system may lack, as Fault and Use.Judge name it.
const (
	Space    = "disk space"
	Inodes   = "inodes"
	Quota    = "disk quota"
	Writable = "a disk that can be written to"
	Working  = "a disk that works"
)

// Fault names what the file system that refused a write lacked; empty: the error is none of a file system that is full,
// closed or broken.
func Fault(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return Space
	case errors.Is(err, unix.EDQUOT):
		return Quota
	case errors.Is(err, unix.EROFS):
		return Writable
	case errors.Is(err, unix.EIO):
		return Working
	}
	return ""
}
