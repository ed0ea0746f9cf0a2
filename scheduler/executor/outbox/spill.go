package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// Spill keeps closed batches, first in first out, when memory is used up.
type Spill interface {
	Push(batch []byte) error
	Pop() ([]byte, error)
}

// SpillName is the file of a FileSpill in the attempt's folder.
const SpillName = ".points"

// FileSpill keeps batches in a file of the attempt's folder, each after its length in four bytes. The file
// exists only while something was spilled; it starts over whenever it has been emptied.
type FileSpill struct {
	Folder *safefile.Dir // of the attempt; nil before there is one
	file   *os.File
	head   int64 // where the oldest batch begins
	tail   int64 // where the next one goes
}

// Push implements Spill.
func (s *FileSpill) Push(batch []byte) error {
	if s.file == nil {
		if s.Folder == nil {
			return errors.New("spill points: there is no folder yet")
		}
		f, err := s.Folder.Create(SpillName, 0o600)
		if err != nil {
			return fmt.Errorf("spill points: %w", err)
		}
		s.file = f
	}
	record := append(binary.BigEndian.AppendUint32(nil, uint32(len(batch))), batch...)
	if _, err := s.file.WriteAt(record, s.tail); err != nil {
		return fmt.Errorf("spill points: %w", err)
	}
	s.tail += int64(len(record))
	return nil
}

// Pop implements Spill.
func (s *FileSpill) Pop() ([]byte, error) {
	var size [4]byte
	if _, err := s.file.ReadAt(size[:], s.head); err != nil {
		return nil, fmt.Errorf("read spilled points: %w", err)
	}
	n := int64(binary.BigEndian.Uint32(size[:]))
	if s.head+4+n > s.tail {
		const beyond = "read spilled points: batch of %d bytes at %d ends beyond %d"
		return nil, fmt.Errorf(beyond, n, s.head, s.tail)
	}
	batch := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(s.file, s.head+4, n), batch); err != nil {
		return nil, fmt.Errorf("read spilled points: %w", err)
	}
	if s.head += 4 + n; s.head == s.tail {
		s.head, s.tail = 0, 0
		_ = s.file.Truncate(0) // only to give the space back
	}
	return batch, nil
}

// Used tells whether something was ever spilled.
func (s *FileSpill) Used() bool { return s.file != nil }

// Remove forgets everything.
func (s *FileSpill) Remove() {
	if s.file != nil {
		s.file.Close()
		_ = s.Folder.Remove(SpillName) // it goes with the sandbox at the latest
	}
}
