package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

var roomy = archive.Limits{Bytes: 1 << 20, Files: 100}

func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(folder, path)
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func pack(t *testing.T, folder string, skip ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := archive.Pack(&b, folder, skip...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEqualFilesGiveEqualBytes(t *testing.T) {
	files := map[string]string{"train.py": "print(1)", "lib/a.py": "a", "lib/b.py": strings.Repeat("b", 1<<20)}
	one, two := t.TempDir(), t.TempDir()
	write(t, one, files)
	write(t, two, files)
	if err := os.Chtimes(filepath.Join(two, "train.py"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pack(t, one), pack(t, two)) {
		t.Error("equal folders, different archives")
	}
	if err := os.Chmod(filepath.Join(two, "train.py"), 0o755); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(pack(t, one), pack(t, two)) {
		t.Error("an executable file is packed as a plain one")
	}
}

func TestIgnoredFilesStayBehind(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{
		".gitignore": "*.ckpt\n!keep.ckpt\n/build/\n", ".kaonignore": "# big\ndata\n", "train.py": "x", "a.ckpt": "x", "keep.ckpt": "x",
		"build/out": "x", "sub/build/in": "x", "data/big": "x", "sub/data/big": "x", ".git/HEAD": "x",
		"sub/.gitignore": "secret\n", "sub/secret": "x", "secret": "x", "kaon-results/sweeps/a": "x",
	})
	if err := os.Symlink("train.py", filepath.Join(folder, "main.py")); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := archive.Unpack(t.Context(), opened(t, file(t, pack(t, folder, filepath.Join(folder, "kaon-results")))), "code.tar.zst", out, roomy); err != nil {
		t.Fatal(err)
	}
	want := []string{".gitignore", ".kaonignore", "keep.ckpt", "main.py", "secret", "sub/.gitignore", "sub/build/in", "train.py"}
	if got := names(t, out); !slices.Equal(got, want) {
		t.Errorf("packed %q, want %q", got, want)
	}
	place := t.TempDir()
	again := filepath.Join(place, "copy")
	from, err1 := os.OpenRoot(out)
	to, err2 := os.OpenRoot(place)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	defer to.Close()
	if err := archive.Copy(t.Context(), from, to, "copy"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, again); !slices.Equal(got, want) {
		t.Errorf("copied %q, want %q", got, want)
	}
}

func TestWhatCannotBePackedIsNamed(t *testing.T) {
	for want, make := range map[string]func(folder string) error{
		"out is a link out of the folder": func(f string) error { return os.Symlink("../x", filepath.Join(f, "out")) },
		"abs is a link out of the folder": func(f string) error { return os.Symlink("/etc", filepath.Join(f, "abs")) },
		"the largest: huge (600 MB)": func(f string) error {
			if err := os.WriteFile(filepath.Join(f, "huge"), nil, 0o644); err != nil {
				return err
			}
			return os.Truncate(filepath.Join(f, "huge"), 600<<20)
		},
	} {
		folder := t.TempDir()
		if err := make(folder); err != nil {
			t.Fatal(err)
		}
		if err := archive.Pack(new(bytes.Buffer), folder); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ".kaonignore") {
			t.Errorf("got %v, want %q and a remedy", err, want)
		}
	}
}

// hostile makes a tar.gz of headers; regular files hold "x".
func hostile(t *testing.T, headers ...tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range headers {
		if h.Typeflag == tar.TypeReg {
			h.Size = 1
		}
		if h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file(t, b.Bytes())
}

func TestNothingLeadsOut(t *testing.T) {
	reg := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
	link := func(name, to string, kind byte) tar.Header {
		return tar.Header{Name: name, Linkname: to, Typeflag: kind}
	}
	for title, headers := range map[string][]tar.Header{
		"dots":          {reg("../evil")},
		"inner dots":    {reg("a/../../evil")},
		"absolute":      {reg("/evil")},
		"link":          {link("l", "..", tar.TypeSymlink), reg("l/evil")},
		"absolute link": {link("l", "/", tar.TypeSymlink)},
		"hard link":     {link("l", "../victim", tar.TypeLink)},
		"too many":      {reg("1"), reg("2"), reg("3"), reg("4"), reg("5")},
	} {
		parent := t.TempDir()
		write(t, parent, map[string]string{"victim": "v"})
		folder := filepath.Join(parent, "in")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := archive.Unpack(t.Context(), opened(t, hostile(t, headers...)), "x.tgz", folder, archive.Limits{Bytes: 100, Files: 4}); err == nil {
			t.Errorf("%s: unpacked", title)
		}
		if _, err := os.Stat(filepath.Join(parent, "evil")); err == nil {
			t.Errorf("%s: wrote outside", title)
		}
	}
}

func TestZipAndBounds(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"a/b.txt", "c.txt"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte("0"), 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := archive.Unpack(t.Context(), opened(t, file(t, b.Bytes())), "X.ZIP", out, roomy); err != nil {
		t.Fatal(err)
	}
	if got := names(t, out); !slices.Equal(got, []string{"a/b.txt", "c.txt"}) {
		t.Errorf("unpacked %q", got)
	}
	if err := archive.Unpack(t.Context(), opened(t, file(t, b.Bytes())), "x.zip", t.TempDir(), archive.Limits{Bytes: 1500, Files: 9}); err == nil {
		t.Error("a bomb went off")
	}
}

func opened(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
