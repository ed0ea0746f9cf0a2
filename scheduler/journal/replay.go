package journal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ugorji/go/codec"
	"go.etcd.io/bbolt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
)

// Replay calls yield with the records of a sweep after a number, in order, until there is none or yield says
// false. Records that were forgotten are left out. Any goroutine may call it while others append; it sees what
// was durable when it began, and holds freed pages back until it ends.
func (j *Journal) Replay(sweepID string, after uint64, yield func(number uint64, r results.Record) bool) error {
	if err := j.settle(); err != nil {
		return err
	}
	err := j.db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(recordsBucket).Bucket([]byte(sweepID))
		if bucket == nil {
			return nil
		}
		after = max(after, bucket.Sequence())
		r := reader{dec: codec.NewDecoderBytes(nil, handle), yield: func(e scheduler.Entry) error {
			if rec := e.(scheduler.RecordEntry); rec.Number > after && !yield(rec.Number, rec.Record) {
				return errEnough
			}
			return nil
		}}
		c := bucket.Cursor()
		// A batch's key is the number of its last record, so earlier batches are skipped unread.
		for k, v := c.Seek(binary.BigEndian.AppendUint64(nil, after+1)); k != nil; k, v = c.Next() {
			if err := r.batch(sweepID, v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("read records of sweep %s from journal %s: %w", sweepID, j.path, err)
	}
	return nil
}
