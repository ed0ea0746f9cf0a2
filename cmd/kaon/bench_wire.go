package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/bench"
)

type benchWireCmd struct {
	Trials int           `default:"20000" help:"Trials of the sweep (${default})."`
	Points int           `default:"0" help:"Metric points that every trial reports (${default}, but the objective's last)."`
	Agents int           `default:"400" help:"Simulated agents of 8 CPUs; a trial takes a tenth of one (${default})."`
	Time   time.Duration `default:"0s" help:"How long a trial takes (${default})."`
	Slow   time.Duration `default:"0s" help:"Make every write to the journal take so much longer (${default})."`
	JSON   bool          `help:"Print JSON."`
}

func (c *benchWireCmd) Run(ctx context.Context, out *output) error {
	if c.Trials < 1 || c.Agents < 1 || c.Points < 0 {
		return usage(errors.New("--trials and --agents: want at least 1; --points: at least 0"))
	}
	c.Points = max(1, c.Points)
	return scratch(func(folder string) error {
		address, stop, err := c.cluster(ctx, folder)
		if err != nil {
			return err
		}
		defer stop()
		r, err := bench.Wire(ctx, bench.WireConfig{
			Masters: []string{address}, Trials: c.Trials, Reported: c.Points, Folder: folder, Slow: c.Slow,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(out.stdout).Encode(r)
		}
		_, err = fmt.Fprintf(out.stdout,
			"%d trials with %d points in %.2f s: %.0f trials/s, %.0f points/s, %d writes to the journal, %.0f "+
				"MB at most\n",
			r.Trials, r.Points, r.Seconds, r.PerSecond, r.PointsPerSec, r.Appends, r.PeakMB)
		return err
	})
}

// cluster starts master and simulated agents in a process of their own.
func (c *benchWireCmd) cluster(ctx context.Context, folder string) (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, fmt.Errorf("find this program's file: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "cluster", "--listen", "127.0.0.1:0", "--json", "--no-auth",
		"--allocate", "10ms",
		"--simulate", fmt.Sprint(c.Agents), "--task-time", c.Time.String(), "--task-points", fmt.Sprint(c.Points))
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // the kernel takes the death of this thread for that of the parent
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", nil, fmt.Errorf("start the cluster: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Kill() // it simulates; there is nothing to save
		_ = cmd.Wait()
		runtime.UnlockOSThread()
	}
	var said struct{ Cluster string }
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err = errors.Join(err, json.Unmarshal(line, &said)); err == nil {
		var u *url.URL
		if u, err = url.Parse(said.Cluster); err == nil {
			return u.Host, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("start the cluster: it said %q: %w", line, err)
}
