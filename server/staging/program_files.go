package staging

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// checkProgram refuses a command that names a file beside the spec when trials start where that file is not.
func (s *Stage) checkProgram() error {
	spec := s.Spec
	if err := s.missingProgram(spec); err != nil {
		return err
	}
	if spec.Task.Code != "" || spec.Task.Container != nil || s.Place.WorkDir(spec) != "" {
		return nil
	}
	for _, word := range programs(spec.Command) {
		info, err := os.Stat(filepath.Join(spec.Folder(), word))
		if err == nil && info.Mode().IsRegular() {
			return fmt.Errorf("%s: the command names %s, which is on this machine and not on the agents: add `task: "+
				"{code: .}` to send this folder along, or `task: {image: …}` with the program in it", spec.File, word)
		}
	}
	return nil
}

// namesFiles tells whether the command, or that of a sampler, names files that lie beside the spec.
func namesFiles(spec *sweep.Spec) bool {
	words := programs(spec.Command)
	if spec.Sampler != nil {
		words = append(words, spec.Sampler.Command...)
	}
	for _, word := range words {
		if _, err := os.Stat(filepath.Join(spec.Folder(), word)); err == nil {
			return true
		}
	}
	return false
}

// NeedsFolder tells whether a spec names anything beside itself.
func NeedsFolder(spec *sweep.Spec) bool {
	if spec.File == "-" {
		return false
	}
	if spec.Task.Code != "" {
		return true
	}
	for _, input := range spec.Task.Fetch {
		if !strings.Contains(input.URL, "://") {
			return true
		}
	}
	return namesFiles(spec)
}

// programs are the words of a command that look like files relative to the spec.
func programs(c sweep.Command) []string {
	words := slices.Clone(c.Argv)
	if c.Shell != "" {
		words = strings.Fields(c.Shell)
	}
	words = append(words, c.Program)
	var out []string
	for i, w := range words {
		w = strings.Trim(w, `"';&|()`)
		bare := !strings.Contains(w, "/") && (i == 0 || !strings.Contains(w, "."))
		if w == "" || filepath.IsAbs(w) || strings.ContainsAny(w, "$*{") || bare && w != c.Program {
			continue
		}
		out = append(out, w)
	}
	return out
}
