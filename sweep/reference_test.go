package sweep

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReference parses every example of the spec reference, completing fragments with what they leave out,
// and checks that the reference names every key, distribution and unbuilt feature.
func TestReference(t *testing.T) {
	page, err := os.ReadFile("../docs/spec.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml( refused)?\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 10 {
		t.Fatalf("%d examples found", len(blocks))
	}
	for _, b := range blocks {
		text := complete(b[2])
		_, err := Parse("docs/spec.md", []byte(text))
		switch {
		case b[1] == "" && err != nil:
			t.Errorf("%v\nin\n%s", err, text)
		case b[1] != "" && (err == nil || !strings.Contains(err.Error(), "not built yet")):
			t.Errorf("not refused as unbuilt: %v\nin\n%s", err, text)
		}
	}
	for section, names := range keys {
		for _, name := range names {
			if !regexp.MustCompile("\\b" + name + "\\b").Match(page) {
				t.Errorf("the reference does not name %s of %q", name, section)
			}
		}
	}
	for _, name := range distributionNames {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("the reference does not name distribution %s", name)
		}
	}
	for what := range unbuilt {
		words := strings.Split(what, ": ")
		if !strings.Contains(string(page), words[len(words)-1]) {
			t.Errorf("the reference does not name unbuilt %s", what)
		}
	}
}

// complete adds to a fragment the keys that every spec needs.
func complete(fragment string) string {
	for _, line := range []string{"method: random", "program: train.py",
		"parameters: {lr: {min: 0.0, max: 1.0}}"} {
		key, _, _ := strings.Cut(line, ":")
		if !regexp.MustCompile("(?m)^" + key + ":").MatchString(fragment) {
			fragment = line + "\n" + fragment
		}
	}
	return fragment
}
