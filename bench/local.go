package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// LocalConfig says what Local measures.
type LocalConfig struct {
	Kaon    string // the program
	Trials  int    // how many times true is run
	Rounds  int    // of kaon, xargs, kaon, xargs …
	Scratch string // folder for states and results
}

// LocalResult is the rounds. The JSON names are a contract for scripts: fields may be added, not renamed.
type LocalResult struct {
	Trials int       `json:"trials"`
	Kaon   []float64 `json:"kaon_seconds"` // by round
	Xargs  []float64 `json:"xargs_seconds"`
	Ratio  float64   `json:"ratio"`         // of the medians
	Best   float64   `json:"ratio_of_best"` // of the fastest rounds: on a busy machine the truer one

	KaonCPU  []float64 `json:"kaon_cpu_seconds"` // by round, of all processes together
	XargsCPU []float64 `json:"xargs_cpu_seconds"`
	CPU      float64   `json:"ratio_of_cpu"` // of their medians: what is left of the truth on a machine with other work
}

// Local runs a sweep of `true` by kaon run and as many by xargs -P2, in turns, start and end of the processes included.
func Local(ctx context.Context, cfg LocalConfig) (LocalResult, error) {
	r := LocalResult{Trials: cfg.Trials}
	spec := filepath.Join(cfg.Scratch, "true.yaml")
	source := fmt.Sprintf("name: bench\nmethod: grid\nparameters: {x: {distribution: int_uniform, min: 1, max: %d}}\ncommand: [\"true\"]\n", cfg.Trials)
	if err := os.WriteFile(spec, []byte(source), 0o600); err != nil {
		return r, fmt.Errorf("write the sweep: %w", err)
	}
	var numbers bytes.Buffer
	for i := range cfg.Trials {
		fmt.Fprintln(&numbers, i+1)
	}
	for round := range cfg.Rounds {
		kaon := exec.CommandContext(ctx, cfg.Kaon, "run", spec, "--quiet", "--results", filepath.Join(cfg.Scratch, fmt.Sprint("results-", round)))
		seconds, cpu, err := run(kaon)
		if err != nil {
			return r, err
		}
		r.Kaon, r.KaonCPU = append(r.Kaon, seconds), append(r.KaonCPU, cpu)
		xargs := exec.CommandContext(ctx, "xargs", "-P2", "-n1", "true")
		xargs.Stdin = bytes.NewReader(numbers.Bytes())
		if seconds, cpu, err = run(xargs); err != nil {
			return r, err
		}
		r.Xargs, r.XargsCPU = append(r.Xargs, seconds), append(r.XargsCPU, cpu)
	}
	r.Ratio = middle(r.Kaon) / middle(r.Xargs)
	r.Best = slices.Min(r.Kaon) / slices.Min(r.Xargs)
	r.CPU = middle(r.KaonCPU) / middle(r.XargsCPU)
	return r, nil
}

// run times a program, and takes the time on processors of it and all that it waited for; its error carries what it said.
func run(cmd *exec.Cmd) (seconds, cpu float64, err error) {
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	seconds = time.Since(began).Seconds()
	return seconds, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
}

func middle(all []float64) float64 { return slices.Sorted(slices.Values(all))[len(all)/2] }
