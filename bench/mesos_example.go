package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ExampleScheduler is mesos-go's own example, whose executor starts no process.
type ExampleScheduler struct {
	Scheduler string // the programs
	Executor  string
	Patience  time.Duration // for its run
}

// mesosGoModule requires the example and what it was written for: a later client_golang lacks what it calls.
const mesosGoModule = `module kaon-bench-peer

go 1.21

require (
	github.com/mesos/mesos-go v0.0.11
	github.com/prometheus/client_golang v0.9.4
)
`

const mesosGoTools = `//go:build tools

package tools

import (
	_ "github.com/mesos/mesos-go/api/v1/cmd/example-executor"
	_ "github.com/mesos/mesos-go/api/v1/cmd/example-scheduler"
)
`

// BuildExampleScheduler builds the example from its module in an empty folder, with the go that is there.
func BuildExampleScheduler(ctx context.Context, folder string) (ExampleScheduler, error) {
	for name, text := range map[string]string{"go.mod": mesosGoModule, "tools.go": mesosGoTools} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return ExampleScheduler{}, fmt.Errorf("build mesos-go's example: %w", err)
		}
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"build", "-o", folder + string(filepath.Separator),
		"github.com/mesos/mesos-go/api/v1/cmd/example-executor",
		"github.com/mesos/mesos-go/api/v1/cmd/example-scheduler"}} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return ExampleScheduler{}, fmt.Errorf("build mesos-go's example: go %s: %w\n%s", args[0], err, out)
		}
	}
	return FindExampleScheduler(folder)
}

// FindExampleScheduler finds the programs in a folder.
func FindExampleScheduler(folder string) (ExampleScheduler, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return ExampleScheduler{}, err
	}
	e := ExampleScheduler{Scheduler: filepath.Join(folder, "example-scheduler"),
		Executor: filepath.Join(folder, "example-executor")}
	for _, file := range []string{e.Scheduler, e.Executor} {
		if _, err := os.Stat(file); err != nil {
			return e, fmt.Errorf("find mesos-go's example: %w", err)
		}
	}
	return e, nil
}

// run runs it with as many tasks as there are trials, of the same shape.
func (e ExampleScheduler) run(ctx context.Context, cfg MesosConfig) MesosRow {
	row := MesosRow{Name: "mesos-go's example scheduler", Trials: cfg.Trials}
	master := cfg.Server.Cluster.Mesos
	if master.TLS.Enabled {
		row.Skipped = "it speaks no HTTPS"
		return row
	}
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	args := []string{"-url", "http://" + master.Masters[0] + "/api/v1/scheduler", "-tasks", fmt.Sprint(cfg.Trials),
		"-cpu", fmt.Sprint(cfg.CPUs), "-memory", fmt.Sprint(cfg.Mem), "-exec.image", "", "-executor", e.Executor,
		"-checkpoint=false", "-failoverTimeout", "1s"}
	if master.Principal != "" {
		file := filepath.Join(cfg.Server.Folder, "secret")
		if err := os.WriteFile(file, []byte(master.Secret), 0o600); err != nil {
			row.Skipped = err.Error()
			return row
		}
		defer os.Remove(file)
		args = append(args, "-principal", master.Principal, "-authmode", "basic", "-credentials.username",
			master.Principal,
			"-credentials.passwordFile", file)
	}
	cmd := exec.CommandContext(ctx, e.Scheduler, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	err := cmd.Run()
	row.Seconds = time.Since(began).Seconds()
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	last := lines[len(lines)-1]
	switch {
	case ctx.Err() != nil:
		row.Skipped = fmt.Sprintf("it did not end within %v", e.Patience)
	case err != nil && !errors.As(err, new(*exec.ExitError)):
		row.Skipped = err.Error()
	case !strings.Contains(said.String(), "mission accomplished"): // its exit code is 1 then, too
		row.Skipped = "it ended early: " + last
	default:
		row.PerSecond = float64(row.Trials) / row.Seconds
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		row.Scheduler = perTrial(1000*cpu.Seconds(), row.Trials)
	}
	return row
}
