package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryDependencyIsAccountedFor(t *testing.T) {
	file, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var direct, told []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllSubmatch(file, -1) {
		direct = append(direct, string(m[1]))
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\|").FindAllSubmatch(doc, -1) {
		told = append(told, string(m[1]))
	}
	if !slices.Equal(direct, told) || len(direct) == 0 {
		t.Errorf("go.mod needs\n%s\nand docs/dependencies.md tells of\n%s", strings.Join(direct, "\n"), strings.Join(told, "\n"))
	}
	if blocks := strings.Count(string(file), "require ("); blocks != 2 {
		t.Errorf("go.mod has %d blocks of require; one of direct modules and one of the others is the order", blocks)
	}
}

// The packer is a library of its own: who imports it gets no YAML parser and no scheduler.
func TestOffersBringsNothingAlong(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", module+"/offers").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		if !strings.HasPrefix(path, "github.com/hashicorp/") && path != module+"/offers" && path != module+"/sweep/resource" {
			t.Errorf("offers brings %s along", path)
		}
	}
}
