package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/foreign"
)

var (
	hydraName   = regexp.MustCompile(`config_name\s*=\s*r?["']([^"'\n]*)["']`)
	hydraNamed  = regexp.MustCompile(`(?:^|\s)(?:--config-name|-cn)[= ]'?"?([^\s'"]+)`)
	hydraChoice = regexp.MustCompile(`(?:^|\s)\+{0,2}([A-Za-z_][\w/]*)=([\w/.-]+)(?:\s|$)`)
	hydraKey    = regexp.MustCompile(`(?:^|\s)\+{0,2}([A-Za-z_][\w./@-]*)=`)
)

// maxHydra is how many configurations are looked at.
const maxHydra = 64

// withConfigured puts before the overrides those of the sweeper that stand in the program's configurations: the one
// that its decorator names, those that this one has by default, and those that the overrides choose. What is typed
// wins, as with Hydra.
func (f hydraFlag) withConfigured(program string, lenient bool) (overrides string, left []*sweep.Error, err error) {
	folder := f.folder(program)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return f.Hydra, nil, nil
	}
	names := f.configurations(folder, program)
	typed := map[string]bool{}
	for _, m := range hydraKey.FindAllStringSubmatch(f.Hydra, -1) {
		typed[m[1]] = true
	}
	values := map[string]string{}
	var keys []string
	for _, name := range names {
		file := filepath.Join(folder, filepath.FromSlash(name)+".yaml")
		src, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, fmt.Errorf("read Hydra's configuration: %w", err)
		}
		h, err := foreign.ReadHydra(file, src, lenient, typed)
		if err != nil {
			return "", nil, err
		}
		if h == nil {
			continue
		}
		left = append(left, h.Left...)
		for _, o := range h.Overrides {
			key, value, _ := strings.Cut(o, "=")
			if typed[strings.TrimLeft(key, "+")] {
				continue
			}
			if _, had := values[key]; !had {
				keys = append(keys, key)
			}
			values[key] = value
		}
	}
	words := []string{}
	for _, key := range keys {
		words = append(words, key+"="+values[key])
	}
	return strings.TrimSpace(strings.Join(append(words, f.Hydra), " ")), left, nil
}

// configurations are the names of the files to look at, each below the folder, those that win last.
func (f hydraFlag) configurations(folder, program string) (names []string) {
	primary := ""
	if text, err := os.ReadFile(program); err == nil && filepath.Ext(program) == ".py" {
		if m := hydraName.FindSubmatch(text); m != nil {
			primary = string(m[1])
		}
	}
	if m := hydraNamed.FindStringSubmatch(f.Hydra); m != nil {
		primary = m[1]
	}
	add := func(name string) {
		name = strings.TrimSuffix(name, ".yaml")
		if name != "" && filepath.IsLocal(name) && !slices.Contains(names, name) && len(names) < maxHydra {
			names = append(names, name)
		}
	}
	if primary != "" {
		file := filepath.Join(folder, filepath.FromSlash(strings.TrimSuffix(primary, ".yaml"))+".yaml")
		if src, err := os.ReadFile(file); err == nil {
			if defaults, err := foreign.HydraDefaults(file, src); err == nil {
				for _, name := range defaults {
					add(name)
				}
			}
		}
		add(primary)
	}
	for _, m := range hydraChoice.FindAllStringSubmatch(" "+strings.ReplaceAll(f.Hydra, " ", "  ")+" ", -1) {
		add(path.Join(m[1], m[2]))
	}
	return names
}
