package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/scheduler/executor"
)

type executorCmd struct {
	Once    bool          `help:"Exit after the first task."`
	Idle    time.Duration `default:"1m" help:"Exit after so long without a task (${default})."`
	Stdio   bool          `help:"Reach the agent by standard input and output, to which somebody is attached, and not by the network."`
	Install string        `placeholder:"FILE" help:"Copy this program to a file and exit: how an init container brings it to a pod."`
	SHA256  string        `name:"sha256" placeholder:"HEX" help:"Checksum of this program as it was served: exit at once when it is another."`
}

// Run serves an agent until it says shut down. Everything it needs is in the environment that agents give.
func (c *executorCmd) Run(ctx context.Context, out *output) error {
	if c.Install != "" {
		return c.install()
	}
	if err := executor.Conceal(); err != nil { // first of all: the token is there from the start
		return fmt.Errorf("close this process to others of its user: %w", err)
	}
	if err := c.checkSelf(); err != nil {
		return err
	}
	cfg, err := executor.FromEnvironment(os.Environ())
	if err != nil {
		return usage(err)
	}
	cfg.Once, cfg.Idle, cfg.Subreaper = c.Once, c.Idle, true
	if c.Stdio {
		cfg.Through = stdio.NewClient(os.Stdin, os.Stdout)
		cfg.FirstWait = time.Hour // whoever attaches may have to be started again first
	}
	cfg.Log = slog.New(slog.NewTextHandler(out.stderr, nil)) // the agent keeps it in the sandbox
	if gone := executor.Discard(cmp.Or(cfg.Sandbox, cfg.HostSandbox)); gone != nil {
		cfg.Log.Info("removed its own program from the sandbox, where it runs on", "files", gone)
	}
	err = executor.Run(ctx, cfg)
	if errors.Is(err, executor.ErrCutOff) {
		return &exitError{cluster.ExitAgentUnreachable, err}
	}
	return err
}

// install copies this program.
func (c *executorCmd) install() error {
	in, err := os.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("look at this program: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(c.Install, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// checkSelf compares this program with the one that was served. It reads the file that runs, whatever its name: 37 ms
// for 44 MB, where the processor knows SHA-256.
func (c *executorCmd) checkSelf() error {
	if c.SHA256 == "" {
		return nil
	}
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("look at this program: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return fmt.Errorf("look at this program: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != c.SHA256 {
		return &exitError{cluster.ExitWrongBinary, fmt.Errorf(
			"this executor is not the one that was served: it has %d bytes with sha256 %s, served was %s: "+
				"it was cut short or mixed up between kaon and this agent; look at proxies and the agent's "+
				"fetcher cache",
			size, got, c.SHA256)}
	}
	return nil
}
