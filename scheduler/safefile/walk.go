package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Walk calls f with the name and kind of all that is below a directory, in no order but that folders come before
// what is in them: it holds a piece of each folder at a time, however much is in it. Links are not followed. What
// vanishes meanwhile is passed over; an error of f ends the walk.
func (d *Dir) Walk(name string, f func(name string, st *unix.Stat_t) error) error {
	return d.walk(name, maxDepth, f)
}

// ErrDeep says that not all was visited: more folders lay deep than may be open.
var ErrDeep = errors.New("folders that lie too deep in each other were passed over")

// Visit calls f with the kind of all that is below the directory, and passes over what cannot be entered or vanishes;
// folders of the own user get what they lack to be looked at. It goes however deep, but of more than 64 folders, each
// 100 deep below one where it begins or goes on, it looks into 64, and its error is ErrDeep at the end. An error of f
// ends it.
func (d *Dir) Visit(f func(st *unix.Stat_t) error) error {
	v := &visit{f: f}
	err := v.below(d, maxDepth)
	for len(v.later) > 0 {
		sub := v.later[len(v.later)-1]
		v.later = v.later[:len(v.later)-1]
		if err == nil {
			err = v.below(sub, maxDepth)
		}
		_ = sub.Close() // nothing was written
	}
	if err == nil && v.passed {
		return ErrDeep
	}
	return err
}

// visit is a Visit.
type visit struct {
	f      func(st *unix.Stat_t) error
	later  []*Dir // folders that lie deep, whose turn comes when those above are closed
	passed bool   // there were more of them
}

// mostLater bounds how many of them are open; others are passed over.
const mostLater = 64

func (v *visit) below(d *Dir, depth int) (ended error) {
	d.permit(".", ownLook)
	_ = d.each(func(name string) error { // of a folder that cannot be listed no more is seen
		st, err := d.Stat(name)
		if err != nil {
			return nil
		}
		if ended = v.f(st); ended != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return ended
		}
		sub, err := d.enter(name, ownLook)
		if err != nil {
			return nil
		}
		if depth == 1 && len(v.later) < mostLater {
			v.later = append(v.later, sub)
			return nil
		}
		if depth > 1 {
			ended = v.below(sub, depth-1)
		} else {
			v.passed = true
		}
		_ = sub.Close() // nothing was written
		return ended
	})
	return ended
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
	return sub.each(func(n string) error {
		st, err := sub.Stat(n)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		full := path.Join(name, n)
		if err := f(full, st); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return nil
		}
		below := func(below string, st *unix.Stat_t) error { return f(path.Join(name, below), st) }
		if err := sub.walk(n, depth-1, below); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// piece is how many names of a folder are in memory at a time.
const piece = 256

// each calls f with the names in the directory, as the file system has them. An error of f ends it.
func (d *Dir) each(f func(name string) error) error {
	fresh, err := d.open("open", ".", unix.O_RDONLY|unix.O_DIRECTORY, 0) // with an offset of its own
	if err != nil {
		return err
	}
	folder := os.NewFile(uintptr(fresh), d.Path())
	defer folder.Close()
	for {
		names, err := folder.Readdirnames(piece)
		for _, name := range names {
			if err := f(name); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
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
