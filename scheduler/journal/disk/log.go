package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// logRoom is the room of the log: some thousand trials, or a hundred thousand points, between two blocks of the store.
const logRoom = 2 << 20

// The log begins with two marks, each in a sector of its own, of which one may be torn; records follow.
const (
	logMagic  = "kaonlog2"
	markSize  = 40 // magic, generation, length, number, all of 8 bytes, checksum of the journal's id, checksum
	sector    = 512
	logStart  = 2 * sector
	logHeader = 16
)

// A record of the log is its payload's length and checksum, its number, and the payload. The checksum is over the id
// that the journal drew when it was made, so that a log never counts for another journal, the number and the payload.
// Numbers rise by one, also where the log begins again at its start, so what is left of an earlier round behind the
// last record has a number too low, or is torn.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errFull: the log must be emptied first.
var errFull = errors.New("log is full")

// mark is what was durable when it was written: so many bytes of a store's generation, and the log's records up to a
// number.
type mark struct{ generation, length, number uint64 }

func (m mark) after(other mark) bool {
	if m.generation != other.generation {
		return m.generation > other.generation
	}
	return m.length > other.length || m.length == other.length && m.number > other.number
}

// log is a file of fixed size that is written over and over. Its blocks are all there from the beginning, so making a
// record durable moves no metadata of the file system: a third of the cost of an append that grows a file.
type log struct {
	file   *os.File
	at     int64
	number uint64 // of the last record
	seed   uint32 // checksum of the journal's id
	marks  int    // written by this process
	buf    []byte
}

func (l *log) checksum(b []byte) uint32 { return crc32.Update(l.seed, castagnoli, b) }

// makeLog writes the whole file once. Blocks that are only promised would each cost a change of metadata when they
// are first written.
func makeLog(f *os.File, id []byte) (*log, error) {
	l := &log{file: f, at: logStart, seed: crc32.Checksum(id, castagnoli)}
	if err := f.Truncate(logStart + logRoom); err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(make([]byte, logStart+logRoom), 0); err != nil {
		return nil, err
	}
	for range 2 {
		if err := l.mark(mark{}); err != nil {
			return nil, err
		}
	}
	return l, f.Sync()
}

// mark notes what is durable; it is durable itself with the next record.
func (l *log) mark(m mark) error {
	b := make([]byte, 0, markSize)
	b = append(b, logMagic...)
	for _, n := range []uint64{m.generation, m.length, m.number} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = binary.LittleEndian.AppendUint32(b, l.seed)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := l.file.WriteAt(b, int64(l.marks%2)*sector)
	l.marks++
	return err
}

// readMark is the later of the marks that are whole, and tells which is the other.
func (l *log) readMark(all []byte) (m mark, err error) {
	found := false
	for i := range 2 {
		n, seed, ok := parseMark(all[i*sector:])
		if !ok {
			continue
		}
		if seed != l.seed {
			return mark{}, damaged("the log %s is of another journal", l.file.Name())
		}
		if !found || n.after(m) {
			m, l.marks, found = n, 1-i, true
		}
	}
	if !found {
		return mark{}, damaged("the beginning of the log %s", l.file.Name())
	}
	return m, nil
}

// parseMark is the mark that b begins with, if it is whole, and the checksum of its journal's id.
func parseMark(b []byte) (m mark, seed uint32, ok bool) {
	if len(b) < markSize || string(b[:8]) != logMagic ||
		crc32.Checksum(b[:markSize-4], castagnoli) != binary.LittleEndian.Uint32(b[markSize-4:]) {
		return mark{}, 0, false
	}
	m = mark{binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])}
	return m, binary.LittleEndian.Uint32(b[32:]), true
}

// unwritten refuses a log that is not as makeLog leaves it, or as it was before: then there was a store beside it.
func unwritten(f *os.File) error {
	all, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return err
	}
	written := len(all) > logStart && slices.ContainsFunc(all[logStart:], func(b byte) bool { return b != 0 })
	for at := 0; at < min(len(all), logStart); at += sector {
		m, _, ok := parseMark(all[at:])
		written = written || ok && m != mark{}
	}
	if written {
		return damaged("there is only its log, %s, and there was more: bring the file back; removing the log "+
			"begins anew, without what was in them", f.Name())
	}
	return nil
}

// openLog reads the log of a journal whose store was read up to where its last block says: with the log's records up to
// number applied in it. It yields the payloads that came after.
func openLog(f *os.File, id []byte, s *store, yield func(payload []byte) error) (*log, error) {
	l := &log{file: f, at: logStart, number: s.applied, seed: crc32.Checksum(id, castagnoli)}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != logStart+logRoom {
		return nil, damaged("the log %s has %d bytes, want %d", f.Name(), info.Size(), logStart+logRoom)
	}
	all := make([]byte, logStart+logRoom)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, info.Size()), all); err != nil {
		return nil, err
	}
	m, err := l.readMark(all)
	if err != nil {
		return nil, err
	}
	if m.generation > s.generation || m.generation == s.generation && m.length > uint64(s.size) {
		return nil, damaged("the store %s is whole up to byte %d, and was longer (%d bytes of generation %d)",
			s.file.Name(), s.size, m.length, m.generation)
	}
	if err := l.records(all, yield); err != nil {
		return nil, err
	}
	if l.number < m.number || l.later(all, logStart) {
		return nil, damaged("the log %s at byte %d: record %d is not whole, and there were later ones", f.Name(),
			l.at, l.number+1)
	}
	return l, nil
}

// records reads records until one is not the next, or not whole.
func (l *log) records(all []byte, yield func(payload []byte) error) error {
	for rest := all[l.at:]; ; rest = all[l.at:] {
		payload, number, ok := l.record(rest)
		if !ok || number != l.number+1 {
			return nil
		}
		if err := yield(payload); err != nil {
			return damaged("record %d of the log: %v", number, err)
		}
		l.at, l.number = l.at+logHeader+int64(len(payload)), number
	}
}

// record is the record that b begins with, if it is whole.
func (l *log) record(b []byte) (payload []byte, number uint64, ok bool) {
	if len(b) < logHeader {
		return nil, 0, false
	}
	length, sum, number := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]),
		binary.LittleEndian.Uint64(b[8:])
	if uint64(length) > uint64(len(b)-logHeader) || l.checksum(b[8:logHeader+length]) != sum {
		return nil, number, false
	}
	return b[logHeader : logHeader+length], number, true
}

// nearby is how far the number of a later record may be from the last: no log holds so many.
const nearby = logRoom / logHeader

// later reports whether a record lies anywhere in the log that came after the last. Records are written one after the
// other, each when the one before is durable: then the one that was expected was not torn but damaged.
func (l *log) later(all []byte, at int) bool {
	for ; at+logHeader <= len(all); at++ {
		if n := binary.LittleEndian.Uint64(all[at+8:]); n <= l.number || n-l.number > nearby {
			continue
		}
		if _, _, ok := l.record(all[at:]); ok {
			return true
		}
	}
	return false
}

// add makes a payload durable. errFull: there is no room for it, and nothing was written.
func (l *log) add(payload []byte) error {
	size := int64(logHeader + len(payload))
	if l.at+size > logStart+logRoom {
		return errFull
	}
	l.buf = append(l.buf[:0], make([]byte, logHeader)...)
	l.buf = append(l.buf, payload...)
	binary.LittleEndian.PutUint32(l.buf, uint32(len(payload)))
	binary.LittleEndian.PutUint64(l.buf[8:], l.number+1)
	binary.LittleEndian.PutUint32(l.buf[4:], l.checksum(l.buf[8:]))
	if _, err := l.file.WriteAt(l.buf, l.at); err != nil {
		return err
	}
	if err := unix.Fdatasync(int(l.file.Fd())); err != nil {
		return err
	}
	l.at, l.number = l.at+size, l.number+1
	return nil
}

// empty begins again at the start; the caller has made sure that nothing in it is needed any more.
func (l *log) empty() { l.at = logStart }

// oldLog yields the payloads in a log of the format before, without marks, that came after the record applied.
func oldLog(b, id []byte, applied uint64, yield func(payload []byte) error) error {
	l := &log{number: applied, seed: crc32.Checksum(id, castagnoli)}
	if err := l.records(b, yield); err != nil {
		return err
	}
	if l.later(b, 0) {
		return damaged("the log at byte %d: record %d is not whole, and there were later ones", l.at, l.number+1)
	}
	return nil
}

func future(version uint32) error {
	return fmt.Errorf("%w: it has version %d, this kaon reads up to %d: use the kaon that wrote it, or a newer one",
		journal.ErrFuture, version, storeVersion)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{journal.ErrDamaged}, args...)...)
}
