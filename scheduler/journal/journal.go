package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/kaon-sweep/kaon/scheduler"
)

// lockPatience is how long Open waits for another process to let go: long enough for one that is just ending.
const lockPatience = 2 * time.Second

// Names of buckets and keys. Trials and records have a bucket for each sweep, so that dropping one is cheap.
var (
	metaBucket      = []byte("meta")
	executorsBucket = []byte("executors") // agent NUL executor
	sweepsBucket    = []byte("sweeps")    // sweep id
	trialsBucket    = []byte("trials")    // sweep id / index+1, 4 bytes big-endian
	recordsBucket   = []byte("records")   // sweep id / number of the last record of the batch, 8 bytes big-endian
	versionKey      = []byte("version")
	frameworkKey    = []byte("framework")
	idKey           = []byte("id")      // drawn when the journal was made
	appliedKey      = []byte("applied") // number of the log's last record that bbolt holds, 8 bytes big-endian; absent: 0
)

// Journal is an open journal. Any goroutine may call it; Append blocks the others for as long as the disk takes.
type Journal struct {
	db   *bbolt.DB
	path string

	mu      sync.Mutex // guards what follows
	log     *log
	pending []scheduler.Entry // what is in the log and not in bbolt
	enc     *encoder
}

// logSuffix is what the log's file adds to the journal's path.
const logSuffix = ".log"

// Open opens the journal at path, or makes it, with its folder. Errors: scheduler.ErrLocked when another process
// has it open, scheduler.ErrFuture when a newer kaon wrote it, and what the file system says.
func Open(path string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of journal %s: %w", path, err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockPatience,
		// The list of free pages is rebuilt at the next Open, which costs that one a scan, and every commit less.
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("open journal %s: %w: wait for it to end, or choose another folder", path, scheduler.ErrLocked)
	case err != nil:
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	j := &Journal{db: db, path: path, enc: newEncoder()}
	if err := db.Update(func(tx *bbolt.Tx) error { return prepare(tx, migrations) }); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", path, err), db.Close())
	}
	if err := j.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", path, err), db.Close())
	}
	return j, nil
}

// recover opens the log, and brings what a former process left in it into bbolt.
func (j *Journal) recover() (err error) {
	var id []byte
	applied := uint64(0)
	_ = j.db.View(func(tx *bbolt.Tx) error { // its error would be ours
		meta := tx.Bucket(metaBucket)
		id = bytes.Clone(meta.Get(idKey))
		if b := meta.Get(appliedKey); len(b) == 8 {
			applied = binary.BigEndian.Uint64(b)
		}
		return nil
	})
	j.log, err = openLog(j.path+logSuffix, id, applied, func(payload []byte) error {
		entries, err := unlog(payload)
		j.pending = append(j.pending, entries...)
		return err
	})
	if err != nil {
		return err
	}
	return j.settle()
}

// Close releases the files. What is in the log stays there for the next Open.
func (j *Journal) Close() error {
	if err := errors.Join(j.log.file.Close(), j.db.Close()); err != nil {
		return fmt.Errorf("close journal %s: %w", j.path, err)
	}
	return nil
}

// migration changes a journal from one version to the next, in the transaction that also notes the new version.
type migration func(*bbolt.Tx) error

// migrations[i] leads from version i+1 to version i+2. A change of what buckets or rows mean adds one here; rows may
// get further fields at their end without.
var migrations = []migration{
	func(*bbolt.Tx) error { return nil }, // a log stands beside the file, which kaons of version 1 would not read
}

// prepare makes the buckets of a new journal, or brings an older one up to the present version.
func prepare(tx *bbolt.Tx, steps []migration) error {
	for _, name := range [][]byte{metaBucket, executorsBucket, sweepsBucket, trialsBucket, recordsBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	present := len(steps) + 1
	meta := tx.Bucket(metaBucket)
	version := present
	if b := meta.Get(versionKey); b != nil {
		if len(b) != 4 {
			return errors.New("its version is damaged")
		}
		version = int(binary.BigEndian.Uint32(b))
	}
	if version > present {
		return fmt.Errorf("%w: it has version %d, this kaon reads up to %d: use the kaon that wrote it, or a newer one",
			scheduler.ErrFuture, version, present)
	}
	if version < 1 {
		return errors.New("its version is damaged")
	}
	for ; version < present; version++ {
		if err := steps[version-1](tx); err != nil {
			return fmt.Errorf("migrate from version %d: %w", version, err)
		}
	}
	if meta.Get(idKey) == nil {
		if err := meta.Put(idKey, []byte(rand.Text())); err != nil {
			return err
		}
	}
	return meta.Put(versionKey, binary.BigEndian.AppendUint32(nil, uint32(version)))
}
