package repair

import (
	"context"
	"errors"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/state"
)

// Sweep rebuilds a sweep's journal from its results, or writes anew what the results lack and the journal
// knows. What was damaged is kept under another name; nothing is deleted. No process may run the sweep
// meanwhile.
func Sweep(ctx context.Context, bucket bucket.Bucket, id, folder string) (Report, error) {
	m := mender{bucket: bucket, id: id, state: folder, label: time.Now().UTC().Format("20060102T150405Z")}
	m.Sweep, m.Brought, m.Lost, m.Aside = id, []string{}, []string{}, []string{}
	err := m.mend(ctx)
	return m.Report, err
}

func (m *mender) mend(ctx context.Context) error {
	whole, err := m.readJournal()
	if err != nil {
		return err
	}
	m.known, m.knownErr = store.ReadSweep(ctx, m.bucket, m.id)
	if errors.Is(m.knownErr, bucket.ErrUnavailable) {
		return fault.Unreachable(m.knownErr)
	}
	m.source, _ = bucket.ReadObject(ctx, m.bucket, results.ObjectName(m.id, results.SpecFile), 64<<20)
	winner, err := state.ReadWinner(m.state)
	if err != nil {
		return err
	}
	known := m.entry != nil // by the journal, or by what is whole of it
	spec, err := m.spec(winner)
	if err != nil {
		return err
	}
	board, damage, err := m.load(ctx, spec)
	if err != nil {
		return fault.Unreachable(err)
	}
	write := m.batches
	if known {
		write = m.results
	}
	if err := write(ctx, spec, board, damage); err != nil {
		return fault.Unreachable(err)
	}
	if whole {
		return nil
	}
	return m.journal(ctx, spec, board)
}
