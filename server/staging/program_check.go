package staging

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

// missingProgram refuses a command whose program would lie in the folder that trials start in, or in PATH
// on this machine, and does not, or that could not be started.
func (s *Stage) missingProgram(spec *sweep.Spec) error {
	folder := s.Place.WorkDir(spec)
	fetched := len(spec.Task.Fetch) > 0 || filepath.IsAbs(spec.Task.Dir) // it may come from elsewhere
	switch {
	case spec.Task.Container != nil:
		return nil
	case spec.Task.Code != "":
		if err := noCode(spec); err != nil {
			return err
		}
		folder = filepath.Join(spec.Folder(), filepath.FromSlash(spec.Task.Code))
	case folder == "":
		return nil
	}
	here := s.Place.Local && spec.Task.Env["PATH"] == ""
	for _, p := range spec.Command.Programs(s.Place.Interpreter) {
		var err error
		switch {
		case !p.Script && !strings.Contains(p.Name, "/"):
			if here {
				err = inPath(p)
			}
		case filepath.IsAbs(p.Name):
			if here {
				err = startable(p, p.Name)
			}
		case !fetched:
			err = startable(p, filepath.Join(folder, filepath.FromSlash(spec.Task.Dir), filepath.FromSlash(p.Dir),
				p.Name))
		}
		if err != nil {
			return fmt.Errorf("%s: the command runs %s, and %w", spec.File, p.Name, err)
		}
	}
	if spec.Then != nil && here {
		for _, p := range spec.Then.Command.Programs(s.Place.Interpreter) {
			if !p.Script && !strings.Contains(p.Name, "/") {
				if err := inPath(p); err != nil {
					return fmt.Errorf("%s: then: the command runs %s, and %w", spec.File, p.Name, err)
				}
			}
		}
	}
	return nil
}

// builtins are commands that a shell has itself.
var builtins = []string{
	".", ":", "alias", "bg", "break", "builtin", "caller", "cd", "command", "compgen", "continue",
	"declare", "dirs", "disown", "echo", "eval", "exec", "exit", "export", "false", "fc", "fg", "getopts",
	"hash", "help", "history", "jobs", "kill", "let", "local", "mapfile", "popd", "printf", "pushd",
	"pwd", "read", "readonly", "return", "set", "shift", "shopt", "source", "test", "time", "times",
	"trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait", "[",
}

// inPath says why a program that is named without a folder would not be found.
func inPath(p shell.Program) error {
	if p.Shell && (slices.Contains(builtins, p.Name) || os.Getenv("BASH_FUNC_"+p.Name+"%%") != "") {
		return nil
	}
	path := os.Getenv("PATH")
	for _, folder := range filepath.SplitList(path) {
		if folder == "" || !filepath.IsAbs(folder) {
			return nil // of wherever the trial is
		}
		info, err := os.Stat(filepath.Join(folder, p.Name))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return nil
		}
	}
	remedy := "install it, or write its path"
	if _, err := os.Stat(p.Name); err == nil {
		remedy = "for the file in this folder write ./" + p.Name
	}
	return fmt.Errorf("there is no %s in PATH (%s): %s", p.Name, path, remedy)
}

// startable says why a file could not be run.
func startable(p shell.Program, file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && filepath.IsAbs(p.Name):
		return fmt.Errorf("there is no such file: write the path of one that is there, or make it first")
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s: write its path relative to this spec, or make it first", file)
	case err != nil:
		return nil
	case info.IsDir():
		if p.Script { // Python runs folders with a __main__.py
			return nil
		}
		return fmt.Errorf("%s is a folder: name the program in it", file)
	case p.Script || !info.Mode().IsRegular():
		return nil
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("%s is not executable: `chmod +x %s`, or write the program that reads it before it, as "+
			"in [sh, %s]", file, shell.Quote(file), p.Name)
	}
	return firstLine(p, file)
}

// firstLine says why the kernel would not start a file: a text without #!, or whose #! names a program that
// is not there.
func firstLine(p shell.Program, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 512))
	if err != nil {
		return nil
	}
	line, script := bytes.CutPrefix(head, []byte("#!"))
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	switch {
	case !script && !p.Shell && text(head):
		return fmt.Errorf("%s is text without a #! line, which only a shell starts: begin it with #!/bin/sh, or "+
			"write [sh, %s]", file, p.Name)
	case !script || len(words) == 0:
		return nil
	case bytes.HasSuffix(line, []byte("\r")):
		return fmt.Errorf("the first line of %s ends as on Windows (CR LF), so that there is no such "+
			"interpreter: convert it with `sed -i 's/\\r$//' %s`", file, shell.Quote(file))
	case filepath.IsAbs(words[0]):
		if _, err := os.Stat(words[0]); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("its first line #!%s names a program that is not there: name another, or install it",
				strings.TrimSpace(string(line)))
		}
		if filepath.Base(words[0]) == "env" && len(words) > 1 && !strings.ContainsAny(words[1], "-=") {
			if err := inPath(shell.Program{Name: words[1]}); err != nil {
				return fmt.Errorf("its first line is #!%s, and %w", strings.TrimSpace(string(line)), err)
			}
		}
	}
	return nil
}

// text says whether a file that begins so is no program of a binary format.
func text(head []byte) bool {
	return bytes.IndexByte(head, 0) < 0 && !bytes.ContainsFunc(head[:min(len(head), 4)],
		func(r rune) bool { return r > '~' || r < ' ' && r != '\n' && r != '\t' })
}
