package kubernetes

import "strings"

func (t toleration) tolerates(key, value, effect string) bool {
	return (t.Effect == "" || t.Effect == effect) && t.Key == key && (t.Operator == "Exists" || t.Value == value)
}

// parseToleration reads KEY[=VALUE][:EFFECT].
func parseToleration(text string) toleration {
	rest, effect, _ := strings.Cut(text, ":")
	key, value, valued := strings.Cut(rest, "=")
	t := toleration{Key: key, Value: value, Effect: effect, Operator: "Exists"}
	if valued {
		t.Operator = "Equal"
	}
	return t
}
