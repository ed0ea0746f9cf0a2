package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

type benchWorkflowCmd struct {
	Steps  int  `default:"1000" help:"How many iterations of a for-each (${default})."`
	Light  int  `default:"5000" help:"How many iterations whose step runs in kaon itself (${default})."`
	Rounds int  `default:"3" help:"Rounds, of which the median counts (${default})."`
	JSON   bool `help:"Print JSON."`
}

func (c *benchWorkflowCmd) Help() string {
	return "Runs for-eaches whose steps do nothing: all the time they take is kaon's own, and that of starting " +
		"a process. The cluster is the embedded one, the processes are real."
}

// flowMeasured is one case of `kaon bench workflow --json`. Fields may be added, not renamed.
type flowMeasured struct {
	Case         string  `json:"case"`
	Steps        int     `json:"steps"`
	Seconds      float64 `json:"seconds"`         // from the run's beginning to its end
	Milliseconds float64 `json:"ms_per_step"`     // of these
	CPU          float64 `json:"cpu_ms_per_step"` // of all processes
	PerMinute    float64 `json:"steps_per_minute"`
}

// flowCases are what is measured: the graph, and what each step does.
var flowCases = []struct{ name, step, graph string }{
	{"light, in order", "{type: wait, for: 0}", `"**(i = 1..%d; ordered) --< a >--"`},
	{"light", "{type: wait, for: 0}", `"**(i = 1..%d) --< a >--"`},
	{"processes", `{type: command, command: ["true"], resources: {cpus: 0.02, memory: 4MB}}`,
		`"**(i = 1..%d) --< a >--"`},
}

func (c *benchWorkflowCmd) Run(ctx context.Context, out *output) error {
	if c.Steps < 1 || c.Light < 1 || c.Rounds < 1 || max(c.Steps, c.Light) > engine.MaxIterations {
		return usage(fmt.Errorf("--steps, --light and --rounds: want from 1 to %d", engine.MaxIterations))
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	var all []flowMeasured
	folder, err := os.MkdirTemp(".", ".kaon-bench-") // on the disk on which the user runs things
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for _, one := range flowCases {
		steps := c.Light
		if one.name == "processes" {
			steps = c.Steps
		}
		var rounds []flowMeasured
		for range c.Rounds {
			m, err := measureFlow(ctx, self, folder, one.step, fmt.Sprintf(one.graph, steps))
			if err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			m.Case, m.Steps = one.name, steps
			rounds = append(rounds, m)
		}
		all = append(all, medianFlow(rounds))
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(all)
	}
	var tab table
	tab.row("CASE", "STEPS", "SECONDS", "MS PER STEP", "CPU MS PER STEP", "STEPS PER MINUTE")
	for _, m := range all {
		tab.row(m.Case, fmt.Sprint(m.Steps), fmt.Sprintf("%.2f", m.Seconds), fmt.Sprintf("%.2f", m.Milliseconds),
			fmt.Sprintf("%.2f", m.CPU), fmt.Sprintf("%.0f", m.PerMinute))
	}
	return tab.print(out.stdout)
}

// measureFlow runs one workflow in a folder that is gone afterwards.
func measureFlow(ctx context.Context, self, folder, step, graph string) (m flowMeasured, err error) {
	at, err := os.MkdirTemp(folder, "run-")
	if err == nil {
		at, err = filepath.Abs(at)
	}
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(at)
	file := filepath.Join(at, "flow.yaml")
	if err := os.WriteFile(file, []byte("steps:\n  a: "+step+"\ngraph: "+graph+"\n"), 0o600); err != nil {
		return m, err
	}
	cmd := exec.CommandContext(ctx, self, "workflow", "run", "--json", "--quiet", "--results",
		filepath.Join(at, "results"), file)
	var told strings.Builder
	cmd.Dir, cmd.Stderr = at, &told
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	text, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("%w: %s", err, told.String())
	}
	var r flowResult
	if err := json.Unmarshal(text, &r); err != nil {
		return m, err
	}
	if r.State != engine.Succeeded {
		return m, errors.New(r.Reason)
	}
	used := time.Duration(0)
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok { // with those of its executors, which it waits for
		used = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	n := 0
	for _, s := range r.Steps {
		n += s.Counts[engine.Succeeded]
	}
	if n == 0 {
		return m, errors.New("no step has succeeded")
	}
	m.Seconds = r.Seconds
	m.Milliseconds = 1000 * r.Seconds / float64(n)
	m.CPU = used.Seconds() * 1000 / float64(n)
	m.PerMinute = 60 * float64(n) / r.Seconds
	return m, nil
}

// medianFlow is the round in the middle, by time.
func medianFlow(rounds []flowMeasured) flowMeasured {
	slices.SortFunc(rounds, func(a, b flowMeasured) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return rounds[len(rounds)/2]
}
