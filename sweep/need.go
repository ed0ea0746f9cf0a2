package sweep

import "github.com/kaon-sweep/kaon/sweep/shell"

// meets says whether a value is of the kind that a place needs.
func meets(k shell.Kind, v Value) bool {
	switch v := v.(type) {
	case int64:
		return true
	case float64:
		return IsFinite(v)
	}
	return k == shell.Anything || k == shell.PlainWord && shell.IsPlain(Format(v))
}

// wordsMeet says whether the words that a macro stands for are of the kind that a place needs.
func wordsMeet(k shell.Kind, m macro, words []string, params Point) bool {
	if k == shell.Anything {
		return true
	}
	switch m.name {
	case "param":
		v, _ := params.Lookup(m.arg)
		return meets(k, v)
	case "value", "trial", "seed":
		return true
	}
	if k > shell.PlainWord {
		return false
	}
	for _, w := range words {
		if !shell.IsPlain(w) {
			return false
		}
	}
	return true
}
