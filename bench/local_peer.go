package bench

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// The programs that drive peers which have no command of their own, from bench/peers.
var (
	//go:embed peers/local_hyperqueue.py
	hyperqueueProgram []byte
	//go:embed peers/local_ray.py
	rayProgram []byte
)

// localPeer is a program that runs `true` many times.
type localPeer struct {
	name    string
	version string
	absent  string // why it cannot be measured; empty: it can
	trials  int
	command func(ctx context.Context, folder string) *exec.Cmd // which may use an empty folder
}

// PeerPackages are the packages of peers on PyPI, for whoever makes a Python for LocalConfig.
var PeerPackages = []string{"hyperqueue", "ray[tune]"}

// PeerNames are what LocalConfig.Only may name.
var PeerNames = []string{xargsName, "parallel", "hyperqueue", "ray"}

// peers are kaon and those that were asked for, absent ones too.
func (cfg LocalConfig) peers(ctx context.Context) ([]localPeer, error) {
	for _, name := range cfg.Only {
		if !slices.Contains(PeerNames, name) {
			return nil, fmt.Errorf("%w: %q; the peers are %s", ErrUnknownPeer, name, strings.Join(PeerNames, ", "))
		}
	}
	file, err := cfg.sweepOfTrue()
	if err != nil {
		return nil, err
	}
	all := []localPeer{
		{name: kaonName, version: cfg.Version, trials: cfg.Trials,
			command: func(ctx context.Context, folder string) *exec.Cmd {
				cmd := exec.CommandContext(ctx, cfg.Kaon, "run", file, "--quiet", "--results",
					filepath.Join(folder, "results"))
				// This user's other runs share the machine with it elsewhere; it is measured as if there were none
				cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+folder)
				return cmd
			}},
		cfg.lines(ctx, xargsName, "findutils", "xargs", "-P"+atOnceText, "-n1", "true"),
		cfg.lines(ctx, "parallel", "parallel", "parallel", "-j"+atOnceText, "true"),
	}
	python := []struct {
		name, module string
		program      []byte
		trials       int
	}{{"hyperqueue", "hyperqueue", hyperqueueProgram, cfg.Trials},
		{"ray", "ray.tune", rayProgram, min(cfg.Trials, cfg.Few)}}
	for _, p := range python {
		if len(cfg.Only) > 0 && !slices.Contains(cfg.Only, p.name) {
			continue // looking for it takes seconds
		}
		peer, err := cfg.python(ctx, p.name, p.module, p.program, p.trials)
		if err != nil {
			return nil, err
		}
		all = append(all, peer)
	}
	if len(cfg.Only) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(p localPeer) bool {
		return p.name != kaonName && !slices.Contains(cfg.Only, p.name)
	}), nil
}

var atOnceText = strconv.Itoa(runtime.NumCPU())

// lines is a program that runs `true` for every line of its standard input.
func (cfg LocalConfig) lines(ctx context.Context, name, pack string, argv ...string) localPeer {
	p := localPeer{name: name, trials: cfg.Trials}
	said, err := exec.CommandContext(ctx, argv[0], "--version").Output()
	first, _, _ := strings.Cut(string(said), "\n")
	switch {
	case err != nil:
		p.absent = fmt.Sprintf("there is no %s here: install the package %s", argv[0], pack)
	case !strings.Contains(string(said), "GNU"):
		p.absent = fmt.Sprintf("%s is not GNU's: install the package %s", argv[0], pack)
	default:
		words := strings.Fields(first)
		p.version = words[len(words)-1]
	}
	numbers := cfg.numbers()
	p.command = func(ctx context.Context, folder string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Dir, cmd.Stdin = folder, bytes.NewReader(numbers)
		return cmd
	}
	return p
}

// python is a peer that a Python program drives.
func (cfg LocalConfig) python(
	ctx context.Context, name, module string, program []byte, trials int,
) (localPeer, error) {
	p := localPeer{name: name, trials: trials, absent: "there is no Python with it: give --peers to install it"}
	if cfg.Python == "" {
		return p, nil
	}
	root, _, _ := strings.Cut(module, ".")
	said, err := exec.CommandContext(ctx, cfg.Python, "-c",
		"import importlib.metadata as m, "+module+"; print(m.version('"+root+"'))").Output()
	if p.version = strings.TrimSpace(string(said)); err != nil || p.version == "" {
		return p, nil
	}
	file := filepath.Join(cfg.Scratch, "peer_"+name+".py")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		return p, fmt.Errorf("write the program of %s: %w", name, err)
	}
	p.absent = ""
	p.command = func(ctx context.Context, folder string) *exec.Cmd {
		return exec.CommandContext(ctx, cfg.Python, file, strconv.Itoa(trials), atOnceText,
			filepath.Join(folder, "peer"))
	}
	return p, nil
}
