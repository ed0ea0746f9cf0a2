package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteJSON writes the report as one indented object.
func (r *KubernetesReport) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

// WriteText writes the report as a table for people.
func (r *KubernetesReport) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "way\ttrials\tseconds\ttrials/s\tpods\tpods/s\trequests\tAPI server ms\tclient ms\tof ideal\t× "+
		"jobs\t× items\tAPI server of pods\t")
	for _, row := range r.Rows {
		if row.Skipped != "" {
			fmt.Fprintf(t, "%s\tskipped: %s\n", row.Name, row.Skipped)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f", row.Name, row.Trials, row.Seconds, row.PerSecond)
		optional(t, "%.0f", row.Pods)
		optional(t, "%.1f", row.PodsPerSec)
		optional(t, "%.2f", row.Requests)
		optional(t, "%.2f", row.APIServer)
		optional(t, "%.2f", row.Client)
		if row.Ideal > 0 {
			fmt.Fprintf(t, "\t%.2f", row.OverIdeal)
		} else {
			fmt.Fprint(t, "\t–")
		}
		optional(t, "%.1f", row.OfJobs)
		optional(t, "%.1f", row.OfItems)
		optional(t, "%.3f", row.CPUOfPods)
		fmt.Fprintln(t, "\t")
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	kind := "nodes"
	if r.Hollow {
		kind = "hollow nodes, which run nothing,"
	}
	fmt.Fprintf(w, "Kubernetes %s at %s: %d %s for %d trials at a time, of %g s each; requests and milliseconds "+
		"of CPU are for each trial, its removal included, "+
		"and at most %g pods a second were created by kaon, and by the client of items\n", r.Version, r.Cluster,
		r.Nodes, kind, r.Slots, r.Seconds, r.Rate)
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	return nil
}

func optional(w io.Writer, format string, v *float64) {
	if v == nil {
		fmt.Fprint(w, "\t–")
		return
	}
	fmt.Fprintf(w, "\t"+format, *v)
}
