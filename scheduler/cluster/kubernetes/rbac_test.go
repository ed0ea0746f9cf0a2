package kubernetes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
)

// What deploy/ allows is what is asked for before a sweep begins, and what the docs name: a right that is in one of them alone is
// missed only when it is refused.
func TestRightsAreThoseOfTheManifest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "kubernetes", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := kubernetestest.ReadManifests(text)
	if err != nil {
		t.Fatal(err)
	}
	var allowed, asked []string
	line := func(everyone bool, resource, name, verb string) string {
		where := "namespaced"
		if everyone {
			where = "everywhere"
		}
		return strings.Join([]string{where, verb, resource, name}, " ")
	}
	for _, o := range objects {
		var rules []struct {
			Groups    []string `json:"apiGroups"`
			Resources []string `json:"resources"`
			Names     []string `json:"resourceNames"`
			Verbs     []string `json:"verbs"`
		}
		plain, err := json.Marshal(o.Get("rules"))
		if err == nil {
			err = json.Unmarshal(plain, &rules)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			if !slices.Equal(r.Groups, []string{""}) {
				t.Errorf("%s %s has a rule of %q, not of the core group", o.Text("kind"), o.Name(), r.Groups)
			}
			if r.Names == nil {
				r.Names = []string{""}
			}
			for _, resource := range r.Resources {
				for _, name := range r.Names {
					for _, verb := range r.Verbs {
						allowed = append(allowed, line(o.Text("kind") == "ClusterRole", resource, name, verb))
					}
				}
			}
		}
	}
	for _, r := range rights {
		for _, verb := range strings.Fields(r.verbs) {
			asked = append(asked, line(r.everyone, r.resource, r.name, verb))
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "kubernetes.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## Rights\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var told []string
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) < 6 || strings.Contains(cells[1], "verb") || strings.Contains(cells[1], "---") {
			continue
		}
		resource, name, _ := strings.Cut(strings.TrimSpace(cells[2]), " ")
		for verb := range strings.SplitSeq(cells[1], ",") {
			told = append(told, line(strings.TrimSpace(cells[3]) == "cluster", resource, strings.Trim(name, "(`)"), strings.TrimSpace(verb)))
		}
	}
	slices.Sort(allowed)
	slices.Sort(asked)
	slices.Sort(told)
	if len(allowed) == 0 || !slices.Equal(allowed, asked) || !slices.Equal(allowed, told) {
		t.Errorf("allowed:\n%s\nasked for:\n%s\nin docs/kubernetes.md:\n%s", strings.Join(allowed, "\n"), strings.Join(asked, "\n"), strings.Join(told, "\n"))
	}
}
