package disk

import "github.com/kaon-sweep/kaon/scheduler/journal"

// batch is entries as one block of the store. Trials change several times in a burst and only the last state counts;
// the records of a sweep are put together, so that they are found together.
type batch struct {
	enc     *encoder
	trials  map[trialKey]journal.TrialEntry
	order   []trialKey
	records []journal.RecordEntry
	placed  []placed
}

// placed is an entry and where it lies in the block.
type placed struct {
	entry    journal.Entry
	from, to int
}

type trialKey struct {
	sweep string
	trial int
}

// block is the entries' bytes, valid until the encoder's next reset, and where each entry that is in it lies.
func (e *encoder) block(entries []journal.Entry) ([]byte, []placed, error) {
	b := batch{enc: e, trials: map[trialKey]journal.TrialEntry{}}
	e.reset()
	for _, entry := range entries {
		if err := b.put(entry); err != nil {
			return nil, nil, err
		}
	}
	if err := b.flush(); err != nil {
		return nil, nil, err
	}
	return e.arena, b.placed, nil
}

func (b *batch) put(e journal.Entry) error {
	switch e := e.(type) {
	case journal.TrialEntry:
		k := trialKey{e.Sweep, e.Trial}
		if _, there := b.trials[k]; !there {
			b.order = append(b.order, k)
		}
		b.trials[k] = e
		return nil
	case journal.RecordEntry:
		if n := len(b.records); n > 0 && b.records[n-1].Sweep != e.Sweep {
			if err := b.flushRecords(); err != nil {
				return err
			}
		}
		b.records = append(b.records, e)
		return nil
	case journal.FrameworkEntry, journal.ExecutorEntry:
		return b.write(e)
	}
	// What follows concerns a whole sweep, so what was held back of it goes first.
	if err := b.flush(); err != nil {
		return err
	}
	return b.write(e)
}

func (b *batch) write(e journal.Entry) error {
	from := len(b.enc.arena)
	if err := b.enc.logged(e); err != nil {
		return err
	}
	b.placed = append(b.placed, placed{e, from, len(b.enc.arena)})
	return nil
}

// flush writes what was held back.
func (b *batch) flush() error {
	for _, k := range b.order {
		if err := b.write(b.trials[k]); err != nil {
			return err
		}
	}
	clear(b.trials)
	b.order = b.order[:0]
	return b.flushRecords()
}

func (b *batch) flushRecords() error {
	for _, r := range b.records {
		if err := b.write(r); err != nil {
			return err
		}
	}
	b.records = b.records[:0]
	return nil
}
