package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
)

// Journal is an open journal file. One goroutine calls it.
type Journal struct {
	db   *bbolt.DB
	path string
	enc  *encoder
}

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
	return j, nil
}

// Close releases the file.
func (j *Journal) Close() error {
	if err := j.db.Close(); err != nil {
		return fmt.Errorf("close journal %s: %w", j.path, err)
	}
	return nil
}

// migration changes a journal from one version to the next, in the transaction that also notes the new version.
type migration func(*bbolt.Tx) error

// migrations[i] leads from version i+1 to version i+2. A change of what buckets or rows mean adds one here; rows may
// get further fields at their end without.
var migrations []migration

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
	return meta.Put(versionKey, binary.BigEndian.AppendUint32(nil, uint32(version)))
}
