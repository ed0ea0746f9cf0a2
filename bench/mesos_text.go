package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteJSON writes the report as one indented object.
func (r *MesosReport) WriteJSON(w io.Writer) error {
	return writeJSON(w, r)
}

// WriteText writes the report as a table for people.
func (r *MesosReport) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "scheduler\ttrials\tseconds\ttrials/s\tpoints/s\tlaunches\tupdates\tacks\tmessages\t"+
		"scheduler ms\tmaster ms\tagents ms\t")
	for _, row := range r.Rows {
		if row.Skipped != "" {
			fmt.Fprintf(t, "%s\tskipped: %s\n", row.Name, row.Skipped)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.0f\t%.0f", row.Name, row.Trials, row.Seconds, row.PerSecond, row.PointsPerSec)
		for _, v := range []*float64{row.Launches, row.Updates, row.Acks, row.Messages, row.Scheduler, row.MasterCPU,
			row.AgentsCPU} {
			if v == nil {
				fmt.Fprint(t, "\t–")
			} else {
				fmt.Fprintf(t, "\t%.3f", *v)
			}
		}
		fmt.Fprintln(t, "\t")
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(w, "at %s; launches of tasks, updates, acknowledgements, messages and milliseconds of CPU are "+
		"for each trial\n", r.Master)
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	return nil
}
