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

// boltDisk is package journal's file. A write that the death of the machine tears leaves some of bbolt's new pages
// and not its meta page, or half of that.
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
	before, err := os.ReadFile(d.path)
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
	after, err := os.ReadFile(d.path)
	if err != nil {
		return false, err
	}
	return false, errors.Join(os.WriteFile(d.path, tear(before, after, chance), 0o600))
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
