package export_test

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/export"
)

// readWandb puts the records of a file of an offline run together, and checks their checksums.
func readWandb(t *testing.T, name string) (records []string) {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const block, head = 32 << 10, 7
	if !strings.HasPrefix(string(file), ":W&B\xe1\xbe\x00") {
		t.Fatalf("%s begins with %q", name, file[:min(len(file), head)])
	}
	record := ""
	for at := head; at < len(file); {
		if room := block - at%block; room < head {
			at += room
			continue
		}
		n, kind := int(binary.LittleEndian.Uint16(file[at+4:])), file[at+6]
		piece := file[at+head : at+head+n]
		if sum := crc32.ChecksumIEEE(append([]byte{kind}, piece...)); sum != binary.LittleEndian.Uint32(file[at:]) {
			t.Fatalf("%s: the checksum at %d is wrong", name, at)
		}
		if record += string(piece); kind == 1 || kind == 4 {
			records, record = append(records, record), ""
		}
		at += head + n
	}
	if record != "" {
		t.Errorf("%s: the last record has no end", name)
	}
	return records
}

// Every trial that began has an offline run: of the attempt that counts all points, once and in order; parameters and the end.
func TestWandb(t *testing.T) {
	board, bucket, fresh := halfStored(t)
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if n, err := export.Wandb(t.Context(), root, bucket, "s", "a project", board, fresh); n != 3 || err != nil {
		t.Fatalf("%d runs, %v", n, err)
	}
	for trial, want := range map[string][]string{
		"0": {"opt.eps", "loss\x82\x01\x030.5", "loss\x82\x01\x040.25", "loss\x82\x01\x040.25", "\x92\x01"},
		"1": {"s/1", "", "\x92\x01"},
		"3": {"s/3", "loss\x82\x01\x03NaN", "loss\x82\x01\x08Infinity", "loss\x82\x01\x08Infinity", "\x92\x01"},
	} {
		files, err := filepath.Glob(filepath.Join(dir, "offline-run-*-s-"+trial, "run-s-"+trial+".wandb"))
		if err != nil || len(files) != 1 {
			t.Fatalf("trial %s has %v, %v", trial, files, err)
		}
		got := readWandb(t, files[0])
		if len(got) != len(want) {
			t.Errorf("trial %s has %d records, want %d: %q", trial, len(got), len(want), got)
			continue
		}
		for i, part := range want {
			if !strings.Contains(got[i], part) {
				t.Errorf("record %d of trial %s has no %q: %q", i, trial, part, got[i])
			}
		}
	}
}
