package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// Names of buckets and keys of journals in bbolt. Trials and records have a bucket for each sweep.
var (
	metaBucket      = []byte("meta")
	executorsBucket = []byte("executors") // agent NUL executor
	sweepsBucket    = []byte("sweeps")    // sweep id
	trialsBucket    = []byte("trials")    // sweep id / index+1, 4 bytes big-endian
	recordsBucket   = []byte("records")   // sweep id / number of the last record of the batch, 8 bytes big-endian
)

// lastBolt is the last version of journals in bbolt. Those of the first had no log.
const lastBolt = 2

// former is a journal in bbolt with the log beside it.
type former struct {
	buckets   map[string]*boltBucket
	version   uint32
	framework string
	applied   uint64
	logged    []journal.Entry
	dec       *codec.Decoder
}

// convert writes a journal in bbolt anew. The files of before are kept under names of their own.
func (j *Journal) convert(f *os.File) error {
	if err := lock(f); err != nil { // a kaon of before may have it open
		return err
	}
	data, err := os.ReadFile(j.path)
	if err != nil {
		return err
	}
	old, err := readFormer(data, j.path+logSuffix)
	if err != nil {
		return err
	}
	if err := old.each(func(journal.Entry) error { return nil }); err != nil { // nothing is written before all is read
		return err
	}
	if err := keepFormer(j.path); err != nil {
		return err
	}
	return j.make(func(w *storeWriter) error {
		return old.each(func(e journal.Entry) error {
			j.enc.reset()
			if err := j.enc.logged(e); err != nil {
				return err
			}
			return w.add(j.enc.arena)
		})
	})
}

// keepFormer gives the files second names, the log's first: when that is there, it is the one to read.
func keepFormer(path string) error {
	log, err := os.ReadFile(path + logSuffix)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path + logSuffix + oldSuffix); errors.Is(err, fs.ErrNotExist) {
		// the log's own file is written anew next
		if err := durable.Replace(path+logSuffix+oldSuffix, log); err != nil {
			return err
		}
	}
	if err := os.Link(path, path+oldSuffix); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}

func readFormer(data []byte, logPath string) (*former, error) {
	b, err := openBolt(data)
	if err != nil {
		return nil, err
	}
	old := &former{buckets: map[string]*boltBucket{}, dec: codec.NewDecoderBytes(nil, handle)}
	err = b.top().each(func(key, value []byte, bucket bool) error {
		if !bucket {
			return damaged("a value %q at its top", key)
		}
		old.buckets[string(key)], err = b.bucket(value)
		return err
	})
	if err != nil {
		return nil, err
	}
	var id []byte
	if id, err = old.meta(); err != nil {
		return nil, err
	}
	log, err := os.ReadFile(logPath + oldSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		log, err = os.ReadFile(logPath)
	}
	if err != nil {
		return nil, err
	}
	if len(log) == 0 { // made just now, by us
		ran := false
		err := old.bucket(sweepsBucket, func(_, _ []byte) error { ran = true; return nil })
		if err == nil && ran && old.version > 1 {
			err = damaged("its log %s is not there", logPath)
		}
		return old, err
	}
	return old, oldLog(log, id, old.applied, func(payload []byte) error {
		return unlog(payload, func(e journal.Entry, _, _ int) error {
			old.logged = append(old.logged, e)
			return nil
		})
	})
}

// meta reads what is said of the whole, and gives the journal's id.
func (o *former) meta() (id []byte, err error) {
	err = o.bucket(metaBucket, func(k, v []byte) error {
		switch string(k) {
		case "version":
			if len(v) == 4 {
				o.version = binary.BigEndian.Uint32(v)
			}
		case "framework":
			o.framework = string(v)
		case "id":
			id = v
		case "applied":
			if len(v) != 8 {
				return damaged("the number of the log's last record")
			}
			o.applied = binary.BigEndian.Uint64(v)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case o.version > lastBolt:
		return nil, future(o.version)
	case o.version < 1:
		return nil, damaged("its version")
	}
	return id, nil
}

// bucket yields the values of a bucket at the top.
func (o *former) bucket(name []byte, yield func(k, v []byte) error) error {
	b := o.buckets[string(name)]
	if b == nil {
		return damaged("there is no bucket %s", name)
	}
	return b.each(func(k, v []byte, bucket bool) error {
		if bucket {
			return damaged("a bucket %q in %s", k, name)
		}
		return yield(k, v)
	})
}

// below yields the buckets in a bucket at the top.
func (o *former) below(name []byte, yield func(id string, b *boltBucket) error) error {
	top := o.buckets[string(name)]
	if top == nil {
		return damaged("there is no bucket %s", name)
	}
	return top.each(func(k, v []byte, bucket bool) error {
		if !bucket {
			return damaged("a value %q in %s", k, name)
		}
		b, err := top.in.bucket(v)
		if err != nil {
			return err
		}
		return yield(string(k), b)
	})
}

// each yields all that is kept, so that it can be appended to a new journal.
func (o *former) each(yield func(journal.Entry) error) error {
	if o.framework != "" {
		if err := yield(journal.FrameworkEntry{ID: cluster.FrameworkID(o.framework)}); err != nil {
			return err
		}
	}
	err := o.bucket(executorsBucket, func(k, v []byte) error { return o.executor(k, v, yield) })
	if err != nil {
		return err
	}
	err = o.bucket(sweepsBucket, func(k, v []byte) error {
		var row sweepRow
		if err := o.decode(v, &row); err != nil {
			return damaged("sweep %s: %v", k, err)
		}
		return yield(row.entry(string(k)))
	})
	if err != nil {
		return err
	}
	err = o.below(trialsBucket, func(id string, b *boltBucket) error {
		return b.each(func(k, v []byte, _ bool) error {
			var row trialRow
			if err := o.decode(v, &row); err != nil || len(k) != 4 {
				return damaged("a trial of sweep %s: %v", id, err)
			}
			return yield(row.entry(id, int(binary.BigEndian.Uint32(k))-1))
		})
	})
	if err != nil {
		return err
	}
	if err := o.below(recordsBucket, func(id string, b *boltBucket) error {
		return o.records(id, b, yield)
	}); err != nil {
		return err
	}
	for _, e := range o.logged {
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

func (o *former) decode(b []byte, v any) error {
	o.dec.ResetBytes(b)
	if err := o.dec.Decode(v); err != nil {
		return err
	}
	if rest := len(b) - o.dec.NumBytesRead(); rest != 0 {
		return fmt.Errorf("%d bytes too many", rest)
	}
	return nil
}

func (o *former) executor(k, v []byte, yield func(journal.Entry) error) error {
	agent, executor, ok := strings.Cut(string(k), "\x00")
	var rows []amountRow
	if err := o.decode(v, &rows); err != nil || !ok {
		return damaged("executor %q: %v", k, err)
	}
	return yield(journal.ExecutorEntry{
		Agent: offers.AgentID(agent), Executor: offers.ExecutorID(executor), Resources: amounts(rows),
	})
}

// records yields those of a sweep that the bucket may lack, and the mark of what it has, which was the bucket's
// sequence.
func (o *former) records(id string, b *boltBucket, yield func(journal.Entry) error) error {
	if b.sequence > 0 {
		if err := yield(journal.TruncateEntry{Sweep: id, Through: b.sequence}); err != nil {
			return err
		}
	}
	return b.each(func(_, v []byte, _ bool) error {
		o.dec.ResetBytes(v)
		for o.dec.NumBytesRead() < len(v) {
			var row recordRow
			if err := o.dec.Decode(&row); err != nil {
				return damaged("a record of sweep %s: %v", id, err)
			}
			if err := yield(journal.RecordEntry{Sweep: id, Number: row.Number, Record: row.Record}); err != nil {
				return err
			}
		}
		return nil
	})
}
