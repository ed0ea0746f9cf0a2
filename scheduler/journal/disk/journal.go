package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// lockPatience is how long Open waits for another process to let go: long enough for one that is just ending.
const lockPatience = 2 * time.Second

// Journal is an open journal. Any goroutine may call it; Append blocks the others for as long as the disk takes.
type Journal struct {
	path string
	file *os.File // of the log, which is locked for as long as the journal is open

	mu      sync.Mutex // guards what follows
	store   *store
	log     *log
	pending []journal.Entry // what is in the log and not in the store
	enc     *encoder
	broken  error // a write failed: nobody knows what is on disk
	grows   error // why the store was not written anew when that was last tried; nil: it was
	hear    func(grows error)

	told atomic.Pointer[told] // for Size, which waits for no disk
}

// told is what Size says.
type told struct {
	bytes int64
	grows error
}

// logSuffix is what the log's file adds to the journal's path, oldSuffix what the file of an older format adds that was
// read.
const (
	logSuffix = ".log"
	oldSuffix = ".v2"
)

// Open opens the journal at path, or makes it, with its folder. Errors: journal.ErrLocked when another process has it
// open, journal.ErrFuture when a newer kaon wrote it, journal.ErrDamaged when it is not what was written, and what the
// file system says. A journal that is damaged is left as it is.
func Open(path string) (*Journal, error) {
	j, err := openAt(path)
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	return j, nil
}

func openAt(path string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := openRegular(path, os.O_RDWR)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return nil, err
	}
	old := false
	if !fresh {
		old = isBolt(f)
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	file, err := lockLog(path+logSuffix, fresh || old)
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, file: file, enc: newEncoder()}
	if err := j.read(); err != nil {
		if j.store != nil {
			_ = j.store.file.Close() // the first error is the one to tell
		}
		return nil, errors.Join(err, file.Close())
	}
	j.tell()
	return j, nil
}

// openRegular opens a file, and nothing else: a pipe would keep a reader waiting.
func openRegular(path string, access int) (*os.File, error) {
	f, err := os.OpenFile(path, access|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = damaged("%s is not a file", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockLog opens the log, which is never replaced, and locks it. A log that is missing where there must be one is
// damage.
func lockLog(path string, make bool) (*os.File, error) {
	f, err := openRegular(path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		if !make {
			return nil, damaged("its log %s is not there", path)
		}
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func lock(f *os.File) error {
	for until := time.Now().Add(lockPatience); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%w: wait for it to end, or choose another folder", journal.ErrLocked)
		}
	}
}

// read makes store and log, and brings what a former process left in the log into the store.
func (j *Journal) read() error {
	f, err := openRegular(j.path, os.O_RDWR)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := unwritten(j.file); err != nil {
			return err
		}
		return j.make(func(*storeWriter) error { return nil })
	case err != nil:
		return err
	case isBolt(f):
		return errors.Join(j.convert(f), f.Close())
	}
	s, err := openStore(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	j.store = s
	j.log, err = openLog(j.file, s.id, s, func(payload []byte) error {
		return unlog(payload, func(e journal.Entry, _, _ int) error {
			j.pending = append(j.pending, e)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if err := f.Truncate(s.size); err != nil { // behind it is what the machine's death tore, and the log has
		return err
	}
	// of a process that died while it wrote it; if it cannot be removed it is in nobody's way
	_ = os.Remove(j.path + newSuffix)
	return j.settle()
}

// make writes a journal's first store. The log comes first: no store is without.
func (j *Journal) make(fill func(*storeWriter) error) (err error) {
	id := newID()
	if j.log, err = makeLog(j.file, id); err != nil {
		return err
	}
	if j.store, err = makeStore(j.path, id, 1, 0, fill); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(j.path))
}

// Append makes the entries durable, all or none: as one record of the log, or, when that is full, with all that is in
// it as one block of the store. It blocks for the disk.
func (j *Journal) Append(entries []journal.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.append(entries); err != nil {
		j.broken = err
		return fmt.Errorf("write journal %s: %w", j.path, err)
	}
	return nil
}

func (j *Journal) append(entries []journal.Entry) error {
	if j.broken != nil {
		return fmt.Errorf("an earlier write failed: %w", j.broken)
	}
	if len(entries) == 0 {
		return nil
	}
	payload, err := j.enc.payload(entries)
	if err != nil {
		return err
	}
	switch err := j.log.add(payload); {
	case err == nil:
		j.pending = append(j.pending, entries...)
		return nil
	case errors.Is(err, errFull):
		j.log.number++ // the number of what goes past the log, so that a later log cannot follow a store without it
		return j.commit(append(j.pending, entries...))
	default:
		return err
	}
}

// settle brings what is only in the log into the store.
func (j *Journal) settle() error {
	if len(j.pending) == 0 {
		return nil
	}
	if j.broken != nil {
		return fmt.Errorf("an earlier write failed: %w", j.broken)
	}
	err := j.commit(j.pending)
	j.broken = err
	return err
}

// commit writes entries as one block, which also says up to which record the log has been taken in. The log is
// empty afterwards.
func (j *Journal) commit(entries []journal.Entry) error {
	payload, all, err := j.enc.block(entries)
	if err != nil {
		return err
	}
	at := j.store.size + blockHeader
	if err := j.store.append(payload, j.log.number); err != nil {
		return err
	}
	if err := j.store.sync(); err != nil {
		return err
	}
	for _, p := range all {
		if err := j.store.index.apply(p.entry, ref{at + int64(p.from), int32(p.to - p.from)}); err != nil {
			return err
		}
	}
	clear(j.pending)
	j.pending = j.pending[:0]
	j.log.empty()
	if err := j.compact(); err != nil {
		return err
	}
	j.tell()
	return j.log.mark(j.durable())
}

// compact writes the store anew if half of it is dead. Where there is no room for that, on a disk that is nearly full
// or by a quota, or where it is not allowed, it stays as it is, with all that is alive, and is tried again when it
// has grown by a quarter.
func (j *Journal) compact() error {
	if !j.store.wasteful() {
		return nil
	}
	fresh, err := j.store.compact(j.path)
	switch {
	case err == nil:
	case !refused(err):
		return fmt.Errorf("write the store anew: %w", err)
	default:
		j.store.again = j.store.size + j.store.size/4
		j.setGrows(fmt.Errorf("journal %s (%d MB) cannot be written anew, and grows: %w; make room on the disk of %s, "+
			"or have this user make and rename files there", j.path, j.store.size>>20, err, filepath.Dir(j.path)))
		return nil
	}
	// nobody knows which of the two is there after the machine's death
	if err := durable.SyncFolder(filepath.Dir(j.path)); err != nil {
		return errors.Join(err, fresh.file.Close())
	}
	if err := j.store.file.Close(); err != nil {
		return err
	}
	j.store = fresh
	j.setGrows(nil)
	return nil
}

func (j *Journal) setGrows(why error) {
	changed := (j.grows == nil) != (why == nil)
	j.grows = why
	j.tell()
	if changed && j.hear != nil {
		j.hear(why)
	}
}

// Heard has hear be told when the journal's file cannot be written anew, and so grows, which is in nobody's way before
// the disk is full; and, with nil, when it could be. It is called by Append, once of each, and must not call the
// journal.
func (j *Journal) Heard(hear func(grows error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.hear = hear; j.grows != nil {
		hear(j.grows)
	}
}

// Size is how many bytes the journal's store has, and why it could not be written anew when that was last tried;
// nil: it could. It waits for no disk: while one hangs it says what was before.
func (j *Journal) Size() (bytes int64, grows error) {
	t := j.told.Load()
	return t.bytes, t.grows
}

func (j *Journal) tell() { j.told.Store(&told{j.store.size, j.grows}) }

// refused reports whether an error is of a folder or a disk that takes no other file now, and says nothing of the
// store.
func refused(err error) bool {
	return slices.ContainsFunc([]unix.Errno{
		unix.ENOSPC, unix.EDQUOT, unix.EACCES, unix.EPERM, unix.EROFS, unix.EMFILE, unix.ENFILE,
	}, func(one unix.Errno) bool { return errors.Is(err, one) })
}

func (j *Journal) durable() mark {
	return mark{j.store.generation, uint64(j.store.size), j.log.number}
}

// Close releases the files. What is in the log stays there for the next Open, and is marked as whole.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	if j.broken == nil {
		if err = j.log.mark(j.durable()); err == nil {
			err = unix.Fdatasync(int(j.file.Fd()))
		}
		j.broken = errors.New("it is closed")
	}
	if err := errors.Join(err, j.file.Close(), j.store.file.Close()); err != nil {
		return fmt.Errorf("close journal %s: %w", j.path, err)
	}
	return nil
}
