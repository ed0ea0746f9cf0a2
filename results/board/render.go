package board

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

// Formats of Winner.Render.
const (
	FormatJSON  = "json"
	FormatYAML  = "yaml"
	FormatEnv   = "env"
	FormatFlags = "flags"
)

// Render writes the manifest for people and programs, with a line's end:
//
//	json   winner.json
//	yaml   the same
//	env    KAON_WINNER_…, KAON_PARAMS, KAON_PARAM_… as `export NAME='value'` lines for a POSIX shell's eval or source
//	flags  the parameters as ${args} writes them: one line, quoted for a POSIX shell
//	argo, airflow, metaflow  the parameters as inputs of those: a parameter file, a conf, words for a flow's run
func (w Winner) Render(format string) (string, error) {
	var params sweep.Point
	if err := json.Unmarshal(w.Params, &params); err != nil {
		return "", fmt.Errorf("render winner of sweep %s: %w", w.Sweep, err)
	}
	switch format {
	case FormatJSON:
		out, err := results.EncodeJSON(w)
		return string(out), err
	case FormatYAML:
		return w.yaml(params), nil
	case FormatEnv:
		return w.env(params), nil
	case FormatFlags:
		args, err := sweep.Command{Argv: []string{"${args}"}}.Expand(sweep.Vars{Params: params})
		if err != nil {
			return "", fmt.Errorf("render winner of sweep %s: %w", w.Sweep, err)
		}
		for i, arg := range args.Argv {
			args.Argv[i] = shell.Quote(arg)
		}
		return strings.Join(args.Argv, " ") + "\n", nil
	case FormatArgo, FormatAirflow, FormatMetaflow:
		text, err := orchestrator(format, params)
		if err != nil {
			return "", fmt.Errorf("render winner of sweep %s: %w", w.Sweep, err)
		}
		return text, nil
	}
	return "", fmt.Errorf("render winner: format %q is not known, there are json, yaml, env, flags, argo, airflow "+
		"and metaflow", format)
}

func (w Winner) env(params sweep.Point) string {
	var out strings.Builder
	put := func(name, value string) { fmt.Fprintf(&out, "export %s=%s\n", name, shell.QuoteAlways(value)) }
	put("KAON_WINNER_SWEEP", w.Sweep)
	put("KAON_WINNER_TRIAL", strconv.Itoa(w.Trial))
	put("KAON_WINNER_ATTEMPT", strconv.Itoa(w.Attempt))
	put("KAON_WINNER_METRIC", w.Metric)
	put("KAON_WINNER_VALUE", w.Value.String())
	put("KAON_WINNER_SEED", strconv.FormatUint(w.Seed, 10))
	put("KAON_WINNER_ARTIFACTS", w.Artifacts)
	put("KAON_PARAMS", oneLine(w.Params))
	for _, p := range params.Flat() {
		put(sweep.EnvName(p.Name), sweep.Format(p.Value))
	}
	return out.String()
}

// oneLine is JSON without the indentation it has in winner.json.
func oneLine(text json.RawMessage) string {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil {
		return string(text) // Render has read it, so this does not happen
	}
	return out.String()
}

func (w Winner) yaml(params sweep.Point) string {
	metrics := sweep.Point{}
	for _, name := range slices.Sorted(maps.Keys(w.Metrics)) {
		metrics = append(metrics, sweep.Param{Name: name, Value: float64(w.Metrics[name])})
	}
	all := sweep.Point{
		{Name: "version", Value: int64(w.Version)}, {Name: "sweep", Value: w.Sweep},
		{Name: "trial", Value: int64(w.Trial)}, {Name: "attempt", Value: int64(w.Attempt)},
		{Name: "metric", Value: w.Metric}, {Name: "goal", Value: w.Goal}, {Name: "value", Value: float64(w.Value)},
		{Name: "params", Value: params}, {Name: "metrics", Value: metrics},
		{Name: "seed", Value: w.Seed}, {Name: "artifacts", Value: w.Artifacts},
	}
	if w.SpecHash != "" {
		all = append(all, sweep.Param{Name: "spec_hash", Value: w.SpecHash})
	}
	if w.Created != "" {
		all = append(all, sweep.Param{Name: "created", Value: w.Created})
	}
	return string(appendMapping(nil, append(all, w.more()...), ""))
}

// more is what the manifest has of sweeps with several trials for each point, or several goals.
func (w Winner) more() (all sweep.Point) {
	text, err := json.Marshal(struct {
		Repeat      *Spread          `json:"repeat,omitempty"`
		Goals       []string         `json:"goals,omitempty"`
		Pareto      []ParetoTrial    `json:"pareto,omitempty"`
		ParetoSize  int              `json:"pareto_size,omitempty"`
		Hypervolume *results.Number  `json:"hypervolume,omitempty"`
		Reference   []results.Number `json:"reference,omitempty"`
	}{w.Repeat, w.Goals, w.Pareto, w.ParetoSize, w.Hypervolume, w.Reference})
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		panic(fmt.Errorf("write the front as YAML: %w", err)) // parameters were read as JSON by Render
	}
	return all
}

// appendMapping writes YAML that versions 1.1 and 1.2 read alike: strings are always quoted, and a float has
// a point, since 1e-05 is a string to YAML 1.1.
func appendMapping(out []byte, p sweep.Point, indent string) []byte {
	for _, param := range p {
		key := param.Name
		if !plainKey(key) {
			key = strconv.Quote(key)
			if quoted, err := json.Marshal(param.Name); err == nil {
				key = string(quoted)
			}
		}
		out = append(append(append(out, indent...), key...), ':')
		if group, ok := param.Value.(sweep.Point); ok && len(group) > 0 {
			out = appendMapping(append(out, '\n'), group, indent+"  ")
			continue
		}
		out = append(appendFlow(append(out, ' '), param.Value), '\n')
	}
	return out
}

// plainKey says whether a key needs no quotes: lower-case letters, digits and _, and none of YAML 1.1's words
// for booleans and null.
func plainKey(key string) bool {
	switch key {
	case "", "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && key[0] >= 'a'
}

func appendFlow(out []byte, v sweep.Value) []byte {
	switch v := v.(type) {
	case sweep.Point:
		out = append(out, '{')
		for i, param := range v {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = appendFlow(append(appendFlow(out, param.Name), ": "...), param.Value)
		}
		return append(out, '}')
	case []sweep.Value:
		out = append(out, '[')
		for i, item := range v {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = appendFlow(out, item)
		}
		return append(out, ']')
	case float64:
		return appendFloat(out, v)
	}
	scalar, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("write %T as YAML: %w", v, err)) // strings, integers, booleans and nil only
	}
	return append(out, scalar...)
}

func appendFloat(out []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(out, ".nan"...)
	case math.IsInf(f, 1):
		return append(out, ".inf"...)
	case math.IsInf(f, -1):
		return append(out, "-.inf"...)
	}
	text := results.Number(f).String()
	mantissa, exponent, scientific := strings.Cut(text, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	out = append(out, mantissa...)
	if scientific {
		out = append(append(out, 'e'), exponent...)
	}
	return out
}
