package disk

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// A store begins with a header: magic with the format's version, the journal's id, the generation, how many bytes were
// durable before the file got its name, and a checksum. Blocks follow: length and checksum of the payload, the block's
// number, from 1, the number of the last record of the log that is in the store with this block, and the payload, which
// is entries as the log has them. The checksum is over the journal's id, the generation, the numbers and the payload.
const (
	storeMagic   = "kaonjrn"
	storeVersion = 3
	idSize       = 26
	headerSize   = 8 + idSize + 8 + 8 + 4
	blockHeader  = 24
	blockBytes   = 1 << 20 // of a block that compaction writes, more or less
)

// compactBytes is the size below which a store is not written anew.
const compactBytes = 8 << 20

// newSuffix is of a store that is being written, and has not got its name yet.
const newSuffix = ".new"

// store is the file that holds what is alive, and what was.
type store struct {
	file       *os.File
	id         []byte
	generation uint64
	size       int64
	blocks     uint64
	applied    uint64
	index      index
	again      int64  // the size from which on it may be written anew: there was no room for that
	buf        []byte // what was read last
	bufAt      int64
}

// makeStore writes a store that holds the entries which fill adds, under the path, in place of what is there. That it
// has that place is durable when the folder is synced. After an error nothing is left of it, and what is there stays.
func makeStore(path string, id []byte, generation, applied uint64, fill func(*storeWriter) error) (*store, error) {
	f, err := os.OpenFile(path+newSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	s := &store{file: f, id: id, generation: generation, size: headerSize, applied: applied, index: newIndex()}
	err = s.fill(fill)
	if err == nil {
		err = os.Rename(path+newSuffix, path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path+newSuffix))
	}
	return s, nil
}

func (s *store) fill(fill func(*storeWriter) error) error {
	w := storeWriter{store: s}
	if err := errors.Join(fill(&w), w.flush()); err != nil {
		return err
	}
	header := append([]byte(storeMagic), storeVersion)
	header = append(header, s.id...)
	header = binary.LittleEndian.AppendUint64(header, s.generation)
	header = binary.LittleEndian.AppendUint64(header, uint64(s.size))
	header = binary.LittleEndian.AppendUint32(header, crc32.Checksum(header, castagnoli))
	if _, err := s.file.WriteAt(header, 0); err != nil {
		return err
	}
	return s.file.Sync()
}

// newID is an id of headerSize's idSize letters.
func newID() []byte { return []byte(rand.Text())[:idSize] }

// openStore reads a store as far as it is whole.
func openStore(f *os.File) (*store, error) {
	all, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return nil, err
	}
	if len(all) < headerSize || string(all[:7]) != storeMagic {
		return nil, damaged("it does not begin as a journal does")
	}
	sum := binary.LittleEndian.Uint32(all[headerSize-4:])
	if whole := crc32.Checksum(all[:headerSize-4], castagnoli) == sum; !whole {
		if v := all[7]; v > storeVersion && v < 32 { // another version may have another header
			return nil, future(uint32(v))
		}
		return nil, damaged("its first %d bytes", headerSize)
	}
	s := &store{file: f, id: all[8:][:idSize:idSize], generation: binary.LittleEndian.Uint64(all[8+idSize:]),
		size: headerSize, index: newIndex()}
	sealed := binary.LittleEndian.Uint64(all[16+idSize:])
	if err := s.read(all); err != nil {
		return nil, err
	}
	if uint64(s.size) < sealed {
		return nil, damaged("block %d at byte %d", s.blocks+1, s.size)
	}
	s.id = append([]byte(nil), s.id...) // all is large
	return s, nil
}

// read indexes blocks until one is not the next, or not whole.
func (s *store) read(all []byte) error {
	for {
		b, ok := s.block(all[s.size:], s.blocks+1, s.blocks+1)
		if !ok {
			return nil
		}
		at := s.size + blockHeader
		if err := s.indexEntries(b.payload, at); err != nil {
			return damaged("block %d at byte %d: %v", b.number, s.size, err)
		}
		s.size, s.blocks, s.applied = at+int64(len(b.payload)), b.number, b.applied
	}
}

// indexEntries takes in the entries of a block whose payload lies at a place.
func (s *store) indexEntries(payload []byte, at int64) error {
	return unlog(payload, func(e journal.Entry, from, to int) error {
		return s.index.apply(e, ref{at + int64(from), int32(to - from)})
	})
}

// block is one of a store's blocks.
type block struct {
	number, applied uint64
	payload         []byte
}

// block is the one that data begins with, if it is whole and its number lies between two.
func (s *store) block(data []byte, first, last uint64) (b block, ok bool) {
	if len(data) < blockHeader {
		return b, false
	}
	length, sum := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
	b.number, b.applied = binary.LittleEndian.Uint64(data[8:]), binary.LittleEndian.Uint64(data[16:])
	if b.number < first || b.number > last || uint64(length) > uint64(len(data)-blockHeader) ||
		s.checksum(data[8:blockHeader+length]) != sum {
		return b, false
	}
	b.payload = data[blockHeader : blockHeader+length]
	return b, true
}

func (s *store) checksum(b []byte) uint32 {
	seed := crc32.Checksum(binary.LittleEndian.AppendUint64(append([]byte(nil), s.id...), s.generation), castagnoli)
	return crc32.Update(seed, castagnoli, b)
}

// append writes a block to the end. It is durable after sync.
func (s *store) append(payload []byte, applied uint64) error {
	b := make([]byte, blockHeader, blockHeader+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(len(payload)))
	binary.LittleEndian.PutUint64(b[8:], s.blocks+1)
	binary.LittleEndian.PutUint64(b[16:], applied)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[4:], s.checksum(b[8:]))
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		return err
	}
	s.size += int64(len(b))
	s.blocks++
	s.applied = applied
	s.buf = s.buf[:0]
	return nil
}

// sync makes what was appended durable.
func (s *store) sync() error { return unix.Fdatasync(int(s.file.Fd())) }

// readAhead is read at once, for what is asked for next mostly lies behind.
const readAhead = 256 << 10

// get is what lies at r, valid until the next call.
func (s *store) get(r ref) ([]byte, error) {
	if r.at < s.bufAt || r.at+int64(r.n) > s.bufAt+int64(len(s.buf)) {
		n := min(max(int64(r.n), readAhead), s.size-r.at)
		if int64(cap(s.buf)) < n {
			s.buf = make([]byte, n)
		}
		s.buf, s.bufAt = s.buf[:n], r.at
		if _, err := s.file.ReadAt(s.buf, r.at); err != nil {
			s.buf = s.buf[:0]
			return nil, err
		}
	}
	return s.buf[r.at-s.bufAt:][:r.n], nil
}

// wasteful reports whether half of the store is dead.
func (s *store) wasteful() bool {
	return s.size > compactBytes && s.size > 2*s.index.live && s.size >= s.again
}

// compact is a store with what is alive in this one, in its place.
func (s *store) compact(path string) (*store, error) {
	return makeStore(path, s.id, s.generation+1, s.applied, func(w *storeWriter) error { return s.copyTo(w) })
}

func (s *store) copyTo(w *storeWriter) error {
	copyRef := func(r ref) error {
		if r.n == 0 {
			return nil
		}
		b, err := s.get(r)
		if err != nil {
			return err
		}
		return w.add(b)
	}
	err := copyRef(s.index.framework)
	for _, r := range s.index.executors {
		err = errors.Join(err, copyRef(r))
	}
	enc := newEncoder()
	for id, x := range s.index.sweeps {
		err = errors.Join(err, copyRef(x.row))
		for _, r := range x.trials {
			if err == nil {
				err = copyRef(r)
			}
		}
		if err == nil && x.forgotten > 0 {
			enc.reset()
			if err = enc.logged(journal.TruncateEntry{Sweep: id, Through: x.forgotten}); err == nil {
				err = w.add(enc.arena)
			}
		}
		for _, r := range x.records {
			if err == nil {
				err = copyRef(r.ref)
			}
		}
	}
	return err
}

// storeWriter adds entries to a store, block by block.
type storeWriter struct {
	store *store
	block []byte
}

// add writes entries as the log has them.
func (w *storeWriter) add(entries []byte) error {
	w.block = append(w.block, entries...)
	if len(w.block) < blockBytes {
		return nil
	}
	return w.flush()
}

func (w *storeWriter) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	s := w.store
	at := s.size + blockHeader
	if err := s.append(w.block, s.applied); err != nil {
		return err
	}
	err := s.indexEntries(w.block, at)
	w.block = w.block[:0]
	return err
}
