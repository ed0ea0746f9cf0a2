package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/foreign"
)

// foreignFlags say how another tool's experiment is read.
type foreignFlags struct {
	Lenient   bool   `help:"Of another tool's experiment: leave out what cannot be carried, and say so, instead of refusing it."`
	Operation string `placeholder:"NAME" help:"Of a project of Guild AI: the operation to run, by its name or as MODEL:NAME."`
}

// translate writes another tool's experiment as a sweep file, to which set is added; nil: it is none.
func (f foreignFlags) translate(file string, src []byte, set []string) (*foreign.Translation, error) {
	typed := slices.ContainsFunc(set, func(s string) bool { return strings.HasPrefix(s, "parameters") })
	options := foreign.Options{Lenient: f.Lenient, Operation: f.Operation, Typed: typed, Read: beside(file)}
	from, err := foreign.Translate(file, src, options)
	if err == nil && f.Operation != "" && (from == nil || from.Tool != foreign.Guild) {
		return nil, fmt.Errorf("--operation is for a project of Guild AI, and %s is none", file)
	}
	return from, err
}

// beside reads files that an experiment names.
func beside(file string) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		return os.ReadFile(path)
	}
}
