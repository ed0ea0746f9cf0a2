package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Open opens a regular file for reading.
func (d *Dir) Open(name string) (*os.File, error) {
	before, err := d.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := d.readable(name, before); err != nil { // before it is opened: to open a device may do something
		return nil, err
	}
	fd, err := d.open("open", name, unix.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	return d.checked(name, fd, d.readable)
}

// Append opens a regular file for writing at its end, and makes it when it is not there.
func (d *Dir) Append(name string, perm fs.FileMode) (*os.File, error) {
	fd, err := d.open("append to", name, unix.O_WRONLY|unix.O_APPEND|unix.O_CREAT, uint32(perm.Perm()))
	if err != nil {
		return nil, err
	}
	return d.checked(name, fd, d.writable)
}

// Create makes a new file for reading and writing. What was there by that name, whatever it was, is taken
// away and not written to; only a folder that is not empty stays and is an error.
func (d *Dir) Create(name string, perm fs.FileMode) (*os.File, error) {
	const tries = 10 // somebody may make another one each time
	for try := 1; ; try++ {
		fd, err := d.open("create", name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, uint32(perm.Perm()))
		if err == nil {
			return d.checked(name, fd, d.writable)
		}
		if !errors.Is(err, fs.ErrExist) || try == tries {
			return nil, err
		}
		if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// WriteFile makes a new file with data in it.
func (d *Dir) WriteFile(name string, data []byte, perm fs.FileMode) error {
	f, err := d.Create(name, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// checked makes a file of a descriptor, unless it is not what may be opened.
func (d *Dir) checked(name string, fd int, check func(string, *unix.Stat_t) error) (*os.File, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	if err == nil {
		err = check(name, &st)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	_ = unix.SetNonblock(fd, false) // it is a regular file, and is not for the poller
	return os.NewFile(uintptr(fd), filepath.Join(d.Path(), name)), nil
}

func (d *Dir) readable(name string, st *unix.Stat_t) error {
	if err := d.regular(name, st); err != nil || st.Nlink <= 1 {
		return err
	}
	var own unix.Stat_t
	if err := d.use(func(fd int) error { return unix.Fstat(fd, &own) }); err != nil {
		return err
	}
	if own.Uid != st.Uid {
		return d.refuse(name, "it is a hard link to a file of another user")
	}
	return nil
}

func (d *Dir) writable(name string, st *unix.Stat_t) error {
	if err := d.regular(name, st); err != nil {
		return err
	}
	if st.Nlink > 1 {
		return d.refuse(name, "it is a hard link")
	}
	return nil
}

func (d *Dir) regular(name string, st *unix.Stat_t) error {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return nil
	case unix.S_IFLNK:
		return d.refuse(name, "it is a symbolic link")
	case unix.S_IFDIR:
		return d.refuse(name, "it is a folder")
	}
	return d.refuse(name, "it is a pipe, socket or device")
}

func (d *Dir) refuse(name, why string) error {
	return &fs.PathError{Op: "open", Path: filepath.Join(d.Path(), name),
		Err: fmt.Errorf("%w: %s", ErrRefused, why)}
}

// Stat describes what is at name, a link itself and not what it leads to.
func (d *Dir) Stat(name string) (*unix.Stat_t, error) {
	var st unix.Stat_t
	err := d.at("stat", name, func(parent int, base string) error {
		return unix.Fstatat(parent, base, &st, unix.AT_SYMLINK_NOFOLLOW)
	})
	return &st, err
}

// maxLinks is how many links Resolve follows, as the kernel does.
const maxLinks = 40

// Resolve gives the name, without links, of what a name leads to when links are followed as far as they stay
// below the directory; absolute ones do when they begin with its path. It says nothing of what is there
// later: open what it names.
func (d *Dir) Resolve(name string) (string, error) {
	fail := func(why string) (string, error) { return "", d.refuse(name, why) }
	todo, done := strings.Split(filepath.ToSlash(name), "/"), ""
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "" {
				return fail("it is a link out of the folder")
			}
			if done = path.Dir(done); done == "." {
				done = ""
			}
			continue
		}
		next := path.Join(done, part)
		st, err := d.Stat(next)
		if err != nil {
			return "", err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFLNK {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return fail("too many links")
		}
		target, err := d.readlink(next)
		if err != nil {
			return "", err
		}
		if path.IsAbs(target) {
			below, ok := strings.CutPrefix(path.Clean(target), d.Path()+"/")
			if !ok {
				return fail("it is a link out of the folder")
			}
			target, done = below, ""
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	if done == "" {
		done = "."
	}
	return done, nil
}

func (d *Dir) readlink(name string) (target string, err error) {
	err = d.at("readlink", name, func(parent int, base string) error {
		buf := make([]byte, unix.PathMax)
		n, err := ignoringEINTR(func() (int, error) { return unix.Readlinkat(parent, base, buf) })
		if err == nil {
			target = string(buf[:n])
		}
		return err
	})
	return target, err
}
