package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// Report is what Pack measured.
type Report struct {
	Cases []Result `json:"cases"`
}

// Result is one case. The JSON names are a contract for scripts: fields may be added, not renamed.
type Result struct {
	Name       string      `json:"name"`
	Policy     string      `json:"policy"`
	Agents     int         `json:"agents"`
	Trials     int         `json:"trials"` // waiting when the pass began
	Shapes     int         `json:"shapes"` // distinct ones among them
	Placed     int         `json:"placed"`
	Hosts      int         `json:"hosts"`             // agents that got something
	LowerBound int         `json:"lower_bound_hosts"` // no packing of all trials uses fewer
	Used       Utilisation `json:"utilisation"`       // of the agents that got something
	UsedOfAll  Utilisation `json:"utilisation_of_all"`
	Seconds    float64     `json:"seconds"` // of one pass, the median of Runs
	PerSecond  float64     `json:"placements_per_second"`
	Runs       int         `json:"runs"`
	Fastest    float64     `json:"fastest_seconds"`
	Slowest    float64     `json:"slowest_seconds"`
	Allocs     uint64      `json:"allocations"` // of one pass
	Bytes      uint64      `json:"allocated_bytes"`
	Rounds     int         `json:"rounds,omitempty"` // passes, where a case has several; Seconds is then their sum
	Bound      int         `json:"lower_bound_rounds,omitempty"`
	Beside     *Beside     `json:"best_fit,omitempty"` // nil when it would take too long
}

// Utilisation is shares of 1.
type Utilisation struct {
	CPUs float64 `json:"cpus"`
	Mem  float64 `json:"mem"`
}

// Beside is the best fit by full scan on the same input.
type Beside struct {
	Placed    int     `json:"placed"`
	Hosts     int     `json:"hosts"`
	Rounds    int     `json:"rounds,omitempty"`
	CPUs      float64 `json:"cpus"` // used share of all agents
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"placements_per_second"`
}

// WriteJSON writes the report as one indented object.
func (r *Report) WriteJSON(w io.Writer) error {
	return writeJSON(w, r)
}

func writeJSON(w io.Writer, report any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	if err := out.Encode(report); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

// WriteText writes the report as a table for people.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "case\tagents\ttrials\tshapes\tplaced\thosts\tbound\tcpus\tmem\tms\tplacements/s\tallocs\tbest "+
		"fit/s\tits hosts\tratio\t")
	for i := range r.Cases {
		c := &r.Cases[i]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.2f%%\t%.2f%%\t%.3f\t%.0f\t%d\t", c.Name, c.Agents, c.Trials,
			c.Shapes, c.Placed,
			c.Hosts, c.LowerBound, 100*c.Used.CPUs, 100*c.Used.Mem, 1000*c.Seconds, c.PerSecond, c.Allocs)
		if b := c.Beside; b != nil && b.PerSecond > 0 && c.PerSecond > 0 {
			fmt.Fprintf(t, "%.0f\t%d\t%.0f ×\t\n", b.PerSecond, b.Hosts, c.PerSecond/b.PerSecond)
		} else if b != nil && c.Seconds > 0 {
			fmt.Fprintf(t, "–\t%d\t%.0f × sooner\t\n", b.Hosts, b.Seconds/c.Seconds)
		} else {
			fmt.Fprint(t, "–\t–\t–\t\n")
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Rounds > 0 {
			fmt.Fprintf(w, "%s: %d rounds", c.Name, c.Rounds)
			if c.Bound > 0 {
				fmt.Fprintf(w, " (bound %d)", c.Bound)
			}
			if c.Beside != nil && c.Beside.Rounds > 0 {
				fmt.Fprintf(w, ", best fit %d", c.Beside.Rounds)
			}
			fmt.Fprintf(w, ", %.2f %% of all cpus used", 100*c.UsedOfAll.CPUs)
			if c.Beside != nil {
				fmt.Fprintf(w, " (best fit %.2f %%)", 100*c.Beside.CPUs)
			}
			fmt.Fprintln(w)
		}
	}
	return nil
}
