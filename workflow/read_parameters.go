package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// parameters reads name: default, or name: {type: …, default: …}.
func (r *reading) parameters(t *sweep.Tree) (all []Parameter) {
	if !present(t) {
		return nil
	}
	if !t.Mapping {
		r.Fail(t, "parameters", "a mapping is needed",
			"write parameters: {rate: 0.1, regions: {type: list, default: [US, Canada]}}")
		return nil
	}
	for _, p := range t.Pairs {
		field := "parameters." + p.Key.Text
		if err := parameterName(p.Key.Text); err != nil {
			r.Fail(p.Key, field, err.Error(), "use letters, digits and _, and begin with a letter")
			continue
		}
		all = append(all, r.parameter(p, field))
	}
	return all
}

func parameterName(s string) error {
	if !isName(s) || strings.Contains(s, "-") {
		return fmt.Errorf("`%s` cannot be a name in expressions", clipped(s))
	}
	return variableName(s)
}

var keysOfParameter = []string{"type", "default", "description", "choices", "secret"}

func (r *reading) parameter(p sweep.TreePair, field string) Parameter {
	out := Parameter{Name: p.Key.Text, Place: p.Key}
	v := p.Value
	if !v.Mapping {
		out.Required = v.Null
		if !v.Null {
			out.Default = r.Value(v, field)
		}
		out.Type = typeOf(out.Default)
		return out
	}
	r.Keys(v, field, keysOfParameter)
	out.Description = r.Text(v.Get("description"), field+".description")
	if t := v.Get("secret"); present(t) {
		out.Secret = r.Boolean(t, field+".secret")
	}
	def := v.Get("default")
	if out.Secret && present(def) {
		r.Fail(def, field+".default", "a secret does not stand in a file",
			"leave it out, and give it by -p or as a variable of the environment")
	}
	out.Required = def == nil
	out.Default = r.Value(def, field+".default")
	if t := v.Get("choices"); present(t) {
		if !t.List || len(t.Items) == 0 {
			r.Fail(t, field+".choices", "a list of values is needed", "write choices: [daily, hourly]")
		}
		for i, item := range t.Items {
			out.Choices = append(out.Choices, r.Value(item, fmt.Sprintf("%s.choices.%d", field, i)))
		}
	}
	switch t := v.Get("type"); {
	case present(t):
		out.Type = r.typ(t, field+".type")
	case present(def):
		out.Type = typeOf(out.Default)
	case len(out.Choices) > 0:
		out.Type = typeOf(out.Choices[0])
	}
	if out.Secret {
		if out.Type.Kind != "" && out.Type.Kind != Any && out.Type.Kind != String {
			r.Fail(v, field+".type", "a secret is a text", "write type: string")
		}
		out.Type = Type{Kind: String}
	}
	for i, c := range out.Choices {
		if !out.Type.holds(c) {
			r.Fail(v.Get("choices").Items[i], fmt.Sprintf("%s.choices.%d", field, i),
				fmt.Sprintf("%s is needed, not %s", out.Type.noun(), describe(c)), "change the type, or the value")
		}
	}
	if def != nil && !def.Null {
		if err := out.Check(out.Default); err != nil {
			r.Fail(def, field+".default", err.Error(), "change the type, or the value")
		}
	}
	return out
}

func (r *reading) typ(t *sweep.Tree, field string) Type {
	text := r.Text(t, field)
	out, err := ParseType(text)
	if err != nil && text != "" {
		known := slices.Concat(kinds, []string{"list[number]"})
		remedy := sweep.DidYouMean(text, known)
		if other, ok := otherTypes[strings.ToLower(text)]; ok {
			remedy = "did you mean `" + other + "`?"
		}
		r.Fail(t, field, err.Error(), remedy)
	}
	return out
}

// otherTypes are names of types in other languages.
var otherTypes = map[string]string{
	"str": "string", "text": "string", "int": "integer", "long": "integer", "float": "number", "double": "number",
	"bool":  "boolean",
	"array": "list", "dict": "object", "map": "object", "json": "object", "path": "file", "url": "file",
	"string_array": "list[string]", "double_array": "list[number]", "long_array": "list[integer]",
	"boolean_array": "list[boolean]",
}

// typeOf is the type of a value; of lists whose items differ: any list.
func typeOf(v any) Type {
	switch v := v.(type) {
	case bool:
		return Type{Kind: Boolean}
	case int64:
		return Type{Kind: Integer}
	case float64:
		return Type{Kind: Number}
	case string:
		return Type{Kind: String}
	case map[string]any:
		return Type{Kind: Object}
	case []any:
		if len(v) == 0 {
			return Type{Kind: List}
		}
		item := typeOf(v[0])
		for _, x := range v[1:] {
			switch t := typeOf(x); {
			case t.String() == item.String():
			case t.Kind == Number && item.Kind == Integer || t.Kind == Integer && item.Kind == Number:
				item = Type{Kind: Number}
			default:
				return Type{Kind: List}
			}
		}
		return ListOf(item)
	}
	return Type{Kind: Any}
}
