package run

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// The file begins with magic. A record is a frame, the length of its payload and the checksums of the length and of the
// payload, and the payload, JSON. A record that was cut off at the end of the file was never acted on.
const (
	magic     = "kaonflow1\n"
	frameSize = 12
	maxRecord = 64 << 20
)

// LogFile is the name of a run's log in its folder.
const LogFile = "log"

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	// ErrLocked: another process works on the run.
	ErrLocked = errors.New("another process works on it")
	// ErrDamaged: the log is not what was written.
	ErrDamaged = errors.New("the log is damaged")
)

// log is an open log. One goroutine calls it.
type log struct {
	file *os.File
	buf  []byte
}

// createLog makes the log of a new run, with its first record. It has its name when that is durable: a log without is
// none.
func createLog(folder string, first any) (*log, error) {
	hidden, name := filepath.Join(folder, "."+LogFile), filepath.Join(folder, LogFile)
	f, err := os.OpenFile(hidden, os.O_RDWR|os.O_CREATE, 0o600) // one may be left of a process that was killed
	if err != nil {
		return nil, err
	}
	l := &log{file: f, buf: []byte(magic)}
	if err = lock(f); err == nil {
		_, err = os.Lstat(name)
		switch {
		case err == nil: // it may be the file that is open, and another process let go of it
			err = &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
		case errors.Is(err, fs.ErrNotExist):
			err = errors.Join(f.Truncate(0), l.add(first), l.sync())
			if err == nil {
				err = os.Rename(hidden, name)
			}
			if err == nil {
				err = durable.SyncFolder(folder)
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// openLog opens a log to go on with it, and yields its records.
func openLog(folder string, yield func(payload []byte) error) (*log, error) {
	f, err := os.OpenFile(filepath.Join(folder, LogFile), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	size, err := readLog(f, yield)
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &log{file: f}, nil
}

// lockPatience is how long a lock is waited for: one who only looks whether a log is locked holds it for a moment, and
// a process that is just ending lets go of it.
const lockPatience = 2 * time.Second

func lock(f *os.File) error {
	for until := time.Now().Add(lockPatience); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err
		}
		if time.Now().After(until) {
			return ErrLocked
		}
	}
}

// locked tells whether a process has the log of a folder open to go on with it.
func locked(folder string) bool {
	f, err := os.Open(filepath.Join(folder, LogFile))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// readLog yields the records, and answers up to where they are whole.
func readLog(f io.Reader, yield func(payload []byte) error) (size int64, err error) {
	all, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	if len(all) < len(magic) || string(all[:len(magic)]) != magic {
		return 0, fmt.Errorf("%w: it does not begin as one of this kaon", ErrDamaged)
	}
	at := len(magic)
	for at < len(all) {
		rest := all[at:]
		if len(rest) < frameSize || allZero(rest) {
			break
		}
		length := binary.LittleEndian.Uint32(rest)
		if crc32.Checksum(rest[:4], castagnoli) != binary.LittleEndian.Uint32(rest[4:]) || length > maxRecord {
			return 0, fmt.Errorf("%w at byte %d", ErrDamaged, at)
		}
		end := frameSize + int(length)
		if end > len(rest) {
			break
		}
		payload := rest[frameSize:end]
		if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(rest[8:]) {
			if end == len(rest) {
				break
			}
			return 0, fmt.Errorf("%w at byte %d", ErrDamaged, at)
		}
		if err := yield(payload); err != nil {
			return 0, fmt.Errorf("%w at byte %d: %w", ErrDamaged, at, err)
		}
		at += end
	}
	return int64(at), nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// add puts a record behind those before; sync makes it durable.
func (l *log) add(v any) error {
	payload, err := encode(v)
	if err == nil {
		l.put(payload)
	}
	return err
}

// encode is the payload of a record.
func encode(v any) ([]byte, error) {
	payload, err := json.Marshal(v)
	if err == nil && len(payload) > maxRecord {
		err = fmt.Errorf("a record of %d bytes is longer than %d", len(payload), maxRecord)
	}
	return payload, err
}

// put is add for a payload.
func (l *log) put(payload []byte) {
	var frame [frameSize]byte
	binary.LittleEndian.PutUint32(frame[:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(frame[:4], castagnoli))
	binary.LittleEndian.PutUint32(frame[8:], crc32.Checksum(payload, castagnoli))
	l.buf = append(append(l.buf, frame[:]...), payload...)
}

func (l *log) sync() error {
	if len(l.buf) == 0 {
		return nil
	}
	if _, err := l.file.Write(l.buf); err != nil {
		return err
	}
	l.buf = l.buf[:0]
	return l.file.Sync()
}

func (l *log) close() error { return l.file.Close() }
