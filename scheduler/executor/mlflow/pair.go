package mlflow

func get(all []pair, key string) string {
	for _, p := range all {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// pair is a parameter, or a tag.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// lookUp is a value for a filter.
func lookUp(all []pair, key string) (any, bool) {
	for _, p := range all {
		if p.Key == key {
			return p.Value, true
		}
	}
	return nil, false
}
