package simtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
)

// simDisk is the journal and how it fares when the process dies.
type simDisk interface {
	// open is the journal for a new process.
	open() (journal.Journal, error)
	// torn appends while the process dies, and reports whether the entries are durable after all.
	torn(entries []journal.Entry, whole bool, chance func(n int) int) (durable bool, err error)
	// closed is the death of the process.
	closed()
	// remove gives back what the disk took of the real one.
	remove()
}

func newDisk(w *world) (simDisk, error) {
	if !w.story.OnDisk {
		return &memoryDisk{}, nil
	}
	base := ""
	if _, err := os.Stat("/dev/shm"); err == nil {
		base = "/dev/shm" // what fsync does to a real disk is not under test here
	}
	dir, err := os.MkdirTemp(base, "kaon-simtest-")
	if err != nil {
		return nil, fmt.Errorf("make folder for the journal: %w", err)
	}
	return &fileDisk{dir: dir, path: filepath.Join(dir, "journal.db")}, nil
}

// memoryDisk is journal.Memory, which outlives the processes.
type memoryDisk struct{ memory journal.Memory }

func (d *memoryDisk) open() (journal.Journal, error) { return &d.memory, nil }
func (d *memoryDisk) closed()                        {}
func (d *memoryDisk) remove()                        {}

func (d *memoryDisk) torn(entries []journal.Entry, whole bool, _ func(int) int) (bool, error) {
	if !whole {
		return false, nil
	}
	return true, d.memory.Append(entries)
}

// fileDisk is package journal/disk's files. A write that the death of the machine tears leaves a part of the log's
// new record, or when the log was full a part of the store's new block.
type fileDisk struct {
	dir, path string
	journal   *disk.Journal
}

func (d *fileDisk) open() (journal.Journal, error) {
	var err error
	d.journal, err = disk.Open(d.path)
	return d.journal, err
}

func (d *fileDisk) closed() {
	if d.journal != nil {
		_ = d.journal.Close() // the lock goes with the process
		d.journal = nil
	}
}

func (d *fileDisk) remove() {
	d.closed()
	_ = os.RemoveAll(d.dir)
}

func (d *fileDisk) torn(entries []journal.Entry, whole bool, chance func(int) int) (bool, error) {
	before, err := d.files()
	if err != nil {
		return false, err
	}
	if err := d.journal.Append(entries); err != nil {
		return false, err
	}
	after, err := d.files() // before closing, which marks what was whole
	d.closed()
	if whole || err != nil {
		return true, err
	}
	if !bytes.Equal(before[0], after[0]) {
		after[1] = before[1] // the log is marked when the block is durable
	}
	return false, errors.Join(
		os.WriteFile(d.path, tear(before[0], after[0], chance), 0o600),
		os.WriteFile(d.path+".log", cut(before[1], after[1], chance), 0o600))
}

// files is the bytes of the store and of the log beside it.
func (d *fileDisk) files() (both [2][]byte, err error) {
	for i, path := range []string{d.path, d.path + ".log"} {
		if both[i], err = os.ReadFile(path); err != nil {
			return both, err
		}
	}
	return both, nil
}

// cut writes some of the bytes in which two states of the log differ, and never the last.
func cut(before, after []byte, chance func(int) int) []byte {
	first, last := 0, len(after)-1
	for first < len(after) && after[first] == before[first] {
		first++
	}
	for last > first && after[last] == before[last] {
		last--
	}
	out := bytes.Clone(before)
	if first < last {
		copy(out[first:], after[first:first+chance(last-first)])
	}
	return out
}

// tear gives the store some pages of its new block, and never its last byte. A store that was written anew
// has not got its name.
func tear(before, after []byte, chance func(int) int) []byte {
	if len(after) <= len(before) || !bytes.Equal(before, after[:len(before)]) {
		return before
	}
	page := os.Getpagesize()
	fresh := make([]byte, len(after)-len(before))
	for at := 0; at < len(fresh); at += page {
		if chance(2) == 0 {
			copy(fresh[at:min(at+page, len(fresh))], after[len(before)+at:])
		}
	}
	fresh[len(fresh)-1] = ^after[len(after)-1]
	return append(bytes.Clone(before), fresh[:chance(len(fresh)+1)]...)
}
