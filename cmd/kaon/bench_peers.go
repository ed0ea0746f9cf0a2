package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/kaon-sweep/kaon/bench"
)

// peerFlags say where Python finds the peers of kaon bench local.
type peerFlags struct {
	Peers  bool   `help:"Install HyperQueue and Ray Tune from PyPI for it, into a folder of this user's cache."`
	Python string `type:"existingfile" placeholder:"PATH" help:"A Python that has hyperqueue and ray, instead of the one that --peers made or python3."`
}

// python is the Python that may have the peers: the given one, the one that --peers makes or has made, or any; empty:
// there is none.
func (c *peerFlags) python(ctx context.Context, out *output) (string, error) {
	if c.Python != "" && c.Peers {
		return "", usage(errors.New("--peers makes a Python of its own: leave it or --python out"))
	}
	if c.Python != "" {
		return filepath.Abs(c.Python)
	}
	cache, err := os.UserCacheDir()
	if err != nil && c.Peers {
		return "", usage(fmt.Errorf("--peers: find this user's cache: %w", err))
	}
	made := filepath.Join(cache, "kaon", "bench-peers")
	own := filepath.Join(made, "bin", "python3")
	if c.Peers {
		return own, installPeers(ctx, out, made, own)
	}
	if _, missing := os.Stat(own); err == nil && missing == nil {
		return own, nil
	}
	if any, err := exec.LookPath("python3"); err == nil {
		return any, nil
	}
	return "", nil
}

// installPeers makes a virtual environment and installs the peers into it; those that are there are left alone.
func installPeers(ctx context.Context, out *output, folder, python string) error {
	fmt.Fprintf(out.stderr, "kaon: installing %v from PyPI into %s\n", bench.PeerPackages, folder)
	for _, argv := range [][]string{
		{"python3", "-m", "venv", folder},
		append([]string{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"},
			bench.PeerPackages...),
	} {
		if said, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
			return usage(fmt.Errorf("--peers: %v: %w\n%s\nremove %s and try again, or leave --peers out", argv, err,
				said, folder))
		}
	}
	return nil
}
