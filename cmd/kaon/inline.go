package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/inline"
)

// typedWords is how the words of a command that takes any number of them were typed. The parser takes words in one
// piece only, and drops the -- among them.
type typedWords struct {
	dashes bool // there was a --
	behind int  // how many words stood behind it
}

// gather puts the words of `sweep` and `map` behind all flags, wherever they stood.
func (t *typedWords) gather(root *kong.Node, args []string) []string {
	if len(args) == 0 || args[0] != "sweep" && args[0] != "map" {
		return args
	}
	node := child(root, args[0])
	head, tail := args[1:], []string(nil)
	if at := slices.Index(args, "--"); at >= 0 {
		head, tail, t.dashes = args[1:at], args[at+1:], true
		t.behind = len(tail)
	}
	flags, words := []string{args[0]}, []string(nil)
	for i := 0; i < len(head); i++ {
		word := head[i]
		if !strings.HasPrefix(word, "-") {
			words = append(words, word)
			continue
		}
		flags = append(flags, word)
		if f := flagNamed(node, word); f != nil && !f.IsBool() && i+1 < len(head) {
			i++
			flags = append(flags, head[i])
		}
	}
	return slices.Concat(flags, []string{"--"}, words, tail)
}

// cut is the words before the -- and those behind it.
func (t *typedWords) cut(words []string) (before, behind []string) {
	return words[:len(words)-t.behind], words[len(words)-t.behind:]
}

// readInline reads parameters, with files and patterns of the working directory.
func readInline(ctx context.Context, spec *inline.Spec, r inline.Reader, words []string) error {
	r.Read, r.Glob = func(name string) ([]byte, error) { return readValues(ctx, name) }, globFiles
	for _, word := range words {
		p, err := r.Parameter(word)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			err = spec.Add(p)
		}
		if err != nil {
			return usage(err)
		}
	}
	return nil
}

// readValues reads the file behind an @.
func readValues(ctx context.Context, name string) ([]byte, error) {
	data, err := readNamed(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read values: %w", err)
	}
	return data, nil
}

// globFiles expands a pattern as a shell does: in order, and hidden files only for a pattern that begins with a dot.
func globFiles(pattern string) ([]string, error) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	wanted := strings.Split(pattern, "/")
	found = slices.DeleteFunc(found, func(name string) bool {
		for i, part := range strings.Split(name, "/") {
			if i < len(wanted) && strings.HasPrefix(part, ".") && !strings.HasPrefix(wanted[i], ".") {
				return true
			}
		}
		return false
	})
	slices.Sort(found)
	return found, nil
}

// typedCommand is a command of words, or, where one word holds all of it, text for the shell.
func typedCommand(words []string) inline.Command {
	if len(words) == 1 {
		if _, err := os.Stat(words[0]); err != nil && strings.ContainsAny(words[0], " \t\n|&;<>$*?'\"") {
			return inline.Command{Shell: words[0]}
		}
	}
	return inline.Command{Words: words}
}

// printInline prints the spec with all that flags change of it, for `kaon run` to take.
func (c *runFlags) printInline(ctx context.Context, out *output, spec inline.Spec, more []inline.Setting) error {
	spec.Comment = typedAs()
	text, _ := spec.YAML(more...)
	run, err := c.parse(ctx, specFlags{Spec: inlineFile, Text: []byte(text)})
	if err != nil {
		return err
	}
	for _, set := range c.changed(specFlags{}).Set {
		path, value, _ := strings.Cut(set, "=") // it was parsed a moment ago
		more = append(more, inline.Setting{Path: strings.TrimSpace(path), Value: strings.TrimSpace(value)})
	}
	if c.Seed != nil {
		more = append(more, inline.Setting{Path: "seed", Value: fmt.Sprint(*c.Seed)})
	}
	text, bad := spec.YAML(more...)
	kept, err := sweep.Parse(inlineFile, []byte(text))
	if bad != nil || err != nil || string(kept.Effective) != string(run.Effective) {
		why := "these --set cannot be written into the spec"
		if bad != nil {
			why = fmt.Sprintf("--set %s=%s cannot be written into the spec", bad.Path, bad.Value)
		}
		return usage(errors.New(why + ": leave it out here and give it to `kaon run`"))
	}
	_, err = io.WriteString(out.stdout, text)
	return err
}
