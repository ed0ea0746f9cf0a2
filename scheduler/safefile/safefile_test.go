package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/testkit"
)

func open(t *testing.T) (*Dir, string) {
	t.Helper()
	folder := t.TempDir()
	d, err := OpenDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, folder
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// within fails a test whose file system call waits for somebody.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(testkit.Patience):
		t.Fatal("it hangs")
	}
}

// plants are what somebody may put in the place of a file, with the secret that must be neither read nor
// written.
var plants = map[string]func(at, secret string) error{
	"link": func(at, secret string) error { return os.Symlink(secret, at) },
	"relative": func(at, secret string) error {
		return os.Symlink("../"+filepath.Base(filepath.Dir(secret))+"/secret", at)
	},
	"dangling": func(at, secret string) error { return os.Symlink(secret+".new", at) },
	"loop":     func(at, _ string) error { return os.Symlink(filepath.Base(at), at) },
	"hard":     func(at, secret string) error { return os.Link(secret, at) },
	"fifo":     func(at, _ string) error { return unix.Mkfifo(at, 0o666) },
	"folder":   func(at, _ string) error { return os.Mkdir(at, 0o755) },
	"device":   func(at, _ string) error { return unix.Mknod(at, unix.S_IFCHR|0o666, 5<<8) }, // a terminal
	"socket": func(at, _ string) error {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: at, Net: "unix"})
		if err == nil {
			l.SetUnlinkOnClose(false)
			err = l.Close()
		}
		return err
	},
}

func TestAttackPlantedFiles(t *testing.T) {
	for kind, plant := range plants {
		t.Run(kind, func(t *testing.T) {
			d, folder := open(t)
			secret := filepath.Join(t.TempDir(), "secret")
			must(t, os.WriteFile(secret, []byte("secret"), 0o600), os.Chown(secret, 12345, 12345), os.Mkdir(filepath.Join(folder, "sub"), 0o755))
			for _, name := range []string{"f", "sub/f"} {
				if err := plant(filepath.Join(folder, name), secret); err != nil {
					t.Skip(err)
				}
				within(t, func() {
					for op, f := range map[string]func(string) (*os.File, error){
						"open":   d.Open,
						"append": func(n string) (*os.File, error) { return d.Append(n, 0o600) },
					} {
						if f, err := f(name); err == nil {
							f.Close()
							t.Errorf("%s: %s opened", op, name)
						}
					}
					f, err := d.Create(name, 0o600)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := f.Write([]byte("ours")); err != nil {
						t.Error(err)
					}
					f.Close()
				})
				data, err := os.ReadFile(filepath.Join(folder, name))
				if info, _ := os.Lstat(filepath.Join(folder, name)); err != nil || string(data) != "ours" || !info.Mode().IsRegular() {
					t.Errorf("created %q, %v", data, err)
				}
			}
			if data, _ := os.ReadFile(secret); string(data) != "secret" {
				t.Errorf("the secret became %q", data)
			}
			if _, err := os.Lstat(secret + ".new"); err == nil {
				t.Error("a dangling link was written through")
			}
		})
	}
}

func TestAttackLinkedFolders(t *testing.T) {
	d, folder := open(t)
	out := t.TempDir()
	must(t, os.WriteFile(filepath.Join(out, "f"), []byte("secret"), 0o600), os.Symlink(out, filepath.Join(folder, "sub")))
	for op, err := range map[string]error{
		"open":   func() error { _, err := d.Open("sub/f"); return err }(),
		"create": d.WriteFile("sub/new", nil, 0o600),
		"mkdir":  d.MkdirAll("sub/new/deep", 0o755),
		"folder": func() error { _, err := d.Dir("sub"); return err }(),
		"remove": d.Remove("sub/f"),
		"rename": d.Rename("sub/f", "f"),
		"walk":   d.Walk("sub", func(string, *unix.Stat_t) error { return nil }),
		"all":    d.RemoveAll("sub/f"),
	} {
		if err == nil {
			t.Errorf("%s went through a link", op)
		}
	}
	for _, name := range []string{"../f", "/etc/passwd", "sub/../../f", "", "a\x00b"} {
		if _, err := d.Open(name); err == nil {
			t.Errorf("opened %q", name)
		}
	}
	must(t, d.Chown(".", 4321, 4321), d.RemoveAll("sub"))
	entries, err := os.ReadDir(out)
	info, _ := os.Stat(out)
	if err != nil || len(entries) != 1 || info.Sys().(interface{}) == nil {
		t.Fatal(entries, err)
	}
	var st unix.Stat_t
	if must(t, unix.Stat(out, &st)); st.Uid == 4321 {
		t.Error("chown went through a link")
	}
}

// A folder that is swapped for a link all the time is never left.
func TestAttackSwappedFolder(t *testing.T) {
	d, folder := open(t)
	out := t.TempDir()
	must(t, os.WriteFile(filepath.Join(out, "f"), []byte("secret"), 0o644),
		os.Mkdir(filepath.Join(folder, "real"), 0o755), os.WriteFile(filepath.Join(folder, "real", "f"), []byte("ours"), 0o644),
		os.Symlink(out, filepath.Join(folder, "link")))
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = unix.Renameat2(unix.AT_FDCWD, filepath.Join(folder, "real"), unix.AT_FDCWD, filepath.Join(folder, "link"), unix.RENAME_EXCHANGE)
		}
	})
	opened := 0
	for range 20000 {
		f, err := d.Open("real/f")
		if err == nil {
			data, _ := io.ReadAll(f)
			f.Close()
			if opened++; string(data) != "ours" {
				t.Fatalf("read %q", data)
			}
		}
		if f, err := d.Create("real/new", 0o600); err == nil {
			f.Close()
		}
	}
	close(stop)
	swapping.Wait()
	if _, err := os.Lstat(filepath.Join(out, "new")); err == nil {
		t.Error("written outside")
	}
	if opened == 0 {
		t.Error("never opened")
	}
}

func TestResolve(t *testing.T) {
	d, folder := open(t)
	link := func(target, name string) error { return os.Symlink(target, filepath.Join(folder, name)) }
	must(t, d.MkdirAll("a/b/c", 0o755), d.WriteFile("f", nil, 0o600), link("../../f", "a/b/in"), link("../..", "a/b/up"),
		link("a/b/up/..", "out"), link(folder+"/f", "abs"), link("/etc/passwd", "far"), link("loop", "loop"),
		link("in2", "a/b/chain"), link("in", "a/b/in2"))
	for name, want := range map[string]string{"f": "f", "a/b/in": "f", "a/b/up": ".", "a/b/up/f": "f", "abs": "f", "a/b/chain": "f"} {
		if got, err := d.Resolve(name); err != nil || got != want {
			t.Errorf("%s leads to %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"out", "far", "loop", "../x", "a/b/up/../f"} {
		if got, err := d.Resolve(name); !errors.Is(err, ErrRefused) {
			t.Errorf("%s leads to %q, %v", name, got, err)
		}
	}
	if _, err := d.Resolve("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestOrdinaryUse(t *testing.T) {
	d, folder := open(t)
	must(t, d.MkdirAll("a/b", 0o755), d.MkdirAll("a/b", 0o755), d.WriteFile("a/b/f", []byte("one\n"), 0o640))
	f, err := d.Append("a/b/f", 0o640)
	must(t, err)
	_, err = f.Write([]byte("two\n"))
	must(t, err, f.Close(), os.Link(filepath.Join(folder, "a/b/f"), filepath.Join(folder, "same")))
	f, err = d.Open("same") // a hard link of the folder's owner
	must(t, err)
	data, err := io.ReadAll(f)
	if must(t, err, f.Close()); string(data) != "one\ntwo\n" {
		t.Errorf("%q", data)
	}
	var names []string
	must(t, d.Walk(".", func(name string, _ *unix.Stat_t) error { names = append(names, name); return nil }), d.Rename("same", "other"))
	before := slices.Index(names, "a") < slices.Index(names, "a/b") && slices.Index(names, "a/b") < slices.Index(names, "a/b/f")
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "a a/b a/b/f same" || !before {
		t.Error(got)
	}
	deep := strings.Repeat("d/", maxDepth+5)
	must(t, d.RemoveAll("a"), d.RemoveAll("a"), d.MkdirAll(deep[:len(deep)-1], 0o755))
	if err := d.Walk(".", func(string, *unix.Stat_t) error { return nil }); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}

// A folder is cleared of all but what is to be kept.
func TestClear(t *testing.T) {
	d, folder := open(t)
	const many = 3000
	must(t, d.MkdirAll("some/more", 0o755), os.WriteFile(filepath.Join(folder, "kept"), nil, 0o644))
	for i := range many {
		must(t, os.WriteFile(filepath.Join(folder, "some", strconv.Itoa(i)), nil, 0o644))
		must(t, os.WriteFile(filepath.Join(folder, strconv.Itoa(i)), nil, 0o644))
	}
	must(t, os.Symlink(t.TempDir(), filepath.Join(folder, "link")))
	kept := func(name string) bool { return name == "kept" }
	left := func() (names []string) {
		entries, err := os.ReadDir(folder)
		must(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	must(t, d.Clear(kept))
	if got := left(); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("there are left %v", got)
	}
}

// A folder of very many names costs no memory to speak of, whether one looks at the first of them, at all, or removes them.
func TestAttackFolderOfManyNames(t *testing.T) {
	d, folder := open(t)
	must(t, os.Mkdir(filepath.Join(folder, "many"), 0o755), os.WriteFile(filepath.Join(folder, "one"), nil, 0o644))
	const many = 40_000
	for i := range many { // names of one file: it takes less time
		must(t, os.Link(filepath.Join(folder, "one"), filepath.Join(folder, "many", fmt.Sprintf("%0200d", i))))
	}
	held := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	enough, seen := errors.New("enough"), 0
	if n := held(func() {
		if err := d.Walk("many", func(string, *unix.Stat_t) error {
			if seen++; seen > 10 {
				return enough
			}
			return nil
		}); !errors.Is(err, enough) {
			t.Error(err)
		}
	}); n > 1<<20 {
		t.Errorf("to look at 10 names of %d took %d bytes", many, n)
	}
	seen = 0
	must(t, d.Walk("many", func(string, *unix.Stat_t) error { seen++; return nil }), d.RemoveAll("many"))
	if _, err := d.Stat("many"); seen != many || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%d of %d were seen, and then: %v", seen, many, err)
	}
}
