package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// specFlags name a spec and what is changed of it.
type specFlags struct {
	Spec string   `arg:"" optional:"" help:"Sweep file; - reads it from standard input."`
	Set  []string `placeholder:"KEY=VALUE" sep:"none" help:"Override a key of the spec by its path, as in --set parameters.lr.max=0.5; may be repeated."`
	Seed *uint64  `placeholder:"N" help:"Seed of the search, instead of the spec's."`
	Text []byte   `kong:"-"` // the spec, where there is no file; nil: there is one

	foreignFlags
}

// inlineFile is what a spec that was typed is called where errors name a file. Its folder is the working directory.
const inlineFile = "command line"

// maxSpec is more than Parse accepts, so that Parse says what is wrong with a larger file.
const maxSpec = 64 << 20

// parse reads and checks the spec. The error of a bad one is all its problems on one screen.
func (f specFlags) parse(ctx context.Context) (*sweep.Spec, error) {
	src, err := f.Text, error(nil)
	if src == nil {
		src, err = readSpec(ctx, f.Spec)
	}
	if err != nil {
		return nil, usage(err)
	}
	from, err := f.translate(f.Spec, src, f.Set)
	if err != nil {
		return nil, usage(err)
	}
	if from != nil {
		src = from.Text
	}
	set := f.Set
	if f.Seed != nil {
		set = append(slices.Clone(set), fmt.Sprintf("seed=%d", *f.Seed))
	}
	options := []sweep.Option{sweep.WithSet(set...), state.WithFilesBeside(f.Spec), sweep.WithEnvironment(os.LookupEnv)}
	spec, err := sweep.Parse(f.Spec, src, options...)
	if from != nil {
		err = from.Relocate(err)
	}
	if err != nil {
		return nil, usage(err)
	}
	if from != nil {
		spec.Warnings = from.Warnings(spec.Warnings)
	}
	return spec, nil
}
