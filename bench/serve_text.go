package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteJSON writes the report as one indented object.
func (r *ServeReport) WriteJSON(w io.Writer) error {
	return writeJSON(w, r)
}

// WriteText writes the report for people.
func (r *ServeReport) WriteText(w io.Writer) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tab, "requests\tper second\tp50 ms\tp99 ms\tslowest ms\t  what\n")
	for _, row := range r.Rows {
		fmt.Fprintf(tab, "%d\t%.0f\t%.1f\t%.1f\t%.1f\t  %s\n", row.Requests, row.PerSecond, row.P50, row.P99,
			row.Slowest, row.Name)
	}
	if err := tab.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err := fmt.Fprintf(w, "%d sweeps and one of %d trials wait; %d requests at once\n", r.Sweeps,
		r.Trials, r.Parallel)
	return err
}
