package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// Walk calls f with the name and kind of all that is below a directory, in the order of names, folders before
// what is in them. Links are not followed. What vanishes meanwhile is passed over; an error of f ends the
// walk.
func (d *Dir) Walk(name string, f func(name string, st *unix.Stat_t) error) error {
	return d.walk(name, maxDepth, f)
}

// maxDepth bounds how deep folders lie in each other: each takes a descriptor while what is in it is looked
// at.
const maxDepth = 100

func (d *Dir) walk(name string, depth int, f func(name string, st *unix.Stat_t) error) error {
	if depth == 0 {
		return d.refuse(name, fmt.Sprintf("folders lie more than %d deep in each other", maxDepth))
	}
	sub, err := d.Dir(name)
	if err != nil {
		return err
	}
	defer sub.Close()
	names, err := sub.names()
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, n := range names {
		st, err := sub.Stat(n)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		full := path.Join(name, n)
		if err := f(full, st); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			continue
		}
		below := func(below string, st *unix.Stat_t) error { return f(path.Join(name, below), st) }
		if err := sub.walk(n, depth-1, below); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Chown gives a directory below this one, with all in it, to a user. Of files with several names it leaves
// those alone that are not the own user's: they may be anybody's.
func (d *Dir) Chown(name string, uid, gid int) error {
	one := func(d *Dir, name string, st *unix.Stat_t) error {
		if st.Mode&unix.S_IFMT != unix.S_IFDIR && st.Nlink > 1 && int(st.Uid) != os.Geteuid() {
			return nil
		}
		err := d.at("chown", name, func(parent int, base string) error {
			return unix.Fchownat(parent, base, uid, gid, unix.AT_SYMLINK_NOFOLLOW)
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	st, err := d.Stat(name)
	if err != nil {
		return err
	}
	each := func(n string, st *unix.Stat_t) error { return one(d, n, st) }
	return errors.Join(one(d, name, st), d.Walk(name, each))
}
