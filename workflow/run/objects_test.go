package run

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket/dir"
)

// Objects are chosen as files are; a folder stands in for a bucket of S3, whose own tests have real ones.
func TestObjectsAreChosen(t *testing.T) {
	in, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data/b.csv", "data/a.csv", "data/a.txt", "data/x/c.csv", "other/a.csv"} {
		if err := in.Put(t.Context(), name, strings.NewReader("one\r\n\ntwo\n"+name)); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		"data/*.csv": "[s3://b/data/a.csv s3://b/data/b.csv]", "data/*/*.csv": "[s3://b/data/x/c.csv]", "*/a.*": "[s3://b/data/a.csv s3://b/data/a.txt s3://b/other/a.csv]",
		"nothing/*": "[]", "data/a.txt": "[s3://b/data/a.txt]",
	} {
		if got, err := matching(t.Context(), in, "s3://b/", pattern); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s is %v, %v, want %s", pattern, got, err, want)
		}
	}
	if _, err := matching(t.Context(), in, "s3://b/", "[a"); err == nil {
		t.Error("a pattern without an end is taken")
	}
	if got, err := objectLines(t.Context(), in, "data/a.txt"); err != nil || fmt.Sprint(got) != "[one two data/a.txt]" {
		t.Errorf("the lines are %v, %v", got, err)
	}
	if _, err := readObjects(t.Context(), "files", "s3://bucket"); err == nil {
		t.Error("an address of no object is taken")
	}
}
