package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/inline"
)

type mapCmd struct {
	Words []string `arg:"" optional:"" name:"command|name=values" sep:"none" help:"The command as one word, then parameters; or parameters, -- and the words of the command."`
	Name  string   `placeholder:"TEXT" help:"Of the sweep; the program's when left out."`
	Print bool     `help:"Print the spec instead of running it; kaon run takes it."`
	runFlags
}

func (c *mapCmd) Help() string {
	return "kaon map 'gzip -{level} {file}' level=1..9 file='*.txt'\n\n" +
		"Every combination runs; what the commands write to standard output is printed in their order, as by GNU parallel -k, the last parameter varying fastest. " +
		"Values are as for kaon sweep, but a list is text as it is typed. With --json each is an object in a line of its own."
}

// mapped is what a map's spec says besides: what commands write is kept, and one that fails keeps no other from running.
var mapped = []inline.Setting{{Path: "task.logs", Value: "all"}, {Path: "limits.first_failures", Value: "0"}}

func (c *mapCmd) Run(ctx context.Context, typed *typedWords, out *output) error {
	words, behind := typed.cut(c.Words)
	command := typedCommand(behind)
	if !typed.dashes {
		if len(words) == 0 {
			return usage(errors.New("there is no command: write it as one word, as in: kaon map 'gzip -{level} {file}' level=1..9 file='*.txt'"))
		}
		if inline.IsParameter(words[0]) {
			return usage(fmt.Errorf("%s: the command comes first, as one word, or last, behind --", clean(words[0])))
		}
		command, words = typedCommand(words[:1]), words[1:]
	} else if len(behind) == 0 {
		return usage(errors.New("there is no command behind --: write it there, or as one word before the parameters"))
	}
	spec := inline.Spec{Comment: typedAs(), Name: c.Name, Method: "grid"}
	err := readInline(&spec, inline.Reader{Text: true, Finite: true}, words)
	if err == nil && len(spec.Parameters) == 0 {
		err = errors.New("there are no parameters: write NAME=VALUES behind the command, as file='*.txt' or level=1..9")
	}
	if err == nil {
		spec.Command, err = command.With(spec.Parameters, inline.Bare)
	}
	if err != nil {
		return usage(err)
	}
	if c.Print {
		return c.printInline(out, spec, mapped)
	}
	text, _ := spec.YAML(mapped...)
	flags := c.runFlags
	flags.JSON = false // the result is what the commands wrote
	at, err := flags.run(ctx, &output{stdout: out.stderr, stderr: out.stderr}, specFlags{Spec: inlineFile, Text: []byte(text)})
	var own *exitError
	if err != nil && !(errors.As(err, &own) && own.code == exitFailed && own.err == nil) {
		return err
	}
	return c.printOutputs(ctx, out, at)
}

// mapOutput is one line of `kaon map --json`: a contract for scripts.
type mapOutput struct {
	Trial  int             `json:"trial"`
	State  sweep.State     `json:"state"`
	Params json.RawMessage `json:"params"`
	Exit   *int            `json:"exit"`             // null: it never ended by itself
	Reason string          `json:"reason,omitempty"` // why it did not succeed
	Stdout string          `json:"stdout"`
	Stderr string          `json:"stderr"`
}

// printOutputs prints what trials have written, in their order. The error says that not all have succeeded.
func (c *mapCmd) printOutputs(ctx context.Context, out *output, at ranAt) error {
	flags := liveFlags{State: c.State, resultsFlags: resultsFlags{Results: c.Results, Server: at.server}}
	src, err := flags.open(ctx, out, at.sweep)
	if err != nil {
		return err
	}
	known, err := src.board(ctx, out)
	if err != nil {
		return err
	}
	w, end := out.raw(true)
	defer end()
	failed := false
	for i := range known.known.Trials {
		t, _ := known.Trial(i)
		failed = failed || t.State != sweep.Succeeded
		if c.JSON {
			err = c.printJSON(ctx, out, src, known, t)
		} else if err = c.stream(ctx, out, w, src, known, i, false); err == nil {
			err = c.stream(ctx, out, out.stderr, src, known, i, true)
		}
		if err != nil {
			return err
		}
	}
	if failed {
		return silently(exitFailed)
	}
	return nil
}

// stream prints one stream of one trial.
func (c *mapCmd) stream(ctx context.Context, out *output, w io.Writer, src source, known liveBoard, trial int, stderr bool) error {
	if t, began := known.Trial(trial); !began || len(t.Attempts) == 0 {
		return nil
	}
	logs := &logsCmd{Stderr: stderr}
	if src.remote != nil {
		return logs.remote(ctx, w, src, trial)
	}
	return (&trialLog{logsCmd: logs, out: out, to: w, src: src, trial: trial, stream: logs.stream(), board: known}).print(ctx)
}

func (c *mapCmd) printJSON(ctx context.Context, out *output, src source, known liveBoard, t board.Trial) error {
	line := mapOutput{Trial: t.Trial, State: t.State, Params: t.Params, Reason: t.Reason}
	var stdout, stderr bytes.Buffer
	err := errors.Join(c.stream(ctx, out, &stdout, src, known, t.Trial, false), c.stream(ctx, out, &stderr, src, known, t.Trial, true))
	if err != nil {
		return err
	}
	line.Stdout, line.Stderr = stdout.String(), stderr.String()
	if a := t.Decisive(); a != nil && a.End != nil {
		line.Exit, line.Reason = &a.End.Exit, a.End.Reason
	}
	enc := json.NewEncoder(out.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}
