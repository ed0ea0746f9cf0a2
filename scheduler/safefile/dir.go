package safefile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Dir is an opened directory. Any goroutine may use it.
type Dir struct{ file *os.File }

// ErrRefused is wrapped by errors about what is there and is not to be opened.
var ErrRefused = errors.New("refused")

// OpenDir opens a directory whose path nobody less trusted can change; links in it are followed.
func OpenDir(path string) (*Dir, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &Dir{os.NewFile(uintptr(fd), path)}, nil
}

// Close closes the directory; files that were opened in it stay open.
func (d *Dir) Close() error { return d.file.Close() }

// Path is what the directory was opened as, for messages.
func (d *Dir) Path() string { return d.file.Name() }

// Dir opens a directory below this one.
func (d *Dir) Dir(name string) (*Dir, error) {
	fd, err := d.open("open", name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return &Dir{os.NewFile(uintptr(fd), filepath.Join(d.Path(), name))}, nil
}

// at calls f with an opened directory and the last component of a name in it. The directories between must be
// such.
func (d *Dir) at(op, name string, f func(parent int, base string) error) error {
	fail := func(err error) error {
		return &fs.PathError{Op: op, Path: filepath.Join(d.Path(), name), Err: err}
	}
	if !filepath.IsLocal(name) || strings.IndexByte(name, 0) >= 0 {
		return fail(fmt.Errorf("%w: the name leads out of the folder", ErrRefused))
	}
	err := d.use(func(parent int) error { return below(parent, name, f) })
	if err != nil {
		return fail(err)
	}
	return nil
}

// Root is the directory for what may follow links within it, and none that lead out.
func (d *Dir) Root() (root *os.Root, err error) {
	err = d.At(func(path string) error {
		root, err = os.OpenRoot(path)
		return err
	})
	return root, err
}

// At calls f with a path of the directory that leads here whatever becomes of its name meanwhile, for what
// knows paths only.
func (d *Dir) At(f func(path string) error) error {
	return d.use(func(fd int) error { return f(fmt.Sprintf("/proc/self/fd/%d", fd)) })
}

// use calls f with the directory's descriptor, which stays open as long as that takes.
func (d *Dir) use(f func(fd int) error) error {
	conn, err := d.file.SyscallConn()
	if err != nil {
		return err
	}
	if closed := conn.Control(func(fd uintptr) { err = f(int(fd)) }); closed != nil {
		return closed
	}
	return err
}

// below is at for an opened directory.
func below(parent int, name string, f func(parent int, base string) error) error {
	parts := strings.Split(path.Clean(filepath.ToSlash(name)), "/")
	for i, part := range parts[:len(parts)-1] {
		fd, err := ignoringEINTR(func() (int, error) {
			return unix.Openat(parent, part, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		})
		if i > 0 {
			unix.Close(parent)
		}
		if err != nil {
			if err == unix.ELOOP || err == unix.ENOTDIR {
				err = fmt.Errorf("%w: %s is not a folder (%w)", ErrRefused, path.Join(parts[:i+1]...), err)
			}
			return err
		}
		parent = fd
	}
	err := f(parent, parts[len(parts)-1])
	if len(parts) > 1 {
		unix.Close(parent)
	}
	return err
}

// open is openat(2) that follows no link and never waits.
func (d *Dir) open(op, name string, flags int, perm uint32) (fd int, err error) {
	err = d.at(op, name, func(parent int, base string) (err error) {
		fd, err = ignoringEINTR(func() (int, error) {
			flags |= unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
			return unix.Openat(parent, base, flags, perm)
		})
		return explain(err)
	})
	return fd, err
}

// explain names what the kernel refused because of the kind of file it is.
func explain(err error) error {
	switch err {
	case unix.ELOOP:
		return fmt.Errorf("%w: it is a symbolic link", ErrRefused)
	case unix.ENXIO, unix.ENODEV:
		return fmt.Errorf("%w: it is a pipe, socket or device", ErrRefused)
	case unix.EISDIR:
		return fmt.Errorf("%w: it is a folder", ErrRefused)
	}
	return err
}

// Mkdir makes a directory.
func (d *Dir) Mkdir(name string, perm fs.FileMode) error {
	return d.at("mkdir", name, func(parent int, base string) error {
		return unix.Mkdirat(parent, base, uint32(perm.Perm()))
	})
}

// MkdirAll makes a directory and those above it, as far as they are missing.
func (d *Dir) MkdirAll(name string, perm fs.FileMode) error {
	parts := strings.Split(path.Clean(filepath.ToSlash(name)), "/")
	for i := range parts {
		part := path.Join(parts[:i+1]...)
		if part == "." {
			continue
		}
		if err := d.Mkdir(part, perm); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	last, err := d.Dir(name)
	if err != nil {
		return err
	}
	return last.Close()
}

// Rename gives what is at old the name new, in the place of what is there.
func (d *Dir) Rename(old, new string) error {
	return d.at("rename", old, func(oldParent int, oldBase string) error {
		return d.at("rename", new, func(newParent int, newBase string) error {
			return unix.Renameat(oldParent, oldBase, newParent, newBase)
		})
	})
}

// Remove removes a file, link or empty directory.
func (d *Dir) Remove(name string) error {
	return d.at("remove", name, func(parent int, base string) error {
		err := unix.Unlinkat(parent, base, 0)
		if err == unix.EISDIR || err == unix.EPERM {
			if dirErr := unix.Unlinkat(parent, base, unix.AT_REMOVEDIR); dirErr != unix.ENOTDIR {
				err = dirErr
			}
		}
		return err
	})
}

// RemoveAll removes what is at name with all in it. What is not there is no error. Folders of the own user that
// may not be entered or written to are made so that they may, and folders that lie deep in each other come up to
// this one meanwhile.
func (d *Dir) RemoveAll(name string) error {
	r := &removal{top: d}
	err := r.removeAll(d, name, maxDepth)
	if errors.Is(err, unix.EACCES) && d.permit(".", ownAll) {
		err = r.removeAll(d, name, maxDepth)
	}
	return errors.Join(err, r.rest())
}

// removal is the removing of much.
type removal struct {
	top   *Dir
	moved []string // folders that lay too deep, by the names that they have in top
	count int      // of all that were
}

// mostMoved bounds for how long folders come up that somebody goes on making.
const mostMoved = 100_000

// rest removes the folders that lay too deep.
func (r *removal) rest() error {
	var all []error
	for len(r.moved) > 0 {
		name := r.moved[len(r.moved)-1]
		r.moved = r.moved[:len(r.moved)-1]
		if err := r.removeAll(r.top, name, maxDepth); err != nil && len(all) < mostErrors {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// move has a folder that lies too deep come up.
func (r *removal) move(d *Dir, name string) error {
	if r.count++; r.count > mostMoved {
		const says = "folders lie more than %d deep in each other, and there are very many of them"
		return d.refuse(name, fmt.Sprintf(says, maxDepth))
	}
	d.permit(name, ownAll) // a folder to which its owner may not write is not moved
	up := ".removed-" + rand.Text()
	err := d.at("rename", name, func(parent int, base string) error {
		return r.top.use(func(top int) error { return unix.Renameat(parent, base, top, up) })
	})
	if err == nil {
		r.moved = append(r.moved, up)
	}
	return err
}

func (r *removal) removeAll(d *Dir, name string, depth int) error {
	err := d.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
		return err
	}
	if depth == 0 {
		return r.move(d, name)
	}
	sub, err := d.enter(name, ownAll)
	if err != nil {
		return err
	}
	defer sub.Close()
	for range mostPasses {
		removed, err := r.empty(sub, depth, nil)
		if err != nil {
			return err
		}
		err = d.Remove(name)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if removed == 0 || !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return d.refuse(name, "it does not become empty, for somebody puts more into it")
}

// mostPasses is how often a folder is emptied: not all file systems list what is there while others of it are removed,
// and more may come.
const mostPasses = 10

// mostErrors is how many errors of one folder are told.
const mostErrors = 10

// Clear removes what is in the directory, each with all in it, but what keep reports to be kept. What cannot be
// removed stays and is the error, and does not keep it from the rest.
func (d *Dir) Clear(keep func(name string) bool) error {
	r := &removal{top: d}
	for range mostPasses {
		removed, err := r.empty(d, maxDepth, keep)
		if err = errors.Join(err, r.rest()); removed == 0 {
			if errors.Is(err, unix.EACCES) && d.permit(".", ownAll) {
				continue
			}
			return err
		}
	}
	return d.refuse(".", "it does not become empty, for somebody puts more into it")
}

// empty removes what is in a directory but what keep reports (nil: nothing), and answers how much it was. What
// cannot be removed stays, and does not keep it from the rest.
func (r *removal) empty(d *Dir, depth int, keep func(name string) bool) (removed int, err error) {
	var all []error
	err = d.each(func(name string) error {
		if keep != nil && keep(name) {
			return nil
		}
		err := r.removeAll(d, name, depth-1)
		if err == nil {
			removed++
		} else if len(all) < mostErrors {
			all = append(all, err)
		}
		return nil
	})
	return removed, errors.Join(append(all, err)...)
}

// What its owner needs of a folder: to look at what is in it, and to remove that.
const (
	ownLook uint32 = 0o500
	ownAll  uint32 = 0o700
)

// enter opens a directory below this one. One of the own user gets the permissions that it lacks.
func (d *Dir) enter(name string, need uint32) (*Dir, error) {
	sub, err := d.Dir(name)
	if errors.Is(err, unix.EACCES) && d.permit(name, need) {
		sub, err = d.Dir(name)
	}
	if err == nil {
		sub.permit(".", need)
	}
	return sub, err
}

// permit gives a directory of the own user permissions, and tells whether it lacked any. Links are not followed.
func (d *Dir) permit(name string, need uint32) (changed bool) {
	give := func(fd int) error {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || int(st.Uid) != os.Geteuid() || st.Mode&need == need {
			return err
		}
		err := unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), st.Mode&0o7777|need)
		changed = err == nil
		return err
	}
	if name == "." { // which cannot be opened where it cannot be searched
		_ = d.use(give)
		return changed
	}
	_ = d.at("chmod", name, func(parent int, base string) error { // what could not be given shows in what comes next
		fd, err := ignoringEINTR(func() (int, error) {
			return unix.Openat(parent, base, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		})
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return give(fd)
	})
	return changed
}

// Count is how many entries a directory has.
func (d *Dir) Count(name string) (int, error) {
	fd, err := d.open("open", name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	var buf [4096]byte
	for count := 0; ; {
		n, err := ignoringEINTR(func() (int, error) { return unix.Getdents(fd, buf[:]) })
		if err != nil || n <= 0 {
			return count, err
		}
		_, entries, _ := unix.ParseDirent(buf[:n], -1, nil)
		count += entries
	}
}

func ignoringEINTR(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if err != unix.EINTR {
			return n, err
		}
	}
}
