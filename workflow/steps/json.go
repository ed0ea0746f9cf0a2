package steps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Decode reads JSON as outputs have it: whole numbers as int64, others as float64.
func Decode(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more behind the first value")
	}
	return Numbers(v), nil
}

// Numbers replaces the numbers of a decoded value.
func Numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if n, err := v.Int64(); err == nil {
				return n
			}
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = Numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = Numbers(v[k])
		}
	}
	return v
}

// outputs reads what a step wrote to $KAON_OUTPUT.
func outputs(data []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	v, err := Decode(data)
	if err != nil {
		v, err = Decode(quoteNotFinite(data))
	}
	if err != nil {
		return nil, failed("what it wrote to $KAON_OUTPUT is no JSON: %w", err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, failed("what it wrote to $KAON_OUTPUT is no JSON object, but %.60s", data)
	}
	return m, nil
}

// quoteNotFinite has NaN, Infinity and -Infinity, which Python writes and JSON has not, as texts, as results have them.
func quoteNotFinite(data []byte) []byte {
	out := make([]byte, 0, len(data)+64)
	within := false // a text
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case within && c == '\\' && i+1 < len(data):
			out = append(out, c)
			i++
		case c == '"':
			within = !within
		case !within:
			if name := notFinite.Find(data[i:]); name != nil {
				out = append(append(append(out, '"'), name...), '"')
				i += len(name) - 1
				continue
			}
		}
		out = append(out, data[i])
	}
	return out
}

var notFinite = regexp.MustCompile(`^(NaN|-?Infinity)\b`)

// IsNotFinite tells whether an output stands for a number that is none, or has no end.
func IsNotFinite(v any) bool {
	text, ok := v.(string)
	return ok && notFinite.FindString(text) == text && text != ""
}
