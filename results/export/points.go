package export

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
)

var pointColumns = []column{
	{"trial", integer}, {"attempt", integer}, {"number", integer}, {"step", integer}, {"time", instant},
}

// attemptID tells attempts apart.
type attemptID struct{ trial, attempt int }

// reported is how far the points of an attempt have been written.
type reported struct {
	next    uint64
	pending map[uint64]results.Point // beyond a gap
}

// Points writes one row per point with metrics that the bucket holds of the sweep's trials, each once, those
// of an attempt in the order of their numbers: trial, attempt, number, step, time, and a column metric.<name>
// for every name given (Board.Metrics). It keeps one entry per attempt in memory, and points that come before
// their predecessors.
func Points(ctx context.Context, w io.Writer, f Format, b bucket.Bucket, sweep string, metrics []string) ([]store.Damage, error) {
	columns := slices.Clone(pointColumns)
	for _, name := range metrics {
		columns = append(columns, column{"metric." + name, real})
	}
	t, err := newTable(w, f, columns)
	if err != nil {
		return nil, fmt.Errorf("export points: %w", err)
	}
	p := points{table: t, metrics: metrics, cells: make([]any, len(columns)), seen: map[attemptID]*reported{}}
	damage, err := store.EachRecord(ctx, b, sweep, p.add)
	if err == nil {
		err = p.rest()
	}
	if err == nil {
		err = t.close()
	}
	if err != nil {
		return nil, fmt.Errorf("export points: %w", err)
	}
	return damage, nil
}

type points struct {
	table   table
	metrics []string
	cells   []any
	seen    map[attemptID]*reported
}

func (p *points) add(r results.Record) error {
	if r.Trial == results.ThenTrial {
		return nil
	}
	id := attemptID{r.Trial, r.Attempt}
	a := p.seen[id]
	if a == nil {
		a = &reported{}
		p.seen[id] = a
	}
	for i, point := range r.Points {
		switch number := r.First + uint64(i); {
		case number > a.next:
			if a.pending == nil {
				a.pending = map[uint64]results.Point{}
			}
			a.pending[number] = point
		case number == a.next:
			if err := p.write(id, number, point); err != nil {
				return err
			}
			a.next++
		}
	}
	for {
		point, ok := a.pending[a.next]
		if !ok {
			break
		}
		if err := p.write(id, a.next, point); err != nil {
			return err
		}
		delete(a.pending, a.next)
		a.next++
	}
	return nil
}

// rest writes the points whose predecessors never came.
func (p *points) rest() error {
	ids := slices.SortedFunc(maps.Keys(p.seen), func(x, y attemptID) int {
		if x.trial != y.trial {
			return x.trial - y.trial
		}
		return x.attempt - y.attempt
	})
	for _, id := range ids {
		a := p.seen[id]
		for _, number := range slices.Sorted(maps.Keys(a.pending)) {
			if number < a.next {
				continue // came again with its predecessors
			}
			if err := p.write(id, number, a.pending[number]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *points) write(id attemptID, number uint64, point results.Point) error {
	if len(point.Metrics) == 0 {
		return nil // a note; the board has those
	}
	clear(p.cells)
	p.cells[0], p.cells[1], p.cells[2] = int64(id.trial), int64(id.attempt), int64(number)
	p.cells[3], p.cells[4] = point.Step, point.Millis
	for i, name := range p.metrics {
		if v, ok := point.Metrics[name]; ok {
			p.cells[len(pointColumns)+i] = v
		}
	}
	return p.table.row(p.cells)
}
