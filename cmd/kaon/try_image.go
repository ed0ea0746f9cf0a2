package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/executor"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
)

// inImage runs a trial in its image by `docker run`, or prints how.
func (c *tryCmd) inImage(
	ctx context.Context, out *output, image *sweep.Container, p executor.Prepared, devices []string,
) error {
	if err := openToAll(p); err != nil {
		return err
	}
	if c.Print {
		printDocker(out.stdout, p, dockerRun(image, p, p.Argv, devices, false))
		return nil
	}
	engine, err := docker.Open(ctx)
	if err != nil {
		return unreachable(fmt.Errorf("the trial runs in the image %s: %w; --print shows the `docker run` of it",
			image.Image, err))
	}
	_ = engine.Close()
	argv := p.Argv
	if c.Shell {
		argv = []string{"/bin/sh"}
	}
	fmt.Fprintf(out.stderr, "kaon: by hand, in the image %s; its files: %s\n", image.Image, p.Folder)
	words := dockerRun(image, p, argv, devices, term.IsTerminal(int(os.Stdin.Fd())) &&
		term.IsTerminal(int(os.Stdout.Fd())))
	here := executor.Prepared{Env: os.Environ()}
	for name, value := range p.Private {
		here.Env = append(here.Env, name+"="+value)
	}
	return start(ctx, words, here)
}

// dockerRun is the command that runs a trial in its image as the executor in it does. Secrets are variables of the
// command's own environment: a command line can be read by every user.
func dockerRun(image *sweep.Container, p executor.Prepared, argv, devices []string, terminal bool) []string {
	words := []string{"docker", "run", "--rm", "--interactive"}
	if terminal {
		words = append(words, "--tty")
	}
	if image.Pull == sweep.PullAlways {
		words = append(words, "--pull", "always")
	}
	words = append(words, "--network", cmp.Or(image.Network, sweep.NetworkHost), "--user", cmp.Or(p.User, "0:0"))
	words = append(words, devices...)
	for _, u := range image.Ulimits {
		words = append(words, "--ulimit", u.String())
	}
	if image.ShmMB > 0 {
		words = append(words, "--shm-size", strconv.FormatInt(image.ShmMB, 10)+"m")
	}
	for _, v := range image.Volumes {
		mode := ""
		if v.ReadOnly {
			mode = ":ro"
		}
		words = append(words, "--volume", v.Host+":"+v.Path+mode)
	}
	words = append(words, "--mount", mountWord(p.Folder))
	if _, err := os.Stat(p.Store); err == nil {
		words = append(words, "--mount", mountWord(p.Store, "readonly"))
	}
	if p.Dir != "." {
		words = append(words, "--workdir", p.Dir)
	}
	for _, pair := range p.Env {
		name, _, _ := strings.Cut(pair, "=")
		if _, secret := p.Private[name]; secret {
			pair = name
		}
		words = append(words, "--env", pair)
	}
	words = append(words, "--entrypoint", argv[0], image.Image)
	return append(words, argv[1:]...)
}

// openToAll lets the image's users read and write an attempt's files, as they may have numbers that nobody has here.
// The folder around them is closed to others.
func openToAll(p executor.Prepared) error {
	for folder, write := range map[string]fs.FileMode{p.Folder: 0o222, p.Store: 0} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil || d.Type()&fs.ModeSymlink != 0 {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			mode := info.Mode().Perm() | 0o444 | write
			if d.IsDir() || mode&0o100 != 0 {
				mode |= 0o111
			}
			return os.Chmod(path, mode)
		})
		if err != nil {
			return fmt.Errorf("open the attempt's files to the image's users: %w", err)
		}
	}
	return nil
}

// printDocker writes the command as a script.
func printDocker(w io.Writer, p executor.Prepared, words []string) {
	fmt.Fprintf(w, "#!/bin/sh\n# its files are in %s\nset -e\n", p.Folder)
	for _, name := range slices.Sorted(maps.Keys(p.Private)) {
		fmt.Fprintf(w, ": \"${%[1]s:?is a secret of the sweep: set it}\"; export %[1]s\n", name)
	}
	fmt.Fprintf(w, "exec %s\n", plan.CommandLine(sweep.Expansion{Argv: words}))
}

// mountWord says to docker that a folder is to be seen in the container where it is, whatever its name: the option
// is a line of CSV.
func mountWord(folder string, more ...string) string {
	var text strings.Builder
	w := csv.NewWriter(&text)
	words := append([]string{"type=bind", "source=" + folder, "target=" + folder}, more...)
	_ = w.Write(words) // a Builder refuses nothing
	w.Flush()
	return strings.TrimSuffix(text.String(), "\n")
}
