package main

import (
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const top = "../.."

// blocks are the fenced blocks of a page in one language.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, found := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, found[1])
	}
	if len(out) == 0 {
		t.Fatalf("%s has no block of %s", page, language)
	}
	return out
}

// The tour of the README, typed from top to bottom into one shell in a fresh copy of the tree.
func TestReadme(t *testing.T) {
	t.Parallel()
	want(t, "make")
	want(t, "bash")
	want(t, "python3")
	p := newPlace(t)
	p.copyTree()
	script := strings.Join(blocks(t, "README.md", "sh"), "\n")
	_, port, err := net.SplitHostPort(closedPort(t))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(script, ":15050") {
		t.Error("the README starts a cluster at another port than 15050")
	}
	cmd := exec.Command("bash")
	cmd.Stdin = strings.NewReader("set -e\n" + strings.ReplaceAll(script, ":15050", ":"+port) + "\n")
	cmd.Dir, cmd.Env = p.dir, p.environ()
	const building = 8 * time.Minute // all of the module from nothing, on a busy machine
	r := p.launch(cmd).within(building).ends(exitDone)
	r.prints(
		"digits: tpe search over 6 parameters, 240 trials",
		"27/27 trials", "winner: trial 17, bytes 51573", "--order=label --level=9", "bytes=65019",
		`"trials":{"total":8,"succeeded":8`,
		"with 2 agents", "on Mesos at 127.0.0.1:"+port,
		"refused with exit code 2",
		"roomy-mixed",
	)
	r.says("unknown key `gaol`", "did you mean `goal`?")
	if info, err := os.Stat(filepath.Join(p.dir, "trials.parquet")); err != nil || info.Size() == 0 {
		t.Errorf("trials.parquet: %v", err)
	}
	if n := strings.Count(r.stdout, "winner: trial 17"); n < 3 {
		t.Errorf("the winner is named %d times, want the same from both clusters and from best:\n%s", n, r.stdout)
	}
}

// What the README begins with is the example as it is, and what a run of it prints.
func TestReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	want(t, "gzip")
	p := newPlace(t)
	p.examples()
	file, err := os.ReadFile(filepath.Join(top, "examples/shell/sweep.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if spec := blocks(t, "README.md", "yaml")[0]; !strings.HasSuffix(string(file), spec) {
		t.Errorf("the README shows another spec than examples/shell/sweep.yaml:\n%s", spec)
	}
	r := p.kaon("run", "examples/shell/sweep.yaml").ends(exitDone)
	readme, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "\n```\n$ kaon run examples/shell/sweep.yaml\n")
	shown, _, _ = strings.Cut(shown, "```")
	unlike := regexp.MustCompile(`compress-\w+|after \S+ s`) // another name and another time each run
	said := unlike.ReplaceAllString(r.stdout+r.stderr, "…")
	for line := range strings.Lines(unlike.ReplaceAllString(shown, "…")) {
		if line = strings.TrimSuffix(line, "\n"); !strings.Contains(said, line) {
			t.Errorf("the README shows the line %q, which is not in:\n%s", line, said)
		}
	}
	if strings.Count(shown, "\n") < 4 {
		t.Errorf("the README shows no run: %q", shown)
	}
}

// copyTree puts the sources into the place, without what was built or computed.
func (p place) copyTree() {
	p.t.Helper()
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		switch name {
		case ".git", "bin", "kaon-results", "kaon-cluster":
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil // .git is a file in a worktree
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(p.dir, name), 0o755)
		}
		return os.CopyFS(filepath.Join(p.dir, filepath.Dir(name)), one{os.DirFS(filepath.Dir(path)), d.Name()})
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// one is a file system of one file of another.
type one struct {
	fs.FS
	name string
}

func (o one) ReadDir(string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(o.FS, ".")
	for _, e := range all {
		if e.Name() == o.name {
			return []fs.DirEntry{e}, err
		}
	}
	return nil, err
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

func TestLinksResolve(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	readmes, _ := filepath.Glob(filepath.Join(top, "examples", "*", "README.md"))
	pages = append(append(pages, readmes...), filepath.Join(top, "README.md"), filepath.Join(top, "CONTRIBUTING.md"), filepath.Join(top, "CHANGELOG.md"))
	checked := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			checked++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), found[1])); err != nil {
				t.Errorf("%s: link to %s leads nowhere", page, found[1])
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d links found", checked)
	}
}

// The snippets of docs/trial.md are trials.
func TestSnippetsReport(t *testing.T) {
	for language, program := range map[string]string{"sh": "sh", "python": "python3"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			want(t, program)
			p := newPlace(t)
			for _, snippet := range blocks(t, "docs/trial.md", language) {
				p.write("snippet", snippet)
				got := contract(t, p.fed("metric: {name: loss, goal: minimize}\nmethod: grid\nparameters: {x: {value: 1}}\n"+
					"command: ["+program+", snippet]\n", "run", "-", "--json").ends(exitDone))
				if got.Best == nil || got.Best.Value != 0.5 {
					t.Errorf("snippet of %s: best is %+v, want 0.5", language, got.Best)
				}
			}
		})
	}
}
