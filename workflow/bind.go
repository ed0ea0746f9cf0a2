package workflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Bind checks the values that a run is given, by name, and fills in defaults. The error names each that is wrong,
// unknown or missing.
func (w *Workflow) Bind(given map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(w.Parameters))
	var names, wrong []string
	for _, p := range w.Parameters {
		names = append(names, p.Name)
		v, isGiven := given[p.Name]
		switch {
		case isGiven:
			if err := p.Check(v); err != nil {
				if p.Secret {
					err = fmt.Errorf("%s is needed", p.Type.noun())
				}
				wrong = append(wrong, fmt.Sprintf("parameter `%s`: %v", p.Name, err))
			}
			out[p.Name] = v
		case p.Required && p.Secret:
			wrong = append(wrong, fmt.Sprintf("parameter `%s` is secret: give it by -p %s=…, or as the variable "+
				"%s of the environment", p.Name, p.Name, p.Name))
		case p.Required:
			wrong = append(wrong, fmt.Sprintf("parameter `%s` has no default: give %s", p.Name, p.Type.noun()))
		default:
			out[p.Name] = p.Default
		}
	}
	for _, name := range sorted(given) {
		if !slices.Contains(names, name) {
			wrong = append(wrong, fmt.Sprintf("there is no parameter `%s`: %s", clipped(name),
				sweep.DidYouMean(name, names)))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.New(strings.Join(wrong, "; "))
	}
	return out, nil
}
