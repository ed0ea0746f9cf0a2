package export

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
)

// step adds the template of a step.
func (m *manifest) step(s *workflow.Step) (needs []need) {
	field := "steps." + s.Name
	of := func(path []string) (string, bool) {
		if step, output, ok := outputOf(path); ok {
			x := need{step: step, output: output}
			if !slices.Contains(needs, x) {
				needs = append(needs, x)
			}
			return "{{inputs.parameters." + x.input() + "}}", true
		}
		if p := parameterOf(m.w, path); p != "" {
			return "{{workflow.parameters." + p + "}}", true
		}
		switch {
		case path[0] == "workflow" && len(path) == 2:
			if path[1] == "status" {
				m.leave(field, "the status is written Succeeded and Failed there")
			}
			return map[string]string{"status": "{{workflow.status}}", "name": "{{workflow.name}}",
				"run": "{{workflow.uid}}"}[path[1]], true
		case len(path) == 1:
			x := need{variable: path[0]}
			if !slices.Contains(needs, x) {
				needs = append(needs, x)
			}
			return "{{inputs.parameters." + path[0] + "}}", true
		}
		return "", false
	}
	before := m.computed
	text, values, ok := m.script(s, of)
	if !ok {
		m.leave(field, "a step of type %s runs in kaon only: it fails there", s.Type)
		text = refuse(s)
	}
	t := template{Name: m.name(s.Name), Box: &container{Image: image(s), Command: []string{"sh", "-c"}}}
	if t.Box.Image == "" {
		t.Box.Image = hostImage
		m.leave(field, "it names no image: it runs in %s", hostImage)
	}
	if len(s.Outputs) > 0 {
		m.leave(field+".outputs", "each is read from a file of its name in %s, not from $KAON_OUTPUT", outputsAt)
		text = "mkdir -p " + outputsAt + "\n" + text
		t.Outputs = &parameterList{}
		for _, o := range s.Outputs {
			t.Outputs.Parameters = append(t.Outputs.Parameters,
				parameter{Name: o.Name, From: pairs{"path": outputsAt + o.Name}})
		}
	}
	t.Box.Args = []string{text}
	if strings.Contains(text, "{{") {
		t.Box.Args = []string{`eval "$(printf %b "$KAON_SCRIPT")"`}
		t.Box.Env = append(t.Box.Env, pairs{"name": "KAON_SCRIPT", "value": unbraced(text)})
	}
	for _, v := range values {
		t.Box.Env = append(t.Box.Env, pairs{"name": v.name, "value": v.text})
	}
	for _, env := range []map[string]string{m.w.Env, s.Env} {
		for _, name := range sortedKeys(env) {
			t.Box.Env = append(t.Box.Env, pairs{"name": name, "value": m.replaced(env[name], field+".env."+name, of)})
		}
	}
	if len(s.Inputs) > 0 {
		t.Box.Env = append(t.Box.Env, pairs{"name": "KAON_PARAMS",
			"value": m.replaced(inputs(s), field+".inputs", m.asJSON(of))})
	}
	if m.computed > before {
		t.Box.Args = []string{refuseValues(s)}
	}
	m.limits(s, &t)
	if len(needs) > 0 {
		t.Inputs = &parameterList{}
		for _, x := range needs {
			t.Inputs.Parameters = append(t.Inputs.Parameters, parameter{Name: x.input()})
		}
	}
	m.templates = append(m.templates, t)
	return needs
}

// unbraced is a text as the shell's printf %b reads it, without the braces that Argo would take for a variable of its
// own.
func unbraced(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "{{", `{\0173`)
}

// refuseBraces is what stands for a text elsewhere: there no way is known to write two braces.
func (m *manifest) refuseBraces(text, field string) string {
	if strings.Contains(text, "{{") {
		m.leave(field, "{{ in it would be a variable of Argo's: the step fails")
		m.computed++
	}
	return text
}

// asJSON has texts written with their quotes; values of other types are JSON as they are.
func (m *manifest) asJSON(of func(path []string) (string, bool)) func(path []string) (string, bool) {
	return func(path []string) (string, bool) {
		to, ok := of(path)
		t := workflow.Type{Kind: workflow.Any}
		if step, output, isOutput := outputOf(path); isOutput {
			t = m.typeOf(step, output)
		} else if p := parameterOf(m.w, path); p != "" {
			t = m.typeOfParameter(p)
		}
		if ok && (t.Kind == workflow.String || t.Kind == workflow.File) {
			return "{{=toJson(" + bracketed(strings.TrimSuffix(strings.TrimPrefix(to, "{{"), "}}")) + ")}}", true
		}
		return to, ok
	}
}

// inputs are the values that a step is given as one JSON text, with templates in it.
func inputs(s *workflow.Step) string {
	var all []string
	for _, in := range s.Inputs {
		key, _ := json.Marshal(in.Name)
		text := in.Value.Text
		if in.Value.List || in.Value.Mapping || !strings.Contains(text, "${") {
			v, _ := workflow.ExpandTree(in.Value, nil) // without templates there is nothing to fail
			value, _ := json.Marshal(v)
			text = string(value)
		}
		all = append(all, string(key)+": "+text)
	}
	return "{" + strings.Join(all, ", ") + "}"
}

func sortedKeys(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// limits carries retries, timeout and resources.
func (m *manifest) limits(s *workflow.Step, t *template) {
	if r := s.Retry; r.Times > 0 {
		policy := "Always"
		switch lost, other := slices.Contains(r.On, workflow.Lost), slices.Contains(r.On, workflow.Failed) ||
			slices.Contains(r.On, workflow.TimedOut); {
		case lost && !other:
			policy = "OnError"
		case other && !lost:
			policy = "OnFailure"
		}
		t.Retry = pairs{"limit": fmt.Sprint(r.Times), "retryPolicy": policy}
		if r.Backoff > 0 {
			t.Retry["backoff"] = pairs{"duration": fmt.Sprintf("%gs", r.Backoff.Seconds()),
				"factor": fmt.Sprintf("%g", max(1, r.Factor))}
		}
	}
	if s.Timeout > 0 {
		t.Deadline = fmt.Sprint(int64(s.Timeout.Seconds()))
	}
	if s.Resources == nil {
		return
	}
	r := sweep.NewTreeReader("", nil)
	need := r.Resources(s.Resources, "resources")
	if len(r.Problems()) > 0 {
		m.leave("steps."+s.Name+".resources", "they are computed: it asks for none")
		return
	}
	asked := pairs{"cpu": fmt.Sprintf("%dm", int64(need.CPUs)*1000/1000),
		"memory": fmt.Sprintf("%dMi", int64(need.Mem)/1000)}
	t.Box.Resources = pairs{"requests": asked}
	if need.GPUs > 0 { // Kubernetes takes a device only with a limit
		asked["nvidia.com/gpu"] = fmt.Sprint(int64(need.GPUs) / 1000)
		t.Box.Resources["limits"] = pairs{"nvidia.com/gpu": asked["nvidia.com/gpu"]}
	}
}
