package disk

import (
	"fmt"

	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// Kinds of entries in the log's payloads. Each is followed by its key and its row.
const (
	frameworkKind uint8 = iota + 1
	executorKind
	sweepKind
	trialKind
	recordKind
	truncateKind
	deleteKind
)

// payload is entries as one record of the log, valid until the next reset.
func (e *encoder) payload(entries []journal.Entry) ([]byte, error) {
	e.reset()
	for _, entry := range entries {
		if err := e.logged(entry); err != nil {
			return nil, err
		}
	}
	return e.arena, nil
}

func (e *encoder) logged(entry journal.Entry) (err error) {
	put := func(values ...any) {
		for _, v := range values {
			if err == nil {
				err = e.encode(v)
			}
		}
	}
	row := func(f func() error) {
		if err == nil {
			err = f()
		}
	}
	switch x := entry.(type) {
	case journal.FrameworkEntry:
		put(frameworkKind, string(x.ID))
	case journal.ExecutorEntry:
		put(executorKind, string(x.Agent), executorKey(x), x.Resources != nil)
		row(func() error { return e.executor(x) })
	case journal.SweepEntry:
		put(sweepKind, x.ID)
		row(func() error { return e.sweep(x) })
	case journal.TrialEntry:
		put(trialKind, x.Sweep, x.Trial)
		row(func() error { return e.trial(x) })
	case journal.RecordEntry:
		put(recordKind, x.Sweep, &recordRow{Number: x.Number, Record: x.Record})
	case journal.TruncateEntry:
		put(truncateKind, x.Sweep, x.Through)
	case journal.DeleteEntry:
		put(deleteKind, x.Sweep)
	default:
		err = fmt.Errorf("entry of unknown type %T", entry)
	}
	return err
}

// unlog yields the entries of a payload, and where in it each lies.
func unlog(payload []byte, yield func(e journal.Entry, from, to int) error) error {
	dec := codec.NewDecoderBytes(payload, handle)
	for from := 0; from < len(payload); from = dec.NumBytesRead() {
		e, err := unlogged(dec)
		if err != nil {
			return err
		}
		if err := yield(e, from, dec.NumBytesRead()); err != nil {
			return err
		}
	}
	return nil
}

// unlogged reads one entry.
func unlogged(dec *codec.Decoder) (e journal.Entry, err error) {
	get := func(values ...any) {
		for _, v := range values {
			if err == nil {
				err = dec.Decode(v)
			}
		}
	}
	var kind uint8
	var id string
	get(&kind, &id)
	switch kind {
	case frameworkKind:
		e = journal.FrameworkEntry{ID: cluster.FrameworkID(id)}
	case executorKind:
		var executor string
		var runs bool
		var rows []amountRow
		get(&executor, &runs, &rows)
		x := executorEntry(id, executor)
		if runs {
			x.Resources = amounts(rows)
		}
		e = x
	case sweepKind:
		var row sweepRow
		get(&row)
		if err == nil {
			err = row.check()
		}
		e = row.entry(id)
	case trialKind:
		var trial int
		var row trialRow
		get(&trial, &row)
		e = row.entry(id, trial)
	case recordKind:
		var row recordRow
		get(&row)
		e = journal.RecordEntry{Sweep: id, Number: row.Number, Record: row.Record}
	case truncateKind:
		x := journal.TruncateEntry{Sweep: id}
		get(&x.Through)
		e = x
	case deleteKind:
		e = journal.DeleteEntry{Sweep: id}
	default:
		if err == nil {
			err = fmt.Errorf("entry of unknown kind %d", kind)
		}
	}
	return e, err
}
