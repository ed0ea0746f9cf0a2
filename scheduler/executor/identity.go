package executor

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// identity is the user a trial runs as.
type identity struct {
	credential *syscall.Credential
	home       string
}

// identify looks up user[:group], names or numbers, in the files of the system that the executor runs in,
// which is the image's. As with Docker, a number that nobody knows is a user too, of group 0. nil: the
// executor's own.
func identify(text string) (*identity, error) {
	if text == "" {
		return nil, nil
	}
	name, group, grouped := strings.Cut(text, ":")
	id := identity{home: "/"}
	uid, err := strconv.ParseUint(name, 10, 32)
	number := err == nil
	u, err := user.Lookup(name)
	if number {
		u, err = user.LookupId(name)
	}
	var gid uint64
	var others []uint32
	switch {
	case err == nil:
		id.home = u.HomeDir
		uid, _ = strconv.ParseUint(u.Uid, 10, 32) // the system's own numbers
		gid, _ = strconv.ParseUint(u.Gid, 10, 32)
		others = supplementary(u)
	case !number:
		return nil, fmt.Errorf("run as user %q: the image does not know this user; "+
			"give a number, or a user of its /etc/passwd", name)
	}
	if grouped {
		others = nil
		if gid, err = lookupGroup(group); err != nil {
			return nil, err
		}
	}
	id.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: others}
	return &id, nil
}

func supplementary(u *user.User) (groups []uint32) {
	ids, err := u.GroupIds()
	if err != nil {
		return nil // an image without /etc/group
	}
	for _, text := range ids {
		if gid, err := strconv.ParseUint(text, 10, 32); err == nil {
			groups = append(groups, uint32(gid))
		}
	}
	return groups
}

func lookupGroup(name string) (uint64, error) {
	if gid, err := strconv.ParseUint(name, 10, 32); err == nil {
		return gid, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("run as group %q: the image does not know this group; "+
			"give a number, or a group of its /etc/group", name)
	}
	return strconv.ParseUint(g.Gid, 10, 32)
}

// chown gives an attempt's folder and all in it to the trial's user, and lets that user pass through the
// sandbox, which agents close to all but their own.
func (id *identity) chown(folder *safefile.Dir, sandbox, name string) error {
	info, err := os.Stat(sandbox)
	if err != nil {
		return fmt.Errorf("look at the sandbox: %w", err)
	}
	const pass = 0o001
	if mode := info.Mode().Perm(); mode&pass == 0 {
		if err := os.Chmod(sandbox, mode|pass); err != nil {
			return fmt.Errorf("open the sandbox to the trial's user: %w", err)
		}
	}
	if err := folder.Chown(name, int(id.credential.Uid), int(id.credential.Gid)); err != nil {
		return fmt.Errorf("give the attempt's folder to the trial's user: %w", err)
	}
	return nil
}

// withHome is an environment with the user's HOME.
func (id *identity) withHome(environ []string) []string {
	isHome := func(pair string) bool { return strings.HasPrefix(pair, "HOME=") }
	out := slices.DeleteFunc(slices.Clone(environ), isHome)
	return append(out, "HOME="+id.home)
}
