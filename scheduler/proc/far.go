package proc

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// localTypes are the file systems (statfs) that no other machine and no other process can keep from answering.
var localTypes = map[int64]bool{
	unix.EXT4_SUPER_MAGIC: true, unix.XFS_SUPER_MAGIC: true, unix.BTRFS_SUPER_MAGIC: true, unix.TMPFS_MAGIC: true,
	unix.RAMFS_MAGIC:           true,
	unix.OVERLAYFS_SUPER_MAGIC: true, unix.SQUASHFS_MAGIC: true, unix.F2FS_SUPER_MAGIC: true,
	unix.PROC_SUPER_MAGIC: true, unix.SYSFS_MAGIC: true,
	unix.MSDOS_SUPER_MAGIC: true, unix.ISOFS_SUPER_MAGIC: true, unix.CRAMFS_MAGIC: true,
	unix.REISERFS_SUPER_MAGIC: true,
	0x2fc12fc1:                true, // ZFS
	0xca451a4e:                true, // bcachefs
	0xe0f5e1e2:                true, // EROFS
	0x61756673:                true, // AUFS
	0x3153464a:                true, // JFS
	0x2011bab0:                true, // exFAT
}

// mostLinks is how many links a path may have, the kernel's own bound.
const mostLinks = 40

// Far tells whether some folder that a path leads through, or what it leads to, lies on a file system of the network or
// of a process: one that answered may not do so again. It looks at them, so it is for Look. What is not there is
// nowhere.
func Far(path string) bool {
	if !filepath.IsAbs(path) {
		folder, err := os.Getwd()
		if err != nil {
			return true
		}
		path = folder + "/" + path // not cleaned: behind a link, .. is not what was before it
	}
	seen := map[uint64]bool{}
	at, todo := "/", strings.Split(path, "/")
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, part)
		var st unix.Stat_t
		if err := again(func() error { return unix.Lstat(next, &st) }); err != nil {
			return err != unix.ENOENT && err != unix.ENOTDIR && err != unix.EACCES
		}
		if st.Mode&unix.S_IFMT == unix.S_IFLNK {
			to, err := os.Readlink(next)
			if links++; err != nil || links > mostLinks {
				return false
			}
			if filepath.IsAbs(to) {
				at = "/"
			}
			todo = append(strings.Split(to, "/"), todo...)
			continue
		}
		if at = next; seen[uint64(st.Dev)] {
			continue
		}
		seen[uint64(st.Dev)] = true
		var fs unix.Statfs_t
		if again(func() error { return unix.Statfs(next, &fs) }) != nil || !localTypes[int64(fs.Type)] {
			return true
		}
	}
	return false
}

// again calls f until no signal of the runtime's interrupts it, as they do what asks a process or the network.
func again(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
