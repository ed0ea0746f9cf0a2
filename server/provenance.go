package server

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

// thisRun is this process, started by a command, as it begins to work on a sweep.
func thisRun(command []string, spec *sweep.Spec) store.Run {
	r := store.Run{Started: time.Now().UTC().Format(time.RFC3339Nano)}
	words := make([]string, 0, len(command))
	for _, word := range command {
		words = append(words, shell.Quote(manifest.WithoutSecrets(word, spec)))
	}
	r.Command = strings.Join(words, " ")
	r.Dir, _ = os.Getwd()
	r.Host, _ = os.Hostname()
	if u, err := user.Current(); err == nil {
		r.User = u.Username
	}
	return r
}

// gitPatience bounds how long git may take: a work tree on a slow disk must not hold a sweep up.
const gitPatience = 2 * time.Second

// workTrees are the states of work trees, by folder.
var workTrees recent[string, *store.Git]

// gitOf is the state of the work tree that a folder is in, now or a moment ago; nil when it is in none, or git does not
// say.
func gitOf(ctx context.Context, folder string) *store.Git {
	tree, _ := workTrees.get(folder, func() (*store.Git, error) {
		return askGit(ctx, folder), ctx.Err()
	})
	return tree
}

func askGit(ctx context.Context, folder string) *store.Git {
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git",
			append([]string{"-C", folder, "-c", "core.fsmonitor=false"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
		cmd.WaitDelay = 100 * time.Millisecond
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	commit, err := git("rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil || commit == "" {
		return nil
	}
	changed, err := git("status", "--porcelain", "--untracked-files=no", "--", ".")
	if err != nil {
		return nil
	}
	return &store.Git{Commit: commit, Dirty: changed != ""}
}
