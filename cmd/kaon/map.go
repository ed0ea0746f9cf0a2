package main

import (
	"context"
	"errors"
	"fmt"

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
		"Every combination runs; what the commands write to standard output is printed in their order, as by " +
		"GNU parallel -k, the last parameter varying fastest. " +
		"Values are as for kaon sweep, but a list is text as it is typed. With --json each is an object in a " +
		"line of its own."
}

// mapped is what a map's spec says besides: what commands write is kept, and one that fails keeps no other from
// running.
var mapped = []inline.Setting{{Path: "task.logs", Value: "all"}, {Path: "limits.first_failures", Value: "0"}}

func (c *mapCmd) Run(ctx context.Context, typed *typedWords, out *output) error {
	words, behind := typed.cut(c.Words)
	command := typedCommand(behind)
	if !typed.dashes {
		if len(words) == 0 {
			return usage(errors.New("there is no command: write it as one word, as in: kaon map 'gzip -{level} " +
				"{file}' level=1..9 file='*.txt'"))
		}
		if inline.IsParameter(words[0]) {
			return usage(fmt.Errorf("%s: the command comes first, as one word, or last, behind --", clean(words[0])))
		}
		command, words = typedCommand(words[:1]), words[1:]
	} else if len(behind) == 0 {
		return usage(errors.New("there is no command behind --: write it there, or as one word before the parameters"))
	}
	spec := inline.Spec{Name: c.Name, Method: "grid"}
	err := readInline(ctx, &spec, inline.Reader{Text: true, Finite: true}, words)
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
		return c.printInline(ctx, out, spec, mapped)
	}
	text, _ := spec.YAML(mapped...)
	printer := &mapPrinter{c: c, out: out, others: map[string]liveBoard{}}
	return printer.run(ctx, specFlags{Spec: inlineFile, Text: []byte(text)})
}
