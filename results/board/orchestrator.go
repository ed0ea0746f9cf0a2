package board

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

// Formats of Winner.Render for other orchestrators: the parameters as their inputs.
const (
	FormatArgo     = "argo"     // a file for argo submit --parameter-file: all values are texts
	FormatAirflow  = "airflow"  // a value for airflow dags trigger --conf
	FormatMetaflow = "metaflow" // words for flow.py run, quoted for a POSIX shell
)

// orchestrator writes the parameters for another orchestrator.
func orchestrator(format string, params sweep.Point) (string, error) {
	if format == FormatAirflow {
		text, err := json.Marshal(params)
		return string(text) + "\n", err
	}
	values := map[string]string{}
	var words []string
	for _, p := range params.Flat() {
		name := identifier(p.Name)
		if _, taken := values[name]; taken {
			return "", fmt.Errorf("two parameters would be called %s, since %s has no other names", name, format)
		}
		text, isText := p.Value.(string)
		if !isText {
			data, err := json.Marshal(p.Value)
			if err != nil {
				return "", err
			}
			text = string(data)
		}
		values[name] = text
		words = append(words, "--"+name, shell.Quote(text))
	}
	if format == FormatMetaflow {
		return strings.Join(words, " ") + "\n", nil
	}
	text, err := json.MarshalIndent(values, "", "  ") // JSON is YAML
	return string(text) + "\n", err
}

// identifier is a name of letters, digits and _, as orchestrators have them.
func identifier(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
			return c
		}
		return '_'
	}, name)
}
