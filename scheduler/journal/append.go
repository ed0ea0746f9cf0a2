package journal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/kaon-sweep/kaon/scheduler"
)

// Append makes the entries durable, all or none: as one record of the log, or, when that is full, with all that is in it in
// one transaction of bbolt. It blocks for the disk.
func (j *Journal) Append(entries []scheduler.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.append(entries); err != nil {
		return fmt.Errorf("write journal %s: %w", j.path, err)
	}
	return nil
}

func (j *Journal) append(entries []scheduler.Entry) error {
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
		return j.commit(append(j.pending, entries...))
	default:
		return err
	}
}

// settle brings what is only in the log into bbolt.
func (j *Journal) settle() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending) == 0 {
		return nil
	}
	if err := j.commit(j.pending); err != nil {
		return fmt.Errorf("write journal %s: %w", j.path, err)
	}
	return nil
}

// commit writes entries in one transaction, which also says up to which record the log has been taken in. The log is
// empty afterwards.
func (j *Journal) commit(entries []scheduler.Entry) error {
	err := j.db.Update(func(tx *bbolt.Tx) error {
		b := batch{tx: tx, enc: j.enc, trials: map[trialKey]scheduler.TrialEntry{}, trialBuckets: map[string]*bbolt.Bucket{}}
		j.enc.reset()
		for _, e := range entries {
			if err := b.put(e); err != nil {
				return err
			}
		}
		if err := b.flush(); err != nil {
			return err
		}
		return tx.Bucket(metaBucket).Put(appliedKey, binary.BigEndian.AppendUint64(nil, j.log.number))
	})
	if err != nil {
		return err
	}
	clear(j.pending)
	j.pending = j.pending[:0]
	j.log.empty()
	return nil
}

// batch is the writing of one commit. Trials change several times in a burst and only the last state counts;
// records are written together, as one value per sweep: both save pages.
type batch struct {
	tx           *bbolt.Tx
	enc          *encoder
	trials       map[trialKey]scheduler.TrialEntry
	order        []trialKey
	records      []scheduler.RecordEntry
	trialBuckets map[string]*bbolt.Bucket
}

type trialKey struct {
	sweep string
	trial int
}

func (b *batch) put(e scheduler.Entry) error {
	switch e := e.(type) {
	case scheduler.TrialEntry:
		k := trialKey{e.Sweep, e.Trial}
		if _, there := b.trials[k]; !there {
			b.order = append(b.order, k)
		}
		b.trials[k] = e
		return nil
	case scheduler.RecordEntry:
		if n := len(b.records); n > 0 && b.records[n-1].Sweep != e.Sweep {
			if err := b.flushRecords(); err != nil {
				return err
			}
		}
		b.records = append(b.records, e)
		return nil
	case scheduler.FrameworkEntry:
		return b.tx.Bucket(metaBucket).Put(frameworkKey, []byte(e.ID))
	case scheduler.ExecutorEntry:
		return b.putExecutor(e)
	}
	// What follows concerns a whole sweep, so what was held back of it goes first.
	if err := b.flush(); err != nil {
		return err
	}
	switch e := e.(type) {
	case scheduler.SweepEntry:
		return b.putSweep(e)
	case scheduler.ForgetEntry:
		return b.forget(e)
	case scheduler.DropEntry:
		return b.drop(e.Sweep)
	default:
		return fmt.Errorf("entry of unknown type %T", e)
	}
}

func (b *batch) putExecutor(e scheduler.ExecutorEntry) error {
	key := []byte(string(e.Agent) + "\x00" + string(e.Executor))
	bucket := b.tx.Bucket(executorsBucket)
	if e.Resources == nil {
		return bucket.Delete(key)
	}
	row, err := b.enc.executor(e)
	if err != nil {
		return err
	}
	return bucket.Put(key, row)
}

// putSweep writes a sweep. One that has ended stands for its trials, whose own entries go.
func (b *batch) putSweep(e scheduler.SweepEntry) error {
	row, err := b.enc.sweep(e)
	if err != nil {
		return err
	}
	if e.Phase.Ended() && !e.KeepTrials {
		if err := dropBucket(b.tx.Bucket(trialsBucket), e.ID); err != nil {
			return err
		}
		delete(b.trialBuckets, e.ID)
	}
	return b.tx.Bucket(sweepsBucket).Put([]byte(e.ID), row)
}

// forget removes the batches of records that lie wholly at or below the number. What remains of a batch is left
// out by Load, which compares with the number kept here.
func (b *batch) forget(e scheduler.ForgetEntry) error {
	records := b.tx.Bucket(recordsBucket).Bucket([]byte(e.Sweep))
	if records == nil {
		return nil
	}
	c := records.Cursor()
	for k, _ := c.First(); k != nil && binary.BigEndian.Uint64(k) <= e.Through; k, _ = c.First() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	// Numbers fit below the sequence bbolt keeps for each bucket, so the mark costs no key.
	return records.SetSequence(e.Through)
}

func (b *batch) drop(id string) error {
	for _, parent := range [][]byte{trialsBucket, recordsBucket} {
		if err := dropBucket(b.tx.Bucket(parent), id); err != nil {
			return err
		}
	}
	delete(b.trialBuckets, id)
	return b.tx.Bucket(sweepsBucket).Delete([]byte(id))
}

func dropBucket(parent *bbolt.Bucket, id string) error {
	if err := parent.DeleteBucket([]byte(id)); err != nil && err != berrors.ErrBucketNotFound {
		return err
	}
	return nil
}

// flush writes what was held back.
func (b *batch) flush() error {
	for _, k := range b.order {
		row, err := b.enc.trial(b.trials[k])
		if err != nil {
			return err
		}
		bucket, err := b.trialsOf(k.sweep)
		if err != nil {
			return err
		}
		if err := bucket.Put(binary.BigEndian.AppendUint32(nil, uint32(k.trial+1)), row); err != nil {
			return err
		}
	}
	clear(b.trials)
	b.order = b.order[:0]
	return b.flushRecords()
}

func (b *batch) trialsOf(id string) (*bbolt.Bucket, error) {
	if bucket := b.trialBuckets[id]; bucket != nil {
		return bucket, nil
	}
	bucket, err := b.tx.Bucket(trialsBucket).CreateBucketIfNotExists([]byte(id))
	b.trialBuckets[id] = bucket
	return bucket, err
}

func (b *batch) flushRecords() error {
	if len(b.records) == 0 {
		return nil
	}
	last := b.records[len(b.records)-1]
	value, err := b.enc.records(b.records)
	if err != nil {
		return err
	}
	b.records = b.records[:0]
	bucket, err := b.tx.Bucket(recordsBucket).CreateBucketIfNotExists([]byte(last.Sweep))
	if err != nil {
		return err
	}
	bucket.FillPercent = 1 // keys only ever grow
	return bucket.Put(binary.BigEndian.AppendUint64(nil, last.Number), value)
}
