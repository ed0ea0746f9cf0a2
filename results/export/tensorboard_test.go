package export_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/results/tfevents"
)

// readEvents is the scalars of an event file, one "step tag value @wall" each, and the data of all its records.
func readEvents(t *testing.T, name string) (scalars []string, all []byte) {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for len(file) > 0 {
		length, err := tfevents.Length(file)
		if err != nil {
			t.Fatal(err)
		}
		end := tfevents.HeadSize + int(length) + tfevents.TailSize
		data, err := tfevents.Data(file[tfevents.HeadSize:end])
		if err != nil {
			t.Fatal(err)
		}
		e, ok := tfevents.Parse(data)
		if !ok {
			t.Fatalf("%s: %q is no event", name, data)
		}
		for _, s := range e.Scalars {
			scalars = append(scalars, fmt.Sprintf("%d %s %v @%v", e.Step, s.Tag, s.Value, e.Wall))
		}
		all, file = append(all, data...), file[end:]
	}
	return scalars, all
}

// Every trial that began has a file: of the attempt that counts all points, once and in order; parameters and the end.
func TestTensorBoard(t *testing.T) {
	board, bucket, fresh := halfStored(t)
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if n, err := export.TensorBoard(t.Context(), root, bucket, "s", board, fresh); n != 3 || err != nil {
		t.Fatalf("%d files, %v", n, err)
	}
	for trial, want := range map[string][]string{
		"0": {"1 loss 0.5 @1.700000000001e+09", "2 a,b -1 @1.700000000002e+09", "2 loss 0.25 @1.700000000002e+09"},
		"1": nil,
		"3": {"0 loss NaN @1.7e+09", "1 loss +Inf @1.700000000001e+09"},
	} {
		got, all := readEvents(t, filepath.Join(dir, trial, export.EventFile))
		if !slices.Equal(got, want) {
			t.Errorf("trial %s: %q, want %q", trial, got, want)
		}
		for _, word := range []string{"brain.Event:2", "session_start_info", "opt.eps", "session_end_info"} {
			if (trial != "3" || word == "brain.Event:2") != bytes.Contains(all, []byte(word)) {
				t.Errorf("trial %s and %q: %q", trial, word, all)
			}
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) != 3 {
		t.Errorf("%q", found)
	}

	// Nothing is written over, and what was there stays when it fails.
	if err := os.RemoveAll(filepath.Join(dir, "0")); err != nil {
		t.Fatal(err)
	}
	if _, err := export.TensorBoard(t.Context(), root, bucket, "s", board, fresh); err == nil {
		t.Error("written twice")
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); !slices.Equal(found, []string{filepath.Join(dir, "1"), filepath.Join(dir, "3")}) {
		t.Errorf("after a failure: %q", found)
	}
}
