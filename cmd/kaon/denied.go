package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// denied says of a file or folder that may not be used whose it is, and what helps. Whatever command met it, the
// results cannot be reached, or not be read.
func denied(err error, command *kong.Context) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	place := ""
	for _, flag := range command.Flags() {
		if flag.Name == "results" {
			place, _ = command.FlagValue(flag).(string)
		}
	}
	if place == "" || strings.Contains(place, "://") {
		return err
	}
	found, owner, ok := barrier(err, place)
	if !ok || owner == os.Geteuid() {
		return err
	}
	return unreachable(fmt.Errorf("%w\n      %s belongs to user %s, and this is user %s: use results of your "+
		"own with --results DIR, or ask %s "+
		"to share theirs, as by `chmod -R g+rX %s` with a group that you are in",
		err, found, userName(owner), userName(os.Geteuid()), userName(owner), place))
}

// barrier is what an error of permissions is about, or the nearest folder above it that can be looked at, and its
// owner. Results name their objects from their folder on.
func barrier(err error, place string) (found string, owner int, ok bool) {
	found = place
	var about *fs.PathError
	if errors.As(err, &about) {
		if found = about.Path; !filepath.IsAbs(found) &&
			!strings.HasPrefix(filepath.Clean(found), filepath.Clean(place)) {
			found = filepath.Join(place, found)
		}
	}
	for {
		if info, err := os.Lstat(found); err == nil {
			stat, known := info.Sys().(*syscall.Stat_t)
			if !known {
				return "", 0, false
			}
			return found, int(stat.Uid), true
		}
		above := filepath.Dir(found)
		if above == found {
			return "", 0, false
		}
		found = above
	}
}

// userName is a user as people know them.
func userName(id int) string {
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return strconv.Itoa(id)
}
