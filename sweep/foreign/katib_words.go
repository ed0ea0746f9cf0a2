package foreign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// piece is a part of a word: text, a parameter, or the trial's own name.
type piece struct {
	text  string
	param string
	name  bool // ${trialSpec.Name}
}

// template is what the macros of a trial's template stand for.
type template struct {
	r      *reading
	params map[string]piece // by the name of the trialParameter
	env    map[string]string
}

var trialMacro = regexp.MustCompile(`\$\{trialParameters\.([^}]*)\}`)
var metaMacro = regexp.MustCompile(`^\$\{trialSpec\.([A-Za-z]+)(?:\[([^\]]+)\])?\}$`)

// katibParams reads trialParameters.
func katibParams(r *reading, o *object, job *sweep.Tree, meta *object, names []string) *template {
	t := &template{r: r, params: map[string]piece{}, env: map[string]string{}}
	for i, item := range o.list("trialParameters") {
		p := r.object(item, fmt.Sprintf("spec.trialTemplate.trialParameters.%d", i))
		name, ref := p.text("name"), p.get("reference")
		p.get("description")
		p.rest("it is not known what this is")
		switch {
		case name == "" || ref == nil:
			r.refuse(item, p.path, "a trialParameter needs a `name` and a `reference`")
		case strings.HasPrefix(ref.Text, "${trialSpec."):
			if m, ok := metadata(ref.Text, job, meta); ok {
				t.params[name] = m
			} else {
				r.refuse(ref, p.at("reference"), fmt.Sprintf("`%s` is nothing that a template has", clipped(ref.Text)))
			}
		case !slices.Contains(names, ref.Text):
			r.refuse(ref, p.at("reference"), fmt.Sprintf("there is no parameter `%s` in spec.parameters",
				clipped(ref.Text)))
		default:
			t.params[name] = piece{param: plainName(ref.Text)}
		}
	}
	return t
}

// metadata is what ${trialSpec.…} stands for.
func metadata(ref string, job *sweep.Tree, meta *object) (piece, bool) {
	m := metaMacro.FindStringSubmatch(ref)
	if m == nil {
		return piece{}, false
	}
	text := func(t *sweep.Tree) (piece, bool) {
		if t == nil {
			return piece{}, false
		}
		return piece{text: t.Text}, true
	}
	switch m[1] {
	case "Name":
		return piece{name: true}, true
	case "Namespace":
		if n, ok := text(meta.tree.Get("namespace")); ok {
			return n, true
		}
		return piece{text: "default"}, true
	case "Kind":
		return text(job.Get("kind"))
	case "APIVersion":
		return text(job.Get("apiVersion"))
	case "Labels":
		return text(job.Get("metadata").Get("labels").Get(m[2]))
	case "Annotations":
		return text(job.Get("metadata").Get("annotations").Get(m[2]))
	}
	return piece{}, false
}

var kubeMacro = regexp.MustCompile(`\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)`)

// expanded is text as Kubernetes hands it over: $(NAME) is a variable's value, where there is one, and $$ a plain $.
func (t *template) expanded(text string) string {
	return kubeMacro.ReplaceAllStringFunc(text, func(s string) string {
		if s == "$$" {
			return "$"
		}
		if v, ok := t.env[s[2:len(s)-1]]; ok {
			return v
		}
		return s
	})
}

// pieces cuts a word, as it is expanded.
func (t *template) pieces(at *sweep.Tree, path string) (all []piece) {
	word := t.expanded(at.Text)
	for {
		m := trialMacro.FindStringSubmatchIndex(word)
		if m == nil {
			break
		}
		if m[0] > 0 {
			all = append(all, piece{text: word[:m[0]]})
		}
		name := word[m[2]:m[3]]
		p, ok := t.params[name]
		if !ok {
			t.r.refuse(at, path, fmt.Sprintf("there is no trialParameter `%s`", clipped(name)))
		}
		all = append(all, p)
		word = word[m[1]:]
	}
	if word != "" || len(all) == 0 {
		all = append(all, piece{text: word})
	}
	return all
}

// named tells whether the trial's own name is in it.
func named(all []piece) bool { return slices.ContainsFunc(all, func(p piece) bool { return p.name }) }

// macroText is a word or a variable as kaon writes it.
func macroText(all []piece) string {
	var b strings.Builder
	for _, p := range all {
		switch {
		case p.name:
			b.WriteString("${KAON_SWEEP}-${KAON_TRIAL}")
		case p.param != "":
			b.WriteString("${param." + p.param + "}")
		default:
			b.WriteString(strings.ReplaceAll(p.text, "${", "$${"))
		}
	}
	return b.String()
}

// shellText is a word as a script writes it.
func shellText(all []piece) string {
	var b strings.Builder
	for _, p := range all {
		switch {
		case p.name:
			b.WriteString(`"${KAON_SWEEP}-${KAON_TRIAL}"`)
		case p.param != "":
			b.WriteString("${param." + p.param + "}")
		case p.text != "":
			b.WriteString("'" + strings.ReplaceAll(p.text, "'", `'\''`) + "'")
		}
	}
	return b.String()
}
