package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the whole tree: kong reads it for parsing, help and completion.
type commands struct {
	Run     runCmd     `cmd:"" group:"Sweeps" help:"Run a sweep and watch it to its end."`
	Plan    planCmd    `cmd:"" group:"Sweeps" help:"Say what a sweep would do, without doing any of it."`
	Retry   retryCmd   `cmd:"" group:"Sweeps" help:"Run what failed of a sweep again."`
	Status  statusCmd  `cmd:"" group:"Sweeps" help:"Say how a sweep stands, live while it runs on this machine."`
	Stop    stopCmd    `cmd:"" group:"Sweeps" help:"End a sweep, or one trial of it, that runs on this machine."`
	Pause   pauseCmd   `cmd:"" group:"Sweeps" help:"Let running trials finish and start no more."`
	Resume  resumeCmd  `cmd:"" group:"Sweeps" help:"End a pause."`
	Message messageCmd `cmd:"" group:"Sweeps" help:"Send a JSON value to a running trial, as a line of its $KAON_CONTROL."`

	Best      bestCmd      `cmd:"" group:"Results" help:"Print the winner of a sweep."`
	Trials    trialsCmd    `cmd:"" group:"Results" help:"List the trials of a sweep."`
	Trial     trialCmd     `cmd:"" group:"Results" help:"Show all that is known of one trial."`
	Artifacts artifactsCmd `cmd:"" group:"Results" help:"List the files a trial left, or get one."`
	Logs      logsCmd      `cmd:"" group:"Results" help:"Print what a trial wrote."`
	Export    exportCmd    `cmd:"" group:"Results" help:"Write a sweep's results as CSV, JSON Lines or Parquet."`

	Cluster    clusterCmd    `cmd:"" group:"Machinery" help:"Serve the embedded Mesos-compatible cluster on a port."`
	Bench      benchCmd      `cmd:"" group:"Machinery" help:"Measure what kaon claims, beside something to compare with."`
	Executor   executorCmd   `cmd:"" group:"Machinery" help:"Run beside trials; started by agents, not by people."`
	Version    versionCmd    `cmd:"" group:"Machinery" help:"Print the version."`
	Completion completionCmd `cmd:"" group:"Machinery" help:"Print the completion script of a shell."`
	Complete   completeCmd   `cmd:"" hidden:""`
}

// output is where commands print: results to stdout, everything about the work to stderr.
type output struct{ stdout, stderr io.Writer }

// checked remembers the first error of a file, so that output which nobody got is not taken for success.
type checked struct {
	file *os.File
	err  error
}

func (c *checked) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	stdout := &checked{file: os.Stdout}
	code := execute(ctx, os.Args[1:], &output{stdout, os.Stderr})
	if code == exitDone && stdout.err != nil {
		code = report(os.Stderr, stdout.err)
	}
	stop()
	os.Exit(code)
}

// execute is kaon without the process around it: it parses args, runs one command, and answers the exit code.
func execute(ctx context.Context, args []string, out *output) int {
	var tree commands
	exited := -1
	parser, err := kong.New(&tree,
		kong.Name("kaon"),
		kong.Description("One file describes a search; kaon runs it on a cluster and picks the winner."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Writers(out.stdout, out.stderr),
		kong.Vars{"trial": trialHelp},
		kong.Exit(func(code int) { exited = code }),
		kong.Bind(out),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return report(out.stderr, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited // help was printed
	}
	if err != nil {
		var parse *kong.ParseError
		if errors.As(err, &parse) {
			_ = parse.Context.PrintUsage(true)
		}
		return report(out.stderr, usage(err))
	}
	return report(out.stderr, command.Run())
}
