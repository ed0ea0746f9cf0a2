package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every metric that the code names (fields of benchmarks' results look alike, and are none) stands in docs/metrics.md, and every variable that S3 is found by in docs/operate.md.
func TestDocsNameEveryMetricAndVariable(t *testing.T) {
	doc, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	named, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("[\"`](kaon_(?:scheduler|journal|results|mesos|executor|api|webhook)_[a-z_]+)|(AWS_[A-Z0-9_]+)")
	ambient := []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} // set by AWS on its machines
	found := 0
	err = filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/bench/") {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, m := range name.FindAllSubmatch(text, -1) {
			metric, variable := m[1], m[2]
			if len(metric) > 0 && !bytes.HasSuffix(metric, []byte("_")) {
				found++
				if !bytes.Contains(named, metric) {
					t.Errorf("%s: docs/metrics.md does not name the metric %s", file, metric)
				}
			}
			if len(variable) > 0 && strings.Contains(file, "results/bucket/s3/") && !bytes.Contains(doc, variable) &&
				!strings.Contains(strings.Join(ambient, " "), string(variable)) {
				t.Errorf("%s: docs/operate.md does not name %s", file, variable)
			}
		}
		return nil
	})
	if err != nil || found < 20 {
		t.Fatalf("%d metrics found: %v", found, err)
	}
}

// The steps of docs/operate.md, typed from top to bottom into one shell: a sweep outlives the backup, the move and the upgrade of its server.
func TestOperate(t *testing.T) {
	t.Parallel()
	want(t, "bash")
	want(t, "tar")
	p := newPlace(t)
	p.write("sweep.yaml", strings.ReplaceAll(slowSpec, "! -e go", "! -e restored/state/serve/journal.db"))
	self, err := os.Executable()
	if err == nil {
		err = os.MkdirAll(filepath.Join(p.dir, "bin"), 0o755)
	}
	if err == nil {
		err = os.Symlink(self, filepath.Join(p.dir, "bin", "kaon"))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash")
	cmd.Stdin = strings.NewReader("set -ex\n" + strings.Join(blocks(t, "docs/operate.md", "sh"), "\n"))
	cmd.Dir, cmd.Env = p.dir, append(p.environ(), "PATH="+filepath.Join(p.dir, "bin")+":"+os.Getenv("PATH"))
	r := p.launch(cmd).within(patience).ends(exitDone)
	r.prints("winner: trial 1, loss 1", "ok    results: write and read", "ok    server: answer", "nightly")
	p.alone()
}
