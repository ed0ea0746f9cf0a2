package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// Read is what the journal at path keeps, for somebody who only looks: it writes, cuts and converts nothing, and holds
// no lock while it reads, so that a process which starts meanwhile gets the journal. Errors are those of Open;
// journal.ErrLocked also when the journal was changed meanwhile.
func Read(path string) (*journal.Memory, error) {
	m, err := readAt(path)
	if err != nil {
		return nil, fmt.Errorf("read journal %s: %w", path, err)
	}
	return m, nil
}

func readAt(path string) (m *journal.Memory, err error) {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	l, err := openRegular(path+logSuffix, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) && !isBolt(f) {
		return nil, damaged("its log %s is not there", path+logSuffix)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	files := []*os.File{f}
	if l != nil {
		defer func() { err = errors.Join(err, l.Close()) }()
		files = append(files, l)
	}
	before, err := unlocked(path, files)
	if err != nil {
		return nil, err
	}
	m, err = readFiles(path, f, l)
	after, lockErr := unlocked(path, files)
	switch {
	case lockErr != nil: // whoever has it may be why it could not be read
		return nil, lockErr
	case before != after:
		return nil, journal.ErrLocked
	}
	return m, err
}

// unlocked refuses files of which another process has one locked, and says what would differ had they been written to.
// The lock it tries is one for readers, and is let go at once: Open waits much longer for it.
func unlocked(path string, files []*os.File) (state string, err error) {
	for _, f := range files {
		err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			return "", journal.ErrLocked
		}
		if err == nil {
			err = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		}
		if err != nil {
			return "", err
		}
		info, err := f.Stat()
		if err != nil {
			return "", err
		}
		state += fmt.Sprint(info.Size(), info.ModTime().UnixNano(), " ")
	}
	named, err := os.Stat(path) // the store may have been replaced
	if err != nil {
		return "", err
	}
	own, err := files[0].Stat()
	if err == nil && !os.SameFile(named, own) {
		err = journal.ErrLocked
	}
	return state, err
}

func readFiles(path string, f, l *os.File) (*journal.Memory, error) {
	m := new(journal.Memory)
	keep := func(e journal.Entry) error { return m.Append([]journal.Entry{e}) }
	if isBolt(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		old, err := readFormer(data, path+logSuffix)
		if err != nil {
			return nil, err
		}
		return m, old.each(keep)
	}
	s, err := openStore(f)
	if err != nil {
		return nil, err
	}
	var pending []journal.Entry
	_, err = openLog(l, s.id, s, func(payload []byte) error {
		return unlog(payload, func(e journal.Entry, _, _ int) error {
			pending = append(pending, e)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if err := s.each(keep); err != nil {
		return nil, err
	}
	return m, m.Append(pending)
}
