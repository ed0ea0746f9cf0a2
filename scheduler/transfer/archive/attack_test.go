package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// Links are where the kernel finds them, not where their names say.
func TestAttackArchives(t *testing.T) {
	reg := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
	dir := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeDir} }
	sym := func(name, to string) tar.Header {
		return tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeSymlink}
	}
	hard := func(name, to string) tar.Header {
		return tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeLink}
	}
	node := func(name string, kind byte) tar.Header {
		return tar.Header{Name: name, Typeflag: kind, Devmajor: 1, Devminor: 5}
	}
	for title, c := range map[string]struct {
		names   string // in the error
		headers []tar.Header
	}{
		"up through a link":                   {"out: ", []tar.Header{dir("a/b"), sym("a/b/root", "../.."), sym("out", "a/b/root/.."), reg("out/evil")}},
		"up through a link that comes later":  {"out: ", []tar.Header{sym("out", "a/b/root/../victim"), sym("a/b/root", "../..")}},
		"chain":                               {"c: ", []tar.Header{sym("a", "x/y"), dir("x/y"), sym("b", "a/.."), sym("c", "b/../.."), reg("c/evil")}},
		"link in a linked folder":             {"x/y/l: ", []tar.Header{dir("x"), sym("x/y", ".."), sym("x/y/l", "../victim")}},
		"hard link to a link, somewhere else": {"l: ", []tar.Header{dir("a/b"), sym("a/b/l", "../../victim"), hard("l", "a/b/l")}},
		"hard link through a link":            {"h: ", []tar.Header{dir("a/b"), sym("a/b/r", "../.."), hard("h", "a/b/r/../victim")}},
		"absolute":                            {"l: ", []tar.Header{sym("l", "/etc/passwd")}},
		"folder replaced by a link":           {"d: ", []tar.Header{dir("d"), sym("d", ".."), reg("d/evil")}},
		"device":                              {"d: it is a device", []tar.Header{node("d", tar.TypeChar)}},
		"disk":                                {"d: it is a device", []tar.Header{node("d", tar.TypeBlock)}},
		"pipe":                                {"p: it is a named pipe", []tar.Header{node("p", tar.TypeFifo)}},
		"unknown":                             {"u: it is neither", []tar.Header{{Name: "u", Typeflag: 'Z'}}},
		"folders that no entry names":         {"than 20 files and folders", []tar.Header{reg(strings.Repeat("d/", 30) + "f")}},
	} {
		parent := t.TempDir()
		write(t, parent, map[string]string{"victim": "v"})
		folder := filepath.Join(parent, "in")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		err := archive.Unpack(t.Context(), opened(t, hostile(t, c.headers...)), "x.tgz", folder, archive.Limits{Bytes: 100, Files: 20})
		if err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v, want %q in it", title, err, c.names)
		}
		if left, _ := os.ReadDir(parent); len(left) != 2 {
			t.Errorf("%s: wrote outside", title)
		}
		if data, _ := os.ReadFile(filepath.Join(parent, "victim")); string(data) != "v" {
			t.Errorf("%s: wrote to another's file", title)
		}
	}
	// What stays inside is unpacked.
	folder := t.TempDir()
	good := hostile(t, dir("a/b"), reg("f"), sym("a/b/up", "../.."), sym("l", "a/b/up/f"), hard("a/h", "f"), sym("a/b/f", "../../f"), hard("a/b/g", "a/b/f"),
		tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "git"}})
	if err := archive.Unpack(t.Context(), opened(t, good), "x.tgz", folder, roomy); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"l", "a/h", "a/b/f", "a/b/g"} {
		if data, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(data) != "x" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

func TestAttackBombs(t *testing.T) {
	var bomb bytes.Buffer
	z, err := zstd.NewWriter(&bomb)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	big := int64(3 << 30)
	if err := w.WriteHeader(&tar.Header{Name: "big", Size: big, Mode: 0o6777, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range big >> 20 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	err = archive.Unpack(t.Context(), opened(t, file(t, bomb.Bytes())), "x.tar.zst", t.TempDir(), archive.LimitsOf(20<<20))
	if err == nil || !strings.Contains(err.Error(), "big: with it the archive unpacks to more than 20971520 bytes") || !strings.Contains(err.Error(), "task.resources.disk") {
		t.Error(err)
	}
}

func TestAttackZip(t *testing.T) {
	for want, mode := range map[string]fs.FileMode{
		"e: it is a device":    fs.ModeDevice | 0o644,
		"e: is a link out":     fs.ModeSymlink | 0o777,
		"e: it is a device, p": fs.ModeNamedPipe | 0o644,
		"":                     fs.ModeSetuid | 0o4755,
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: "e"}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("../victim")); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		err = archive.Unpack(t.Context(), opened(t, file(t, b.Bytes())), "x.zip", folder, roomy)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			continue
		}
		info, statErr := os.Stat(filepath.Join(folder, "e"))
		if err != nil || statErr != nil || info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 || info.Mode()&0o100 == 0 {
			t.Errorf("%v, %v, %v", err, statErr, info.Mode())
		}
	}
}
