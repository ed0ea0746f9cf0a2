package export

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// commented is the head of the file: whence it comes, and what it does not hold.
func commented(w *workflow.Workflow, left []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# From %s by kaon workflow export.\n", oneLine(w.File))
	for _, text := range left {
		fmt.Fprintf(&b, "# not carried: %s\n", oneLine(text))
	}
	return b.String()
}

func oneLine(text string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(text) }

// name is a name that Argo takes: letters, digits and hyphens.
func (m *manifest) name(name string) string {
	if known, ok := m.names[name]; ok {
		return known
	}
	base := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.TrimPrefix(name, "workflow/"))
	if base = strings.Trim(base, "-"); base == "" {
		base = "workflow"
	}
	taken := func(s string) bool {
		for _, used := range m.names {
			if used == s {
				return true
			}
		}
		return s == "main" || s == "finally" || s == "nothing"
	}
	out := base
	for i := 2; taken(out) && !strings.HasPrefix(name, "workflow/"); i++ {
		out = fmt.Sprintf("%s-%d", base, i)
	}
	m.names[name] = out
	return out
}
