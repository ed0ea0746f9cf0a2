package archive_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// FuzzUnpack feeds archives that nobody made: whatever they hold, nothing appears beside the folder.
func FuzzUnpack(f *testing.F) {
	folder := f.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a"), []byte("a"), 0o644); err != nil {
		f.Fatal(err)
	}
	var packed bytes.Buffer
	if err := archive.Pack(&packed, folder); err != nil {
		f.Fatal(err)
	}
	f.Add(packed.Bytes(), "x.tar.zst")
	f.Add([]byte("PK\x05\x06"+string(make([]byte, 18))), "x.zip")
	f.Add(make([]byte, 1024), "x.tar")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		parent := t.TempDir()
		in, file := filepath.Join(parent, "in"), filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(in, 0o755); err != nil {
			t.Fatal(err)
		}
		_ = archive.Unpack(t.Context(), opened(t, file), name, in, archive.Limits{Bytes: 1 << 16, Files: 100}) // an error is as good
		if beside, err := os.ReadDir(parent); err != nil || len(beside) != 1 {
			t.Errorf("it wrote beside its folder: %v, %v", beside, err)
		}
	})
}
