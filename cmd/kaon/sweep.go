package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/kaon-sweep/kaon/sweep/inline"
)

type sweepCmd struct {
	Words  []string `arg:"" optional:"" name:"name=values" sep:"none" help:"Parameters, then -- and the command."`
	Metric string   `short:"m" placeholder:"GOAL-NAME" help:"What it is about, as 'max accuracy' or 'min loss'."`
	Trials int      `short:"n" placeholder:"N" help:"At most so many trials; all combinations, or 100, when left out."`
	Method string   `placeholder:"METHOD" help:"How points are chosen: grid, random, auto, tpe and so on; when left out, grid for all combinations, else auto with a metric and random without."`
	Name   string   `placeholder:"TEXT" help:"Of the sweep; the program's when left out."`
	Print  bool     `help:"Print the spec instead of running it; kaon run takes it."`
	pythonFlag
	runFlags
}

func (c *sweepCmd) Help() string {
	return "kaon sweep lr=1e-5~0.1 batch=16,32,64 layers=1..8 -n 50 -m 'max accuracy' -- python train.py\n\n" +
		"Values: a,b,c is a list; 1..9 integers; 0..1..0.25 steps; 0.1~0.9 floats; 1e-6~1e-2, or :log behind " +
		"a range, by magnitude; " +
		"*.csv files; @FILE the lines of a file; quotes and :text make text. They come to the command as --lr=0.1 " +
		"at its end, or where {lr} stands in it."
}

func (c *sweepCmd) Run(ctx context.Context, typed *typedWords, out *output) error {
	words, command := typed.cut(c.Words)
	if !typed.dashes { // parameters end where a word is none
		for i, word := range words {
			if !inline.IsParameter(word) {
				words, command = words[:i], words[i:]
				break
			}
		}
	}
	spec := inline.Spec{Name: c.Name, Method: c.Method, Trials: c.Trials}
	if err := readInline(ctx, &spec, inline.Reader{Finite: c.Method == "grid"}, words); err != nil {
		return err
	}
	switch {
	case len(spec.Parameters) == 0:
		return usage(errors.New("there are no parameters: write NAME=VALUES before the command, as in: kaon sweep " +
			"lr=0.1,0.01 -- python train.py"))
	case c.Python != "" && len(command) > 0:
		return usage(errors.New("--python stands for the command: leave out what is behind the parameters"))
	case len(command) == 0 && c.Python == "":
		return usage(errors.New("there is no command: write -- and the program behind the parameters, as in: " +
			"kaon sweep lr=0.1,0.01 -- python train.py"))
	case c.Trials < 0:
		return usage(errors.New("--trials: there is at least one trial: write -n 50, or leave it out"))
	}
	if c.Metric != "" {
		m, err := inline.ParseMetric(c.Metric)
		if err != nil {
			return usage(err)
		}
		spec.Metric = m
	}
	var err error
	if c.Python != "" {
		if err := c.check(); err != nil {
			return err
		}
		metric := ""
		if spec.Metric != nil {
			metric = spec.Metric.Name
		}
		spec.Name = cmp.Or(spec.Name, c.title())
		spec.Command = inline.Command{Words: c.command(metric)}
	} else if spec.Command, err = typedCommand(command).With(spec.Parameters, inline.Flags); err != nil {
		return usage(err)
	}
	if c.Print {
		return c.printInline(ctx, out, spec, nil)
	}
	text, _ := spec.YAML()
	_, err = c.run(ctx, out, specFlags{Spec: inlineFile, Text: []byte(text)})
	return err
}
