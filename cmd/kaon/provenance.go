package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/sweep"
)

// mostEffective bounds the effective spec in sweep.json, which every command reads.
const mostEffective = 1 << 20

// effectiveOf is the part of a sweep's provenance that its spec alone gives.
func effectiveOf(spec *sweep.Spec) (p store.Provenance) {
	if spec.Effective == nil {
		return p
	}
	text := withoutEnv(spec.Effective)
	for _, value := range secretsOf(spec) {
		inner := quoted(value)
		text = bytes.ReplaceAll(text, inner[1:len(inner)-1], []byte(hidden))
	}
	sum := sha256.Sum256(text)
	p.EffectiveHash = hex.EncodeToString(sum[:])
	if len(text) <= mostEffective {
		p.Effective = text
	}
	return p
}

// overridesOf is what was set besides the file, without secrets.
func overridesOf(spec *sweep.Spec) []string {
	var set []string
	for _, one := range spec.Overrides {
		set = append(set, withoutSecrets(one, spec))
	}
	return set
}

// unhide puts secrets of the environment back where overridesOf took them out: SECRET as a value stands for the variable that the
// key ends with.
func unhide(set []string) ([]string, error) {
	set = slices.Clone(set)
	for i, one := range set {
		key, value, _ := strings.Cut(one, "=")
		if !strings.Contains(value, hidden) {
			continue
		}
		name := key[strings.LastIndexByte(key, '.')+1:]
		now, ok := os.LookupEnv(name)
		if !ok || value != hidden {
			return set, fmt.Errorf("--set %s was a secret, which the results do not keep: set the environment variable %s to it", key, name)
		}
		set[i] = key + "=" + now
	}
	return set, nil
}

// thisRun is this process, as it begins to work on a sweep.
func thisRun(spec *sweep.Spec) store.Run {
	r := store.Run{Started: time.Now().UTC().Format(time.RFC3339Nano)}
	words := make([]string, 0, len(os.Args))
	for i, word := range os.Args {
		if i == 0 {
			word = "kaon"
		}
		words = append(words, sweep.Quote(withoutSecrets(word, spec)))
	}
	r.Command = strings.Join(words, " ")
	r.Dir, _ = os.Getwd()
	r.Host, _ = os.Hostname()
	if u, err := user.Current(); err == nil {
		r.User = u.Username
	}
	return r
}

// hidden stands for a secret.
const hidden = "SECRET"

// secretName is a variable whose value nobody wants in a record. TOKENIZERS_PARALLELISM is none.
var secretName = regexp.MustCompile(`(?i)(^|_)(secrets?|tokens?|pass|passw(or)?d|passphrase|pwd|credentials?|(api|access|private|secret|auth)_?keys?|apikey|auth)($|_)`)

// withoutSecrets is a word of a command line without the secrets of an address, of the spec, or of a variable whose name says
// that it is one.
func withoutSecrets(word string, spec *sweep.Spec) string {
	flag, text := "", word
	if name, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(name, "-") {
		flag, text = name+"=", value
	}
	key, _, ok := strings.Cut(text, "=")
	if env, name, _ := cutLast(key); ok && (env == "env" || strings.HasSuffix(env, ".env")) && secretName.MatchString(name) {
		text = key + "=" + hidden
	}
	for s := spec; s != nil; {
		for _, value := range secretsOf(s) {
			text = strings.ReplaceAll(text, value, hidden)
		}
		if s.Then == nil {
			break
		}
		s = s.Then.Next
	}
	if strings.Contains(text, "://") {
		text = mesos.Redact(text)
	}
	return flag + text
}

// cutLast splits a key of --set before its last part.
func cutLast(key string) (before, last string, found bool) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key, false
	}
	return key[:i], key[i+1:], true
}

// secretsOf are the values that a spec's trials get and nobody else: those of task.secrets, and of task.env what is named like one.
func secretsOf(spec *sweep.Spec) (values []string) {
	for _, name := range spec.Task.Secrets {
		values = append(values, os.Getenv(name))
	}
	for name, value := range spec.Task.Env {
		if secretName.MatchString(name) && !strings.Contains(value, "${") {
			values = append(values, value)
		}
	}
	values = slices.DeleteFunc(values, func(v string) bool { return len(v) < shortestSecret })
	slices.SortFunc(values, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) // one may hold another
	return values
}

func quoted(text string) []byte {
	q, _ := json.Marshal(text) // a string has a form
	return q
}

// withoutEnv hides in an effective spec the values of env whose names say that they are secrets.
func withoutEnv(effective []byte) []byte {
	var top struct {
		Task struct {
			Env map[string]json.RawMessage `json:"env"`
		} `json:"task"`
	}
	if json.Unmarshal(effective, &top) != nil {
		return effective
	}
	for name, value := range top.Task.Env {
		if secretName.MatchString(name) && !bytes.Contains(value, []byte("${")) {
			pair := append(quoted(name), ':')
			effective = bytes.ReplaceAll(effective, append(slices.Clone(pair), value...), append(pair, quoted(hidden)...))
		}
	}
	return effective
}

// gitPatience bounds how long git may take: a work tree on a slow disk must not hold a sweep up.
const gitPatience = 2 * time.Second

// gitOf is the state of the work tree that a folder is in; nil when it is in none, or git does not say.
func gitOf(ctx context.Context, folder string) *store.Git {
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", folder, "-c", "core.fsmonitor=false"}, args...)...)
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

// origin is where a sweep comes from as `kaon status --json` prints it.
type origin struct {
	File string   `json:"file,omitempty"`
	Set  []string `json:"set,omitempty"`
	store.Provenance
}

// printProvenance says where a sweep comes from.
func printProvenance(w io.Writer, p origin) {
	if len(p.Runs) > 0 {
		first, last := p.Runs[0], p.Runs[len(p.Runs)-1]
		fmt.Fprintf(w, "started %s by %s on %s in %s with: %s\n", moment(first.Started), first.User, first.Host, first.Dir, first.Command)
		if len(p.Runs) > 1 {
			fmt.Fprintf(w, "last worked on from %s to %s with: %s\n", moment(last.Started), moment(cmp.Or(last.Ended, "now or its death")), last.Command)
		}
	}
	for _, set := range p.Set {
		fmt.Fprintf(w, "set: %s\n", set)
	}
	if p.File != "" {
		commit := ""
		if g := p.Git; g != nil {
			commit = ", at commit " + g.Commit[:min(len(g.Commit), 12)]
			if g.Dirty {
				commit += " with changes"
			}
		}
		fmt.Fprintf(w, "spec: %s%s, kaon %s\n", p.File, commit, p.Kaon)
	}
}

// moment is a time for people, where it is one.
func moment(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return at.Local().Format(time.DateTime)
}
