package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// keysOfStep are those of every step; the others are its type's.
var keysOfStep = []string{
	"type", "description", "after", "when", "join", "for_each", "retry", "timeout", "on_failure", "cache", "inputs",
	"outputs", "env", "secrets",
	"resources", "artifacts", "fetch", "breakpoint",
}

// keysOfPlace are those that say where a step stands, and not what it does.
var keysOfPlace = []string{"description", "after", "join"}

func (r *reading) step(p sweep.TreePair) {
	name, t := p.Key.Text, p.Value
	field := "steps." + name
	if !isName(name) {
		r.Fail(p.Key, field, fmt.Sprintf("`%s` cannot be the name of a step", clipped(name)),
			fmt.Sprintf("use letters, digits, _ and hyphens between them, begin with a letter, at most %d",
				longestName))
		return
	}
	if t.Null {
		t = &sweep.Tree{Line: p.Key.Line, Column: p.Key.Column, Mapping: true}
	}
	if !t.Mapping {
		r.Fail(t, field, "a mapping is needed: what the step does",
			"write "+name+": {type: command, command: ./"+name+"}")
		return
	}
	s := &stepText{Step: &Step{Name: name, Place: p.Key, OnFailure: Stop}, tree: t}
	r.steps[name] = s
	r.w.Steps = append(r.w.Steps, s.Step)
	own := &sweep.Tree{Line: t.Line, Column: t.Column, Mapping: true}
	for _, pair := range t.Pairs {
		if !slices.Contains(keysOfStep, pair.Key.Text) {
			own.Pairs = append(own.Pairs, pair)
		}
	}
	s.Keys = own
	r.typeOfStep(s, field)
	r.common(s, field)
	if v := t.Get("after"); present(v) {
		s.after = r.after(v, field+".after")
	}
	if v := t.Get("join"); present(v) {
		j, err := parseJoin(r.Text(v, field+".join"))
		if err != nil {
			r.Fail(v, field+".join", err.Error(), "write any, all, or a number: how many of what it waits for "+
				"must have succeeded")
		}
		s.join, s.joined = j, v
	}
	if v := t.Get("for_each"); present(v) {
		s.each = r.each(v, field+".for_each")
	}
}

// typeOfStep reads the type, and checks the keys that only it knows.
func (r *reading) typeOfStep(s *stepText, field string) {
	t := s.tree.Get("type")
	switch {
	case present(t):
		s.Type = r.Text(t, field+".type")
	case s.Keys.Get("command") != nil:
		s.Type = "command"
	case len(s.Keys.Pairs) > 0:
		key := s.Keys.Pairs[0].Key
		if near := sweep.Nearest(key.Text, keysOfStep); near != "" {
			r.Fail(key, field+"."+key.Text, fmt.Sprintf("unknown key `%s`", clipped(key.Text)),
				"did you mean `"+near+"`?")
			return
		}
		r.Fail(s.Place, field, "the step has no `type`",
			"say what it does, as type: command; types are listed by kaon workflow types")
		return
	default:
		for _, p := range s.tree.Pairs {
			if !slices.Contains(keysOfPlace, p.Key.Text) {
				r.Fail(s.Place, field, fmt.Sprintf("the step has `%s` but no `type`: it does nothing", p.Key.Text),
					"say what it does, as type: command")
				return
			}
		}
		return
	}
	if r.types == nil || s.Type == "" {
		return
	}
	known, ok := r.types[s.Type]
	if !ok {
		r.Fail(t, field+".type", fmt.Sprintf("there is no type `%s` of steps", clipped(s.Type)),
			sweep.DidYouMean(s.Type, sorted(r.types)))
		return
	}
	for _, p := range s.Keys.Pairs {
		if !slices.Contains(known.Keys, p.Key.Text) {
			all := slices.Concat(known.Keys, keysOfStep)
			r.Fail(p.Key, field+"."+p.Key.Text, fmt.Sprintf("unknown key `%s` of a step of type %s",
				clipped(p.Key.Text), s.Type), sweep.DidYouMean(p.Key.Text, all))
		}
	}
	for _, key := range known.Needs {
		if !present(s.Keys.Get(key)) {
			r.Fail(s.Place, field, fmt.Sprintf("a step of type %s needs `%s`", s.Type, key),
				"add it; kaon workflow types "+s.Type+" says what it is")
		}
	}
	if known.Check != nil && !r.accepted {
		known.Check(s.Step, func(at *sweep.Tree, where, problem, remedy string) {
			if where != "" {
				where = "." + where
			}
			r.Fail(at, field+where, problem, remedy)
		})
	}
}

// common reads the keys that steps of all types have.
func (r *reading) common(s *stepText, field string) {
	t := s.tree
	at := func(key string) (*sweep.Tree, string) { return t.Get(key), field + "." + key }
	if v, f := at("description"); present(v) {
		s.Description = r.Text(v, f)
	}
	if v, f := at("when"); present(v) {
		s.When = r.condition(v, f)
	}
	if v, f := at("inputs"); present(v) {
		s.Inputs = r.inputs(v, f)
	}
	if v, f := at("outputs"); present(v) {
		s.Outputs = r.outputs(v, f)
		r.closed(s, f)
	}
	if v, f := at("retry"); present(v) {
		s.Retry = r.retry(v, f)
	}
	if v, f := at("timeout"); present(v) && !isTemplate(v) {
		s.Timeout = r.Duration(v, f)
	} else if present(v) {
		r.Fail(v, f, "a duration is needed, not a value of the run", "write it out, as 2h")
	}
	if v, f := at("on_failure"); present(v) {
		if word := r.Word(v, f, []string{string(Stop), string(Continue)}); word != "" {
			s.OnFailure = FailureMode(word)
		}
	}
	if v, f := at("cache"); present(v) {
		s.Cache = r.cache(v, f)
	}
	if v, f := at("resources"); present(v) {
		if s.Resources = v; !hasTemplates(v) {
			r.Resources(v, f)
		}
	}
	if v, f := at("breakpoint"); present(v) {
		s.Breakpoint = r.Boolean(v, f)
	}
	if v, f := at("fetch"); present(v) {
		s.Fetch = r.fetch(v, f, s.Type)
	}
	v, f := at("env")
	s.Env = r.env(v, f)
	v, f = at("secrets")
	s.Secrets = r.words(v, f, "secrets: [TOKEN]")
	v, f = at("artifacts")
	s.Artifacts = r.words(v, f, "artifacts: [model.bin]")
}

func isTemplate(t *sweep.Tree) bool { return strings.Contains(t.Text, "${") }

func hasTemplates(t *sweep.Tree) bool {
	if t == nil {
		return false
	}
	return isTemplate(t) || slices.ContainsFunc(t.Items, hasTemplates) ||
		slices.ContainsFunc(t.Pairs, func(p sweep.TreePair) bool { return hasTemplates(p.Value) })
}

func (r *reading) inputs(t *sweep.Tree, field string) (all []Input) {
	if !t.Mapping {
		r.Fail(t, field, "a mapping is needed: names and values",
			"write inputs: {rate: 0.1, model: ${steps.train.outputs.model}}")
		return nil
	}
	for _, p := range t.Pairs {
		if err := parameterName(p.Key.Text); err != nil {
			r.Fail(p.Key, field+"."+p.Key.Text, err.Error(), "use letters, digits and _, and begin with a letter")
			continue
		}
		all = append(all, Input{p.Key.Text, p.Value})
	}
	return all
}

// outputs reads a list of names, or name: type, or name: {type: …, description: …}.
func (r *reading) outputs(t *sweep.Tree, field string) (all []Parameter) {
	add := func(key *sweep.Tree, p Parameter) {
		p.Name, p.Place = key.Text, key
		if !isName(p.Name) || strings.Contains(p.Name, "-") {
			r.Fail(key, field+"."+p.Name, fmt.Sprintf("`%s` cannot be a name in expressions", clipped(p.Name)),
				"use letters, digits and _, and begin with a letter")
			return
		}
		if slices.ContainsFunc(all, func(o Parameter) bool { return o.Name == p.Name }) {
			r.Fail(key, field+"."+p.Name, fmt.Sprintf("`%s` is there twice", p.Name), "remove one of them")
			return
		}
		all = append(all, p)
	}
	switch {
	case t.List:
		for i, item := range t.Items {
			if item.List || item.Mapping || item.Null {
				r.Fail(item, fmt.Sprintf("%s.%d", field, i), "a name is needed",
					"write outputs: [auc, model], or outputs: {auc: number, model: file}")
				continue
			}
			add(item, Parameter{Type: Type{Kind: Any}})
		}
	case t.Mapping:
		for _, p := range t.Pairs {
			at := field + "." + p.Key.Text
			switch {
			case p.Value.Mapping:
				r.Keys(p.Value, at, []string{"type", "description"})
				out := Parameter{Type: Type{Kind: Any},
					Description: r.Text(p.Value.Get("description"), at+".description")}
				if v := p.Value.Get("type"); present(v) {
					out.Type = r.typ(v, at+".type")
				}
				add(p.Key, out)
			case p.Value.Null:
				add(p.Key, Parameter{Type: Type{Kind: Any}})
			default:
				add(p.Key, Parameter{Type: r.typ(p.Value, at)})
			}
		}
	default:
		r.Fail(t, field, "a list or a mapping is needed",
			"write outputs: [auc, model], or outputs: {auc: number, model: file}")
	}
	return all
}

// closed refuses outputs that the step's type does not put out.
func (r *reading) closed(s *stepText, field string) {
	known := r.types[s.Type]
	if !known.Closed || r.accepted {
		return
	}
	var names []string
	for _, o := range known.Outputs {
		names = append(names, o.Name)
	}
	for _, o := range s.Outputs {
		if !slices.Contains(names, o.Name) {
			r.Fail(o.Place, field+"."+o.Name, fmt.Sprintf("a step of type %s puts out no `%s`", s.Type, o.Name),
				sweep.DidYouMean(o.Name, names))
		}
	}
}

const (
	mostRetries   = 99
	usualBackoff  = time.Second
	usualFactor   = 2
	usualLongest  = 10 * time.Minute // a wait that grows without bound is an accident
	largestFactor = 100
)

// retry reads a number of times, or {times, backoff, factor, longest, on}.
func (r *reading) retry(t *sweep.Tree, field string) Retry {
	out := Retry{Backoff: usualBackoff, Factor: usualFactor, Longest: usualLongest}
	if !t.Mapping {
		out.Times = int(r.Integer(t, field, 0, mostRetries))
		return out
	}
	r.Keys(t, field, []string{"times", "backoff", "factor", "longest", "on"})
	if v := t.Get("times"); present(v) {
		out.Times = int(r.Integer(v, field+".times", 0, mostRetries))
	} else {
		r.Fail(t, field, "`times` is missing", "write retry: {times: 3, backoff: 10s}")
	}
	if v := t.Get("backoff"); present(v) {
		if v.Text == "0" || v.Text == "0s" {
			out.Backoff = 0
		} else {
			out.Backoff = r.Duration(v, field+".backoff")
		}
		out.Longest = max(out.Longest, out.Backoff)
	}
	if v := t.Get("factor"); present(v) {
		if out.Factor = r.Float(v, field+".factor"); out.Factor < 1 || out.Factor > largestFactor {
			r.Fail(v, field+".factor", fmt.Sprintf("a number from 1 to %d is needed", largestFactor),
				"1 has all waits of one length; 2, the usual, doubles them")
		}
	}
	if v := t.Get("longest"); present(v) {
		if out.Longest = r.Duration(v, field+".longest"); out.Longest < out.Backoff {
			r.Fail(v, field+".longest", "the longest wait is shorter than the first", "give at least the backoff")
		}
	}
	if v := t.Get("on"); present(v) {
		known := []string{string(Failed), string(TimedOut), string(Lost)}
		for i, word := range r.words(v, field+".on", "on: [timeout, lost]") {
			item := v
			if v.List {
				item = v.Items[i]
			}
			if word = r.Word(item, field+".on", known); word != "" {
				out.On = append(out.On, FailureKind(word))
			}
		}
	}
	return out
}

// cache reads true or false, a scope, or {scope, age}.
func (r *reading) cache(t *sweep.Tree, field string) *Cache {
	scopes := []string{string(CacheRun), string(CacheWorkflow), string(CacheGlobal)}
	if t.Mapping {
		r.Keys(t, field, []string{"scope", "age"})
		c := &Cache{Scope: CacheWorkflow}
		if v := t.Get("scope"); present(v) {
			c.Scope = CacheScope(r.Word(v, field+".scope", scopes))
		}
		c.Age = r.Duration(t.Get("age"), field+".age")
		return c
	}
	switch t.Text {
	case "false", "no", "off":
		return nil
	case "true", "yes", "on":
		return &Cache{Scope: CacheWorkflow}
	}
	return &Cache{Scope: CacheScope(r.Word(t, field, append([]string{"true", "false"}, scopes...)))}
}

// after reads a name, or a list of names and of {step, when}.
func (r *reading) after(t *sweep.Tree, field string) (all []afterText) {
	items := t.Items
	if !t.List {
		items = []*sweep.Tree{t}
	}
	for i, item := range items {
		f := field
		if t.List {
			f = fmt.Sprintf("%s.%d", field, i)
		}
		if !item.Mapping {
			if item.List || item.Null {
				r.Fail(item, f, "the name of a step is needed",
					"write after: [prepare], or after: [{step: check, when: steps.check.outputs.ok}]")
				continue
			}
			all = append(all, afterText{name: item.Text, place: item})
			continue
		}
		r.Keys(item, f, []string{"step", "when"})
		a := afterText{place: item.Get("step")}
		if a.place == nil {
			r.Fail(item, f, "`step` is missing", "write {step: check, when: steps.check.outputs.ok}")
			continue
		}
		a.name = r.Text(a.place, f+".step")
		if v := item.Get("when"); present(v) {
			a.when = r.condition(v, f+".when")
		}
		all = append(all, a)
	}
	return all
}

var keysOfEach = []string{"over", "zip", "parallel", "tolerate", "ordered"}

const eachKeysRemedy = "write for_each: {reg: parameters.regions}, or for_each: {over: {reg: parameters.regions}, " +
	"parallel: 10, tolerate: 2, ordered: false}"

// each reads {name: list, …}, or {over: {…}, …} or {zip: {…}, …} with options.
func (r *reading) each(t *sweep.Tree, field string) *Each {
	e := &Each{}
	if !t.Mapping || len(t.Pairs) == 0 {
		r.Fail(t, field, "a mapping is needed: names, and the lists that they go through", eachKeysRemedy)
		return e
	}
	over, zip := t.Get("over"), t.Get("zip")
	lists, at := t, field
	switch {
	case over != nil && over.Mapping || zip != nil && zip.Mapping:
		r.Keys(t, field, keysOfEach)
		if lists, at = over, field+".over"; zip != nil {
			lists, at, e.Zipped = zip, field+".zip", true
		}
		if over != nil && zip != nil {
			r.Fail(over, field+".over", "there are both `over` and `zip`", "keep one of them")
		}
		if v := t.Get("parallel"); present(v) {
			e.Parallel = int(r.Integer(v, field+".parallel", 1, mostIterations))
		}
		if v := t.Get("tolerate"); present(v) {
			e.Tolerate = int(r.Integer(v, field+".tolerate", 0, mostIterations))
		}
		if v := t.Get("ordered"); present(v) {
			e.Ordered = r.Boolean(v, field+".ordered")
		}
	}
	if !lists.Mapping || len(lists.Pairs) == 0 || len(lists.Pairs) > mostLists {
		r.Fail(lists, at, fmt.Sprintf("from 1 to %d lists are needed", mostLists), eachKeysRemedy)
		return e
	}
	for _, p := range lists.Pairs {
		if err := parameterName(p.Key.Text); err != nil {
			r.Fail(p.Key, at+"."+p.Key.Text, err.Error(), "use letters, digits and _, and begin with a letter")
			continue
		}
		e.Over = append(e.Over, Binding{p.Key.Text, r.list(p.Value, at+"."+p.Key.Text)})
	}
	return e
}

// list reads an expression, or a list written out, as an expression.
func (r *reading) list(t *sweep.Tree, field string) string {
	if !t.List {
		text := r.condition(t, field)
		if text == "" && !t.Null && !t.Mapping && strings.TrimSpace(t.Text) == "" {
			r.Fail(t, field, "a list is needed", "write an expression, as parameters.regions, or a list")
		}
		return text
	}
	items := make([]string, len(t.Items))
	for i, item := range t.Items {
		if isTemplate(item) {
			if items[i] = unwrapped(item.Text); items[i] == item.Text {
				r.Fail(item, field, "a text with an expression in it is not possible in a list",
					"write the list as one expression, as [\"a\" + x, \"b\"], in quotes")
			}
			continue
		}
		text, err := json.Marshal(r.Value(item, field))
		if err != nil {
			r.Fail(item, field, "this cannot be an item of a list", "write a text or a number")
		}
		items[i] = string(text)
	}
	return r.expression(t, "["+strings.Join(items, ", ")+"]", field)
}
