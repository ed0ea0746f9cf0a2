package safefile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// anothers is a folder that cannot be removed, where there is one.
const anothers = "m, of another user"

// asAnother calls f, which must start no goroutine, with a folder and the rights of a user who may not do everything.
func asAnother(t *testing.T, f func(d *Dir)) {
	t.Helper()
	d, folder := open(t)
	if os.Geteuid() != 0 {
		f(d)
		return
	}
	const nobody, same = 65534, -1
	must(t, os.MkdirAll(filepath.Join(folder, anothers, "inner"), 0o755), os.Chown(folder, nobody, nobody))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	become := func(id int) {
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(same&0xffffffff), uintptr(id), uintptr(same&0xffffffff)); errno != 0 {
			t.Fatal(errno)
		}
		must(t, unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0))
	}
	become(nobody)
	defer become(0)
	f(d)
}

// lock makes folders below one that its owner locked, and, deep in each other, more of them than may be open; how many files lie in them.
func lock(t *testing.T, d *Dir) (files int) {
	t.Helper()
	put := func(d *Dir, name string) {
		f, err := d.Create(name, 0o444)
		must(t, err)
		_, err = f.Write(make([]byte, 8192))
		must(t, err, f.Close())
		files++
	}
	must(t, d.MkdirAll("code/module/inner", 0o755), d.MkdirAll("code/closed/inner", 0o755), d.MkdirAll("code/blind", 0o755))
	for _, folder := range []string{"code/module", "code/module/inner", "code/closed", "code/closed/inner", "code/blind"} {
		sub, err := d.Dir(folder)
		must(t, err)
		put(sub, "file")
		must(t, sub.Close())
	}
	chmod := func(name string, mode uint32) {
		must(t, d.at("chmod", name, func(parent int, base string) error { return unix.Fchmodat(parent, base, mode, 0) }))
	}
	chmod("code/module/inner", 0o555)
	chmod("code/module", 0o555)
	chmod("code/closed/inner", 0)
	chmod("code/closed", 0)
	chmod("code/blind", 0o444)
	at, err := d.Dir("code")
	must(t, err)
	for i := range 3*maxDepth + 7 {
		must(t, at.Mkdir("d", 0o755))
		next, err := at.Dir("d")
		must(t, err)
		if i%50 == 0 {
			put(next, "file")
		}
		if i%70 == 0 {
			must(t, unix.Fchmodat(int(at.file.Fd()), ".", 0o555, 0))
		}
		must(t, at.Close())
		at = next
	}
	put(at, "last")
	must(t, at.Close())
	return files
}

// What an attempt has locked, as a module cache is, or put deeper than folders can be open, is seen and removed all the same.
func TestAttackLockedAndDeepFolders(t *testing.T) {
	asAnother(t, func(d *Dir) {
		for _, how := range []string{"RemoveAll", "Clear"} {
			files, seen := lock(t, d), 0
			must(t, d.Visit(func(st *unix.Stat_t) error {
				if st.Mode&unix.S_IFMT == unix.S_IFREG {
					seen++
				}
				return nil
			}))
			if seen != files {
				t.Errorf("of %d files %d were seen", files, seen)
			}
			if how == "Clear" {
				must(t, unix.Fchmod(int(d.file.Fd()), 0o555))
				if err := d.Clear(func(name string) bool { return name == anothers }); err != nil {
					t.Error(err)
				}
			} else {
				must(t, d.RemoveAll("code"))
			}
			must(t, d.Mkdir("a", 0o755), d.Mkdir("z", 0o755))
			if _, err := d.Stat(anothers); err == nil {
				if err := d.Clear(nil); !errors.Is(err, unix.EACCES) { // which keeps nothing else there
					t.Error(err)
				}
			} else {
				must(t, d.Clear(nil))
			}
			left := []string{}
			must(t, d.each(func(name string) error { left = append(left, name); return nil }))
			if len(left) > 1 || len(left) == 1 && left[0] != anothers {
				t.Errorf("%s left %s", how, strings.Join(left, " "))
			}
		}
	})
}
