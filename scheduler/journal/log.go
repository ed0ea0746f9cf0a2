package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// logSize is the room of the log: some thousand trials, or a hundred thousand points, between two commits of bbolt.
const logSize = 2 << 20

// A record of the log is its payload's length and checksum, its number, and the payload. The checksum is over the id that
// the journal drew when it was made, so that a log never counts for another journal, the number and the payload. Numbers rise by one, also where the log begins again at its start, so what is left of an earlier round
// behind the last record has a number too low, or is torn.
const logHeader = 16

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errFull: the log must be emptied first.
var errFull = errors.New("log is full")

// log is a file of fixed size that is written over and over. Its blocks are all there from the beginning, so making a
// record durable moves no metadata of the file system: a third of the cost of an append that grows a file, and a tenth of
// a commit of bbolt.
type log struct {
	file   *os.File
	at     int64
	number uint64 // of the last record
	seed   uint32 // checksum of the journal's id
	buf    []byte
}

func (l *log) checksum(b []byte) uint32 { return crc32.Update(l.seed, castagnoli, b) }

// openLog opens the log beside a journal, or makes it, and yields the payloads that came after the record applied.
func openLog(path string, id []byte, applied uint64, yield func(payload []byte) error) (*log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &log{file: f, number: applied, seed: crc32.Checksum(id, castagnoli)}
	if err := l.allocate(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := l.recover(yield); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// allocate writes the whole file once. Blocks that are only promised would each cost a change of metadata when they
// are first written.
func (l *log) allocate() error {
	info, err := l.file.Stat()
	if err != nil || info.Size() >= logSize {
		return err
	}
	if _, err := l.file.WriteAt(make([]byte, logSize-info.Size()), info.Size()); err != nil {
		return err
	}
	return l.file.Sync()
}

// recover reads records until one is not the next, or not whole.
func (l *log) recover(yield func(payload []byte) error) error {
	all := make([]byte, logSize)
	if _, err := io.ReadFull(l.file, all); err != nil {
		return err
	}
	for rest := all; len(rest) >= logHeader; rest = all[l.at:] {
		length, sum, number := binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint32(rest[4:]), binary.LittleEndian.Uint64(rest[8:])
		if number != l.number+1 || int(length) > len(rest)-logHeader || l.checksum(rest[8:logHeader+length]) != sum {
			return nil
		}
		if err := yield(rest[logHeader : logHeader+length]); err != nil {
			return fmt.Errorf("record %d of the log: %w", number, err)
		}
		l.at, l.number = l.at+logHeader+int64(length), number
	}
	return nil
}

// add makes a payload durable. errFull: there is no room for it, and nothing was written.
func (l *log) add(payload []byte) error {
	size := int64(logHeader + len(payload))
	if l.at+size > logSize {
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
func (l *log) empty() { l.at = 0 }
