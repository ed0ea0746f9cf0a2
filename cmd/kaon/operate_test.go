package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every metric that the code names (fields of benchmarks' results look alike, and are none) stands in docs/operate.md, and so does every variable that S3 is found by.
func TestDocsNameEveryMetricAndVariable(t *testing.T) {
	doc, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("[\"`](kaon_(?:scheduler|journal|results|mesos|executor)_[a-z_]+)|(AWS_[A-Z0-9_]+)")
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
				if !bytes.Contains(doc, metric) {
					t.Errorf("%s: docs/operate.md does not name the metric %s", file, metric)
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
