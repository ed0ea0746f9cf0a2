package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/sweep"
)

// Sweep is sweep.json: what a reader of the bucket must know of a sweep besides its records. Fields may be
// added, not renamed.
type Sweep struct {
	Version   int            `json:"version"` // 1
	ID        string         `json:"sweep"`
	Name      string         `json:"name,omitempty"`
	State     string         `json:"state,omitempty"` // the scheduler's word for where the sweep stands
	Method    string         `json:"method,omitempty"`
	Seed      uint64         `json:"seed"`
	SpecHash  string         `json:"spec_hash,omitempty"`
	Trials    int            `json:"trials"`
	Objective sweep.Metric   `json:"objective"`
	Metrics   []sweep.Metric `json:"metrics,omitempty"`
	Repeat    sweep.Repeat   `json:"repeat,omitzero"`    // how many trials a point has; zero: one
	Created   string         `json:"created,omitempty"`  // RFC 3339, UTC
	Finished  string         `json:"finished,omitempty"` // RFC 3339, UTC
	Cluster   string         `json:"cluster,omitempty"`  // where it runs or ran, without credentials
	Then      *board.Step    `json:"then,omitempty"`     // nil: nothing follows the trials
	Sentence  string         `json:"sentence,omitempty"` // why it ends or ended
	File      string         `json:"file,omitempty"`     // the spec's, when it was submitted; absolute
	// KEY=VALUE, in the order they were given; secrets are replaced
	Overrides []string `json:"set,omitempty"`
	// why trials that had not started when it ended never will; a retry leaves it
	Closed     string      `json:"closed,omitempty"`
	Extensions []Extension `json:"extensions,omitempty"` // what was changed since it began, in order
	Owner      string      `json:"owner,omitempty"`      // who submitted it; empty: who ran the first of its runs
	Labels     []string    `json:"labels,omitempty"`     // words by which people find it again
	Queue      string      `json:"queue,omitempty"`      // of a server, that it waits or waited in; empty: default
	Priority   int         `json:"priority,omitempty"`   // in its queue
	// RFC 3339, UTC: since when lists leave it out; empty: they do not
	Archived string `json:"archived,omitempty"`
	// names what its trials do, but for parameters and seeds; of sweeps with `cache`
	Work string `json:"work,omitempty"`
	// Prunes says that artifacts which trials left are removed at its end, but for those that the sweep keeps.
	Prunes bool   `json:"prunes,omitempty"`
	Pruned string `json:"pruned,omitempty"` // RFC 3339, UTC: since when they are removed; empty: not all are
	Provenance
}

// Extension is a change of a sweep that had begun.
type Extension struct {
	From int      `json:"from"` // the first trial that had not begun
	Set  []string `json:"set"`  // KEY=VALUE; secrets are replaced
	At   string   `json:"at"`   // RFC 3339, UTC
}

// Config is what the sweep's board needs.
func (s Sweep) Config() board.Config {
	return board.Config{Sweep: s.ID, Trials: s.Trials, Objective: s.Objective, Metrics: s.Metrics, Closed: s.closed(),
		Repeat: s.Repeat}
}

// closed is why trials that no record names will never start; empty when they may. Manifests of before do not
// say it.
func (s Sweep) closed() string {
	if s.Closed == "" && s.Finished != "" {
		return "the sweep ended before it started: " + s.State
	}
	return s.Closed
}

// Standing is how the sweep stands while nobody works on it: as it ended, or sweep.Interrupted.
func (s Sweep) Standing() string {
	if s.Finished == "" {
		return sweep.Interrupted
	}
	return s.State
}

// WriteSweep puts sweep.json.
func WriteSweep(ctx context.Context, b bucket.Bucket, s Sweep) error {
	s.Version = 1
	return putJSON(ctx, b, results.ObjectName(s.ID, results.SweepFile), s)
}

// ReadSweep reads sweep.json.
func ReadSweep(ctx context.Context, b bucket.Bucket, id string) (Sweep, error) {
	return readManifest(ctx, b, id, results.SweepFile, func(s *Sweep) string { return s.ID })
}

// DeniesAll is why nothing of a bucket can be read now, where something of one sweep was denied: that which was denied
// if every other is denied, too, or there is none. Nil: another answers.
func DeniesAll(ctx context.Context, b bucket.Bucket, denied error, others iter.Seq[string]) error {
	for id := range others {
		switch _, err := ReadSweep(ctx, b, id); {
		case ctx.Err() != nil || errors.Is(err, bucket.ErrUnavailable):
			return err
		case !errors.Is(err, bucket.ErrDenied):
			return nil
		}
	}
	return denied
}

// readManifest reads one of a sweep's manifests, and refuses one that says it is another sweep's.
func readManifest[M any](
	ctx context.Context, b bucket.Bucket, id, file string, sweep func(*M) string,
) (m M, err error) {
	name := results.ObjectName(id, file)
	if strings.Contains(id, "/") { // it would be among what a sweep's trials have left
		return m, fmt.Errorf("read %s: %w: %.80q is no sweep", name, bucket.ErrNotExist, id)
	}
	if err := getJSON(ctx, b, name, &m); err != nil {
		return m, err
	}
	if says := sweep(&m); says != id {
		return m, fmt.Errorf("read %s: %w: it is of sweep %.80q", name, ErrDamaged, says)
	}
	return m, nil
}

// WriteBoard puts board.json.
func WriteBoard(ctx context.Context, b bucket.Bucket, s board.Summary) error {
	return putJSON(ctx, b, results.ObjectName(s.Sweep, results.BoardFile), s)
}

// ReadBoard reads board.json.
func ReadBoard(ctx context.Context, b bucket.Bucket, id string) (board.Summary, error) {
	return readManifest(ctx, b, id, results.BoardFile, func(s *board.Summary) string { return s.Sweep })
}

// WriteWinner puts winner.json, with as much of the front as there is room for.
func WriteWinner(ctx context.Context, b bucket.Bucket, w board.Winner) error {
	for {
		err := putJSON(ctx, b, results.ObjectName(w.Sweep, results.WinnerFile), w)
		if !errors.Is(err, bucket.ErrTooLarge) || len(w.Pareto) == 0 {
			return err
		}
		w.Pareto = w.Pareto[:len(w.Pareto)/2]
	}
}

// ReadWinner reads winner.json.
func ReadWinner(ctx context.Context, b bucket.Bucket, id string) (board.Winner, error) {
	return readManifest(ctx, b, id, results.WinnerFile, func(w *board.Winner) string { return w.Sweep })
}

// Submitter is who submitted the sweep: its owner, or of one without the user whose process ran it first.
func (s *Sweep) Submitter() string {
	if s.Owner == "" && len(s.Runs) > 0 {
		return s.Runs[0].User
	}
	return s.Owner
}

// Sweeps is the ids of the sweeps of which a bucket holds anything, in ascending order. What lies in their folders is
// not looked at: of one that is just begun, or half deleted, sweep.json may not be there.
func Sweeps(ctx context.Context, b bucket.Bucket) ([]string, error) {
	var ids []string
	for folder, err := range b.Folders(ctx, results.SweepsPrefix) {
		if err != nil {
			return nil, fmt.Errorf("list sweeps: %w", err)
		}
		ids = append(ids, folder[len(results.SweepsPrefix):])
	}
	slices.Sort(ids) // with the slash behind them they may stand otherwise
	return ids, nil
}

// maxManifest bounds what is read of a manifest, and so what is written, in bytes. A board with a front of 1,000 is a
// tenth of it.
const maxManifest = 16 << 20

func putJSON(ctx context.Context, b bucket.Bucket, name string, v any) error {
	data, err := results.EncodeJSON(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if data = seal(data); len(data) > maxManifest {
		return fmt.Errorf("write %s: %w: %d bytes, and no more than %d are read", name, bucket.ErrTooLarge, len(data),
			maxManifest)
	}
	return b.Put(ctx, name, bytes.NewReader(data))
}

func getJSON(ctx context.Context, b bucket.Bucket, name string, v any) error {
	data, err := bucket.ReadObject(ctx, b, name, maxManifest)
	if errors.Is(err, bucket.ErrTooLarge) { // none is written so
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	if err := unseal(data); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w: %w", name, ErrDamaged, err)
	}
	return nil
}
