package export

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
)

var pointColumns = []column{
	{"trial", integer}, {"attempt", integer}, {"number", integer}, {"step", integer}, {"time", instant},
}

// Points writes one row per point, in the order of EachPoint, which says what fresh is: trial, attempt, number, step,
// time, and a column metric.<name> for every name given (Board.Metrics).
func Points(ctx context.Context, w io.Writer, f Format, b bucket.Bucket, sweep string, fresh []results.Record,
	metrics []string) ([]store.Damage, error) {
	columns := slices.Clone(pointColumns)
	for _, name := range metrics {
		columns = append(columns, column{"metric." + name, real})
	}
	t, err := newTable(w, f, columns)
	if err != nil {
		return nil, fmt.Errorf("export points: %w", err)
	}
	cells := make([]any, len(columns))
	damage, err := EachPoint(ctx, b, sweep, fresh, func(p Reported) error {
		clear(cells)
		cells[0], cells[1], cells[2] = int64(p.Trial), int64(p.Attempt), int64(p.Number)
		cells[3], cells[4] = p.Step, p.Millis
		for i, name := range metrics {
			if v, ok := p.Metrics[name]; ok {
				cells[len(pointColumns)+i] = v
			}
		}
		return t.row(cells)
	})
	if err == nil {
		err = t.close()
	}
	if err != nil {
		return nil, fmt.Errorf("export points: %w", err)
	}
	return damage, nil
}
