package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
)

// LocalConfig says what Local measures.
type LocalConfig struct {
	Kaon    string   // the program
	Version string   // of it
	Trials  int      // how many times true is run
	Few     int      // and by peers that take a second for each
	Rounds  int      // of all in turns
	Scratch string   // folder for states and results
	Python  string   // with hyperqueue and ray in it; empty: neither
	Only    []string // names of peers; none: all
}

// LocalResult is the rounds. The JSON names are a contract for scripts: fields may be added, not renamed.
type LocalResult struct {
	Trials int       `json:"trials"`
	CPUs   int       `json:"cpus"`         // of this machine: as many run at a time
	Kaon   []float64 `json:"kaon_seconds"` // by round
	Xargs  []float64 `json:"xargs_seconds"`
	Ratio  float64   `json:"ratio"`         // of the medians
	Best   float64   `json:"ratio_of_best"` // of the fastest rounds: on a busy machine the truer one

	KaonCPU  []float64 `json:"kaon_cpu_seconds"` // by round, of all processes together
	XargsCPU []float64 `json:"xargs_cpu_seconds"`
	CPU      float64   `json:"ratio_of_cpu"` // of their medians: what is left of the truth on a machine with other work

	Bytes int64      `json:"kaon_results_bytes"` // on disk, of kaon's last round: results, journal and sandboxes
	Rows  []LocalRow `json:"rows"`               // one for each program, kaon first
}

// LocalRow is what one program took, its start and end included.
type LocalRow struct {
	Name    string    `json:"name"`
	Version string    `json:"version,omitempty"`
	Skipped string    `json:"skipped,omitempty"` // why it was not measured, and what helps
	Trials  int       `json:"trials"`
	Seconds []float64 `json:"seconds,omitempty"` // by round
	CPU     []float64 `json:"cpu_seconds,omitempty"`

	PerTrial    float64 `json:"ms_per_trial"` // of the median rounds
	CPUPerTrial float64 `json:"cpu_ms_per_trial"`
	// What kaon takes over what this takes; below 1: kaon is faster. Null: it did not run as many trials, so that start
	// and end weigh otherwise.
	Ratio    *float64 `json:"kaon_ratio"`
	CPURatio *float64 `json:"kaon_ratio_of_cpu"`
}

const (
	kaonName  = "kaon run"
	xargsName = "xargs"
)

// Local runs a sweep of `true` by kaon run, and as many by each peer that is there, in turns, start and end of the
// processes included.
func Local(ctx context.Context, cfg LocalConfig) (LocalResult, error) {
	r := LocalResult{Trials: cfg.Trials, CPUs: runtime.NumCPU()}
	if err := adoptOrphans(); err != nil {
		return r, err
	}
	var err error
	if cfg.Scratch, err = filepath.Abs(cfg.Scratch); err != nil { // peers change their folder
		return r, fmt.Errorf("find the folder for measurements: %w", err)
	}
	peers, err := cfg.peers(ctx)
	if err != nil {
		return r, err
	}
	for _, p := range peers {
		r.Rows = append(r.Rows, LocalRow{Name: p.name, Version: p.version, Skipped: p.absent, Trials: p.trials})
	}
	for round := range cfg.Rounds {
		for i, p := range peers {
			if p.absent != "" {
				continue
			}
			folder := filepath.Join(cfg.Scratch, fmt.Sprintf("%d-%d", round, i))
			if err := os.Mkdir(folder, 0o700); err != nil {
				return r, fmt.Errorf("make a folder: %w", err)
			}
			seconds, cpu, err := run(p.command(ctx, folder))
			if err != nil {
				return r, err
			}
			if p.name == kaonName {
				if r.Bytes, err = onDisk(folder); err != nil {
					return r, err
				}
			}
			row := &r.Rows[i]
			row.Seconds, row.CPU = append(row.Seconds, seconds), append(row.CPU, cpu)
			if err := os.RemoveAll(folder); err != nil {
				return r, fmt.Errorf("remove what %s left: %w", p.name, err)
			}
		}
	}
	r.compare()
	return r, nil
}

// compare makes the ratios of what was measured.
func (r *LocalResult) compare() {
	kaon := &r.Rows[0]
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Skipped != "" {
			continue
		}
		row.PerTrial = 1000 * middle(row.Seconds) / float64(row.Trials)
		row.CPUPerTrial = 1000 * middle(row.CPU) / float64(row.Trials)
		if row.Trials != kaon.Trials {
			continue
		}
		ratio, cpu := kaon.PerTrial/row.PerTrial, kaon.CPUPerTrial/row.CPUPerTrial
		row.Ratio, row.CPURatio = &ratio, &cpu
		if row.Name == xargsName {
			r.Kaon, r.KaonCPU, r.Xargs, r.XargsCPU = kaon.Seconds, kaon.CPU, row.Seconds, row.CPU
			r.Ratio, r.CPU, r.Best = ratio, cpu, slices.Min(kaon.Seconds)/slices.Min(row.Seconds)
		}
	}
}

// WriteText writes the rows as a table for people.
func (r *LocalResult) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "program\tversion\ttrials\tseconds\tcpu s\tms/trial\tcpu ms/trial\tkaon takes\tkaon's cpu\t")
	for _, row := range r.Rows {
		if row.Skipped != "" {
			fmt.Fprintf(t, "%s\tskipped: %s\n", row.Name, row.Skipped)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%.2f\t%.2f\t%.3f\t%.3f\t%s\t%s\t\n", row.Name, row.Version, row.Trials,
			middle(row.Seconds), middle(row.CPU), row.PerTrial, row.CPUPerTrial, times(row.Ratio), times(row.CPURatio))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err := fmt.Fprintf(w, "true on %d cpus, medians of %d rounds; kaon's results take %.1f KB on disk, %.0f "+
		"bytes a trial\n",
		r.CPUs, len(r.Rows[0].Seconds), float64(r.Bytes)/1024, float64(r.Bytes)/float64(r.Trials))
	return err
}

func times(ratio *float64) string {
	if ratio == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f ×", *ratio)
}

// sweepOfTrue writes a sweep of as many trials as are measured.
func (cfg LocalConfig) sweepOfTrue() (file string, err error) {
	file = filepath.Join(cfg.Scratch, "true.yaml")
	source := fmt.Sprintf("name: bench\nmethod: grid\nparameters: {x: {distribution: int_uniform, min: 1, max: %d}}\n"+
		"command: [\"true\"]\n", cfg.Trials)
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		return "", fmt.Errorf("write the sweep: %w", err)
	}
	return file, nil
}

// numbers is a line for each trial.
func (cfg LocalConfig) numbers() []byte {
	var b bytes.Buffer
	for i := range cfg.Trials {
		fmt.Fprintln(&b, i+1)
	}
	return b.Bytes()
}

func middle(all []float64) float64 { return slices.Sorted(slices.Values(all))[len(all)/2] }

// ErrUnknownPeer is of a name in LocalConfig.Only.
var ErrUnknownPeer = errors.New("no such peer")
