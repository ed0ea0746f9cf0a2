package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// commands is the whole tree: kong reads it for parsing, help and completion.
type commands struct {
	Run     runCmd     `cmd:"" group:"Sweeps" help:"Run a sweep and watch it to its end."`
	Sweep   sweepCmd   `cmd:"" group:"Sweeps" help:"Run a sweep without a file: parameters and a command."`
	Map     mapCmd     `cmd:"" group:"Sweeps" help:"Run a command for every combination of values, and print what they write in order."`
	Init    initCmd    `cmd:"" group:"Sweeps" help:"Write a first spec for a program, from what it says of its options."`
	Plan    planCmd    `cmd:"" group:"Sweeps" help:"Say what a sweep would do, without doing any of it."`
	Import  importCmd  `cmd:"" group:"Sweeps" help:"Print another tool's experiment as a sweep file: Katib's, NNI's, Determined's, Guild AI's, and spaces of Optuna and Ray Tune."`
	Retry   retryCmd   `cmd:"" group:"Sweeps" help:"Run what failed of a sweep again."`
	Extend  extendCmd  `cmd:"" group:"Sweeps" help:"Add trials to a sweep, or change its limits or its space, whether it runs or has ended."`
	Repair  repairCmd  `cmd:"" group:"Sweeps" help:"Bring back what a sweep's journal or results have lost."`
	Status  statusCmd  `cmd:"" group:"Sweeps" help:"Say how a sweep stands, live while it runs on this machine."`
	Stop    stopCmd    `cmd:"" group:"Sweeps" help:"End a sweep, or one trial of it, that runs on this machine."`
	Pause   pauseCmd   `cmd:"" group:"Sweeps" help:"Let running trials finish and start no more."`
	Resume  resumeCmd  `cmd:"" group:"Sweeps" help:"End a pause."`
	Message messageCmd `cmd:"" group:"Sweeps" help:"Send a JSON value to a running trial, as a line of its $KAON_CONTROL."`

	Workflow workflowCmd `cmd:"" group:"Workflows" help:"Check, draw and run workflows: graphs of steps."`

	Serve  serveCmd  `cmd:"" group:"Service" help:"Run the sweeps that are submitted, until it is stopped."`
	Submit submitCmd `cmd:"" group:"Service" help:"Hand a sweep to a server."`
	Watch  watchCmd  `cmd:"" group:"Service" help:"Show sweeps on a screen of the terminal, or one of a server until it has ended."`
	List   listCmd   `cmd:"" aliases:"ls" group:"Service" help:"List sweeps, of a server or in results."`
	Rm     rmCmd     `cmd:"" group:"Service" help:"Delete sweeps that have ended, with all of their results."`
	Gc     gcCmd     `cmd:"" group:"Service" help:"Delete sweeps that ended long ago."`
	Agents agentsCmd `cmd:"" group:"Service" help:"List the machines that a server has work on: load, health, why avoided."`
	Cordon cordonCmd `cmd:"" group:"Service" help:"Keep agents from getting new work."`
	Drain  drainCmd  `cmd:"" group:"Service" help:"Have agents empty: nothing new, and what runs ends or is moved by a deadline."`
	Events eventsCmd `cmd:"" group:"Service" help:"Print what happens on a server as it happens."`
	UI     uiCmd     `cmd:"" name:"ui" group:"Service" help:"Give a link to a server's dashboard, or open it in the browser."`
	Login  loginCmd  `cmd:"" group:"Service" help:"Keep a token for a server."`
	Whoami whoamiCmd `cmd:"" group:"Service" help:"Say who you are to a server."`
	Token  tokenCmd  `cmd:"" group:"Service" help:"Make, list and revoke tokens of a server."`
	Audit  auditCmd  `cmd:"" group:"Service" help:"Say who changed what on a server."`
	Queue  queueCmd  `cmd:"" group:"Service" help:"List, make and change the queues that sweeps share a server's cluster by."`

	Archive   archiveCmd   `cmd:"" group:"Service" help:"Have lists leave out sweeps that have ended."`
	Unarchive unarchiveCmd `cmd:"" group:"Service" help:"Have lists show archived sweeps again."`
	MCP       mcpCmd       `cmd:"" name:"mcp" group:"Service" help:"Offer a server's sweeps to a coding agent, by the Model Context Protocol."`

	Best      bestCmd      `cmd:"" group:"Results" help:"Print the winner of a sweep."`
	Compare   compareCmd   `cmd:"" group:"Results" help:"Put sweeps and trials side by side: what differs, and who is best."`
	Trials    trialsCmd    `cmd:"" group:"Results" help:"List the trials of a sweep."`
	Curves    curvesCmd    `cmd:"" group:"Results" help:"Draw how the objective went in the best trials, or in some."`
	Trial     trialCmd     `cmd:"" group:"Results" help:"Show all that is known of one trial."`
	Try       tryCmd       `cmd:"" group:"Results" help:"Run a trial by hand in the foreground, with its parameters, seed, inputs and environment."`
	Artifacts artifactsCmd `cmd:"" group:"Results" help:"List the files a trial left, or get one."`
	Logs      logsCmd      `cmd:"" group:"Results" help:"Print what a trial wrote."`
	Export    exportCmd    `cmd:"" group:"Results" help:"Write a sweep's results as CSV, JSON Lines or Parquet, or for TensorBoard, MLflow or W&B."`
	Report    reportCmd    `cmd:"" group:"Results" help:"Write a sweep as one page for a browser, which needs no server."`

	Doctor     doctorCmd     `cmd:"" group:"Machinery" help:"Check this machine, the results, the cluster and the server, and say what to do."`
	Cluster    clusterCmd    `cmd:"" group:"Machinery" help:"Serve the embedded Mesos-compatible cluster on a port."`
	Kubernetes kubernetesCmd `cmd:"" group:"Machinery" help:"Look after what kaon makes in a Kubernetes."`
	Bench      benchCmd      `cmd:"" group:"Machinery" help:"Measure what kaon claims, beside something to compare with."`
	Executor   executorCmd   `cmd:"" group:"Machinery" help:"Run beside trials; started by agents, not by people."`
	Wheel      wheelCmd      `cmd:"" group:"Machinery" help:"Write the Python package as a wheel, for pip install."`
	Version    versionCmd    `cmd:"" group:"Machinery" help:"Print the version."`
	Completion completionCmd `cmd:"" group:"Machinery" help:"Print the completion script of a shell."`
	Complete   completeCmd   `cmd:"" hidden:""`
}

// executorTree is the one command that is started by the thousand. It is parsed by itself: the whole tree takes an
// eighth of what an executor costs that runs one short trial.
type executorTree struct {
	Executor executorCmd `cmd:"" group:"Machinery" help:"Run beside trials; started by agents, not by people."`
}

func main() {
	crash.Last(crashed)
	ctx, stop := untilSignal(context.Background())
	stdout, stderr := &printable{to: &checked{file: os.Stdout}}, &printable{to: &checked{file: os.Stderr}}
	code := execute(ctx, os.Args[1:], &output{stdout, stderr})
	stdout.end()
	if err := stdout.to.failed(); code == exitDone && err != nil {
		code = report(stderr, err)
	}
	stderr.end()
	stop()
	os.Exit(code)
}

// helpWidth is how wide help is written: as the terminal is, where that is narrower than usual and leaves room for two
// columns.
func helpWidth(w io.Writer) int {
	const narrowest = 60
	if width := widthOf(w); width > 0 {
		return min(max(width, narrowest), usualWidth)
	}
	return usualWidth
}

// execute is kaon without the process around it: it parses args, runs one command, and answers the exit code.
func execute(ctx context.Context, args []string, out *output) int {
	var tree any = new(commands)
	if len(args) > 0 && args[0] == "executor" {
		tree = new(executorTree)
	}
	exited, typed := -1, new(typedWords)
	parser, err := kong.New(tree,
		kong.Name("kaon"),
		kong.Description("One file describes a search; kaon runs it on a cluster and picks the winner."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: helpWidth(out.stdout)}),
		kong.Writers(out.stdout, out.stderr),
		kong.Vars{"trial": trialHelp},
		kong.Exit(func(code int) { exited = code }),
		kong.Bind(out, typed),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return report(out.stderr, err)
	}
	command, err := parser.Parse(typed.gather(parser.Model.Node, normalizeArgs(args)))
	if exited >= 0 {
		return exited // help was printed
	}
	if err != nil {
		code := report(out.stderr, usage(err))
		var parse *kong.ParseError
		if errors.As(err, &parse) {
			parser.Stdout = out.stderr
			// the error is told
			_ = kong.DefaultShortHelpPrinter(kong.HelpOptions{WrapUpperBound: helpWidth(out.stderr)}, parse.Context)
		}
		return code
	}
	if warning := secretShown(args); warning != "" {
		fmt.Fprintf(out.stderr, "kaon: warning: %s\n", warning)
	}
	if err := checkNames(command); err != nil {
		return report(out.stderr, err)
	}
	if err := oneServer(command); err != nil {
		return report(out.stderr, err)
	}
	return report(out.stderr, denied(interrupted(ctx, crash.Guard(func() error { return command.Run() })), command))
}

// normalizeArgs takes what people type by habit.
func normalizeArgs(args []string) []string {
	for i := 0; i+1 < len(args) && args[i] != "--"; i++ {
		// a negative number is a flag's value, and wrong as that, rather than a flag
		if flag, value := args[i], args[i+1]; strings.HasPrefix(flag, "--") && !strings.Contains(flag, "=") &&
			len(value) > 1 && value[0] == '-' && value[1] >= '0' && value[1] <= '9' {
			args = slices.Concat(args[:i], []string{flag + "=" + value}, args[i+2:])
		}
	}
	args = withResumed(args)
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(args[1:len(args):len(args)], "--help")
	case args[0] == "--version":
		return append([]string{"version"}, args[1:]...)
	}
	return args
}
