package simtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// disk is the journal and how it fares when the process dies.
type disk interface {
	// open is the journal for a new process.
	open() (scheduler.Journal, error)
	// torn appends while the process dies, and reports whether the entries are durable after all.
	torn(entries []scheduler.Entry, whole bool, chance func(n int) int) (durable bool, err error)
	// closed is the death of the process.
	closed()
	// remove gives back what the disk took of the real one.
	remove()
}

func newDisk(w *world) (disk, error) {
	if !w.story.Bolt {
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
	return &boltDisk{dir: dir, path: filepath.Join(dir, "journal.db")}, nil
}

// memoryDisk is scheduler.Memory, which outlives the processes.
type memoryDisk struct{ memory scheduler.Memory }

func (d *memoryDisk) open() (scheduler.Journal, error) { return &d.memory, nil }
func (d *memoryDisk) closed()                          {}
func (d *memoryDisk) remove()                          {}

func (d *memoryDisk) torn(entries []scheduler.Entry, whole bool, _ func(int) int) (bool, error) {
	if !whole {
		return false, nil
	}
	return true, d.memory.Append(entries)
}

// boltDisk is package journal's files. A write that the death of the machine tears leaves a part of the log's new record, or
// when the log was full some of bbolt's new pages and not its meta page, or half of that.
type boltDisk struct {
	dir, path string
	journal   *journal.Journal
}

func (d *boltDisk) open() (scheduler.Journal, error) {
	var err error
	d.journal, err = journal.Open(d.path)
	return d.journal, err
}

func (d *boltDisk) closed() {
	if d.journal != nil {
		_ = d.journal.Close() // the lock goes with the process
		d.journal = nil
	}
}

func (d *boltDisk) remove() {
	d.closed()
	_ = os.RemoveAll(d.dir)
}

func (d *boltDisk) torn(entries []scheduler.Entry, whole bool, chance func(int) int) (bool, error) {
	before, err := d.files()
	if err != nil {
		return false, err
	}
	if err := d.journal.Append(entries); err != nil {
		return false, err
	}
	d.closed()
	if whole {
		return true, nil
	}
	after, err := d.files()
	if err != nil {
		return false, err
	}
	return false, errors.Join(
		os.WriteFile(d.path, tear(before[0], after[0], chance), 0o600),
		os.WriteFile(d.path+".log", cut(before[1], after[1], chance), 0o600))
}

// files is the bytes of the bbolt file and of the log beside it.
func (d *boltDisk) files() (both [2][]byte, err error) {
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

// tear mixes two states of a bbolt file as a torn write does: any of the new data pages, never a whole new meta page.
func tear(before, after []byte, chance func(int) int) []byte {
	page := os.Getpagesize()
	out := bytes.Clone(before)
	if chance(2) == 0 { // the file had grown already
		out = append(out, make([]byte, max(0, len(after)-len(before)))...)
	}
	for at := 0; at+page <= len(out); at += page {
		fresh := after[at : at+page]
		switch {
		case at < 2*page:
			if at+page <= len(before) && !bytes.Equal(fresh, before[at:at+page]) && chance(3) == 0 {
				copy(out[at:at+48+chance(24)], fresh) // cut inside the meta, before its checksum is whole
			}
		case chance(2) == 0:
			copy(out[at:], fresh)
		}
	}
	return out
}
