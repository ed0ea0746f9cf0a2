package dir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// Of a folder with very many objects no more are in memory than are listed soon, and all are listed, in order, by pages as at once.
func TestFolderOfManyObjects(t *testing.T) {
	const many = 10_000
	root := t.TempDir()
	folder := filepath.Join(root, "f")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	var want, folders []string
	for i := range many {
		// not in order, as file systems give them
		name := fmt.Sprintf("%d-a-name-of-some-length-so-that-a-million-of-them-take-memory", i*7919%many)
		if i%100 == 0 {
			if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
				t.Fatal(err)
			}
			folders = append(folders, "f/"+name)
			name += "/o"
		}
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, "f/"+name)
	}
	slices.Sort(want)
	slices.SortFunc(folders, func(a, b string) int { return slices.Compare([]byte(a+"/"), []byte(b+"/")) })
	b := open(t, root)

	var before, at runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range b.List(t.Context(), "f/") {
		runtime.GC()
		runtime.ReadMemStats(&at)
		break
	}
	if more := int64(at.HeapAlloc) - int64(before.HeapAlloc); more > 512<<10 {
		t.Errorf("%d bytes are held with the first object", more)
	}

	var got []string
	for o, err := range b.List(t.Context(), "f/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, o.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d objects, want %d, or not in order", len(got), len(want))
	}
	got = got[:0]
	for after := ""; ; {
		page := 0
		for o, err := range b.ListAfter(t.Context(), "f/", after) {
			if err != nil {
				t.Fatal(err)
			}
			got, after = append(got, o.Name), o.Name
			if page++; page == 3000 {
				break
			}
		}
		if page == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d objects by pages, want %d, or not in order", len(got), len(want))
	}
	got = got[:0]
	for name, err := range b.Folders(t.Context(), "f/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if !slices.Equal(got, folders) {
		t.Errorf("%d folders, want %d, or not in order", len(got), len(folders))
	}
}
