package export

import (
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/workflow"
)

// Export is a workflow in another form.
type Export struct {
	Text string
	Left []string // what it does not hold: the field, and what happens instead
}

// leaving collects what cannot be carried, each once.
type leaving struct {
	left     []string
	computed int // values that could not be written

	literal func(text, field string) string // what stands for a text that is no template of kaon's; nil: itself
}

// asIs is a text that has no template of kaon's.
func (l *leaving) asIs(text, field string) string {
	if l.literal == nil {
		return text
	}
	return l.literal(text, field)
}

func (l *leaving) leave(field, format string, args ...any) {
	text := field + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(l.left, text) {
		l.left = append(l.left, text)
	}
}

// promise leaves by when runs are to be done; instead is what stands there for it.
func (l *leaving) promise(w *workflow.Workflow, instead string) {
	if !w.SLA.IsZero() {
		l.leave("sla", "nobody is told there that a run is late%s", instead)
	}
}

// common leaves what no other orchestrator has in this form.
func (l *leaving) common(w *workflow.Workflow) {
	if len(w.Secrets) > 0 {
		l.leave("secrets", "secrets of the submitter's environment are not copied: add them there")
	}
	for _, t := range w.Triggers {
		l.leave("triggers."+t.Name, "it begins no runs there: %s", beginning(t))
	}
	if !w.Strategy.IsDefault() {
		l.leave("run_strategy", "it does not bound runs of it there")
	}
	for _, s := range w.Steps {
		field := "steps." + s.Name
		if len(s.Fetch) > 0 {
			l.leave(field+".fetch", "its files are not brought to it")
		}
		if s.Type == "sweep" && s.Keys.Get("set") != nil {
			l.leave(field+".set", "the sweep runs as its file has it")
		}
		if s.Cache != nil {
			l.leave(field+".cache", "it always runs")
		}
		if s.Breakpoint {
			l.leave(field+".breakpoint", "it does not pause")
		}
		if len(s.Secrets) > 0 {
			l.leave(field+".secrets", "not copied: add them there")
		}
		if len(s.Artifacts) > 0 {
			l.leave(field+".artifacts", "its files are not kept")
		}
		if s.When != "" {
			l.leave(field+".when", "it is not looked at: the step always runs")
		}
	}
}

// items are the values that a for-each goes through when its lists are known from literals and from defaults of
// parameters.
func items(w *workflow.Workflow, e *workflow.Each) (all []map[string]any, ok bool) {
	env := map[string]any{}
	parameters := map[string]any{}
	for _, p := range w.Parameters {
		env[p.Name], parameters[p.Name] = p.Default, p.Default
	}
	env["parameters"] = parameters
	const most = 1000
	all = []map[string]any{{}}
	for k, b := range e.Over {
		x, err := workflow.Compile(b.List)
		if err != nil {
			return nil, false
		}
		v, err := x.Evaluate(env)
		list, isList := v.([]any)
		if err != nil || !isList || len(all)*len(list) > most {
			return nil, false
		}
		if e.Zipped && k > 0 {
			if len(list) != len(all) {
				return nil, false
			}
			for i := range all {
				all[i][b.Name] = list[i]
			}
			continue
		}
		var next []map[string]any
		for _, had := range all {
			for _, item := range list {
				one := map[string]any{b.Name: item}
				for name, v := range had {
					one[name] = v
				}
				next = append(next, one)
			}
		}
		all = next
	}
	return all, true
}

// parameterOf is the parameter that a path names; "": it names none.
func parameterOf(w *workflow.Workflow, path []string) string {
	if path[0] == "parameters" && len(path) == 2 {
		path = path[1:]
	}
	if len(path) != 1 || !slices.ContainsFunc(w.Parameters, func(p workflow.Parameter) bool {
		return p.Name == path[0]
	}) {
		return ""
	}
	return path[0]
}

// outputOf are the step and the output that a path names.
func outputOf(path []string) (step, output string, ok bool) {
	if len(path) != 4 || path[0] != "steps" || path[2] != "outputs" {
		return "", "", false
	}
	return path[1], path[3], true
}

// beginning is what has to begin runs in place of a trigger.
func beginning(t workflow.Trigger) string {
	switch t.Kind {
	case workflow.OnCron:
		return fmt.Sprintf("schedule it by %q in %s", t.Cron.String(), t.Cron.Zone())
	case workflow.OnRun:
		return fmt.Sprintf("begin it when a run of %s has succeeded", t.Workflow)
	case workflow.OnSignal:
		return fmt.Sprintf("begin it when %s is signalled", t.Signal)
	case workflow.OnFile:
		return fmt.Sprintf("begin it when there is a new file %s", t.File)
	case workflow.OnSweep:
		return fmt.Sprintf("begin it when the sweep %s has ended", t.Sweeps)
	}
	return "begin it by hand"
}
