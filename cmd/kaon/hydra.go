package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/inline"
)

// hydraFlag has a program of Hydra's be swept by the overrides that it would have behind -m.
type hydraFlag struct {
	Hydra string `placeholder:"OVERRIDES" help:"Of a program of Hydra's, in the place of a sweep file: sweep what it would behind -m, as 'lr=0.1,0.2 model=glob(*)'; -m alone (--hydra=-m): what its configurations say below hydra.sweeper."`
}

// spec is what the overrides, and the configurations, make of a program. Left is what was left out.
func (f hydraFlag) spec(program string, lenient bool) (spec []byte, left []*sweep.Error, err error) {
	if program == "" {
		return nil, nil, fmt.Errorf("--hydra: there is no program: write it behind, as in: kaon run --hydra " +
			"'lr=0.1,0.2' train.py")
	}
	words := []string{program}
	if filepath.Ext(program) == ".py" {
		words = []string{"python3", program}
	}
	h := inline.Hydra{Program: words, Groups: func(group string, include, exclude []string) ([]string, error) {
		return hydraGroup(f.folder(program), group, include, exclude)
	}}
	overrides, left, err := f.withConfigured(program, lenient)
	if err != nil {
		return nil, nil, err
	}
	text, err := h.YAML(overrides, typedAs())
	return []byte(text), left, err
}

var (
	hydraPath   = regexp.MustCompile(`config_path\s*=\s*r?["']([^"'\n]*)["']`)
	hydraFolder = regexp.MustCompile(`(?:^|\s)(?:--config-dir|--config-path|-cd|-cp)[= ]'?"?([^\s'"]+)`)
)

// folder is where the program has its configurations: as the overrides say, or its decorator.
func (f hydraFlag) folder(program string) string {
	if m := hydraFolder.FindStringSubmatch(f.Hydra); m != nil {
		return m[1]
	}
	folder := filepath.Dir(program)
	if text, err := os.ReadFile(program); err == nil {
		if m := hydraPath.FindSubmatch(text); m != nil {
			return filepath.Join(folder, string(m[1]))
		}
	}
	return folder
}

// hydraGroup lists the configurations of a group that patterns stand for.
func hydraGroup(folder, group string, include, exclude []string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(folder, filepath.FromSlash(group)))
	if err != nil {
		return nil, fmt.Errorf("list the configurations of the group: %w", err)
	}
	matches := func(patterns []string, name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			ok, err := path.Match(p, name)
			return ok && err == nil
		})
	}
	var names []string
	for _, e := range entries {
		name, yaml := strings.CutSuffix(e.Name(), ".yaml")
		if !yaml || e.IsDir() || !matches(include, name) || matches(exclude, name) {
			continue
		}
		names = append(names, name)
	}
	return names, nil
}
