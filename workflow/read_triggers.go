package workflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on machines that have none

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/schedule"
)

var keysOfTrigger = []string{"name", "cron", "zone", "catch_up", "most", "after", "signal", "file", "existing", "every",
	"sweep", "parameters"}

// Bounds of triggers.
const (
	mostTriggers   = 100
	mostCaughtUp   = 10_000
	usualCaughtUp  = 100
	triggerExample = `write triggers: [{cron: "30 2 * * *", zone: Europe/Berlin}]`
)

// triggers reads a list of triggers, or one by itself. The parameters of the workflow are read.
func (r *reading) triggers(t *sweep.Tree) (all []Trigger) {
	if !present(t) {
		return nil
	}
	items := t.Items
	switch {
	case t.Mapping:
		items = []*sweep.Tree{t}
	case !t.List:
		r.Fail(t, "triggers", "a list is needed", triggerExample)
		return nil
	case len(items) > mostTriggers:
		r.Fail(t, "triggers", fmt.Sprintf("there are more than %d triggers", mostTriggers),
			"leave some to another workflow")
		return nil
	}
	for i, item := range items {
		field := fmt.Sprintf("triggers.%d", i)
		if !item.Mapping {
			r.Fail(item, field, "a mapping is needed", triggerExample)
			continue
		}
		one, ok := r.trigger(item, field)
		if !ok {
			continue
		}
		if one.Name == "" {
			one.Name = usualName(all, string(one.Kind))
		}
		if slices.ContainsFunc(all, func(other Trigger) bool { return other.Name == one.Name }) {
			r.Fail(item, field+".name", fmt.Sprintf("two triggers are named `%s`", clipped(one.Name)),
				"give each a name of its own")
		}
		all = append(all, one)
	}
	return all
}

// usualName is that of a trigger without one: its kind, and a number behind the first.
func usualName(before []Trigger, kind string) string {
	for n, name := 2, kind; ; n++ {
		if !slices.ContainsFunc(before, func(other Trigger) bool { return other.Name == name }) {
			return name
		}
		name = kind + "-" + strconv.Itoa(n)
	}
}

func (r *reading) trigger(t *sweep.Tree, field string) (out Trigger, ok bool) {
	r.Keys(t, field, keysOfTrigger)
	if v := t.Get("name"); present(v) {
		if out.Name = r.Text(v, field+".name"); !isName(out.Name) || len(out.Name) > 100 {
			r.Fail(v, field+".name", fmt.Sprintf("`%s` cannot be a trigger's name", clipped(out.Name)),
				"use letters, digits, - and _, and begin with a letter")
		}
	}
	kinds := []TriggerKind{}
	for _, kind := range triggerKinds {
		if present(t.Get(string(kind))) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		r.Fail(t, field, "a trigger has one of `cron`, `after`, `signal`, `file` and `sweep`", triggerExample)
		return out, false
	}
	out.Kind = kinds[0]
	at := field + "." + string(out.Kind)
	value := t.Get(string(out.Kind))
	switch out.Kind {
	case OnCron:
		r.cron(&out, t, field)
	case OnRun:
		if value.Mapping {
			r.Keys(value, at, []string{"workflow"})
			value, at = value.Get("workflow"), at+".workflow"
		}
		if !present(value) {
			r.Fail(t, at, "a workflow is missing", "name a registered one: after: prepare")
			return out, false
		}
		out.Workflow = r.Text(value, at)
	case OnSignal:
		if out.Signal = r.Text(value, at); !isName(out.Signal) || len(out.Signal) > 100 {
			r.Fail(value, at, fmt.Sprintf("`%s` cannot be a signal", clipped(out.Signal)),
				"use letters, digits, - and _, and begin with a letter")
		}
	case OnFile:
		r.fileTrigger(&out, t, field)
	case OnSweep:
		out.Sweeps = r.sweepsOf(value, at)
	}
	for _, only := range []struct {
		key string
		of  TriggerKind
	}{{"zone", OnCron}, {"catch_up", OnCron}, {"most", OnCron}, {"existing", OnFile}, {"every", OnFile}} {
		if v := t.Get(only.key); present(v) && out.Kind != only.of {
			r.Fail(v, field+"."+only.key, fmt.Sprintf("`%s` is of %s", only.key, only.of), "leave it out")
		}
	}
	out.Parameters = r.triggerParameters(t, out.Kind, field)
	return out, true
}

// ownZones are names of whatever zone a machine has been set to, and so of none that holds on the next.
var ownZones = []string{"", "local", "localtime", "posixrules"}

// zone reads the name of a time zone; what is none is UTC.
func (r *reading) zone(t *sweep.Tree, field string) *time.Location {
	name := r.Text(t, field)
	known, err := time.LoadLocation(name)
	if err != nil || slices.Contains(ownZones, strings.ToLower(name)) {
		r.Fail(t, field, fmt.Sprintf("there is no time zone `%s`", clipped(name)),
			"write one as Europe/Berlin, America/New_York or UTC")
		return time.UTC
	}
	return known
}

func (r *reading) cron(out *Trigger, t *sweep.Tree, field string) {
	zone := time.UTC
	if v := t.Get("zone"); present(v) {
		zone = r.zone(v, field+".zone")
	}
	v := t.Get("cron")
	c, err := schedule.Parse(r.Text(v, field+".cron"), zone)
	if err != nil {
		r.Fail(v, field+".cron", err.Error(),
			`write minute, hour, day of the month, month and day of the week, as "30 2 * * MON-FRI"`)
	}
	out.Cron, out.CatchUp, out.Most = c, CatchUpLast, usualCaughtUp
	if v := t.Get("catch_up"); present(v) {
		out.CatchUp = CatchUp(r.Text(v, field+".catch_up"))
		if known := []string{"none", "last", "all"}; !slices.Contains(known, string(out.CatchUp)) {
			r.Fail(v, field+".catch_up", fmt.Sprintf("`%s` is none of none, last, all", clipped(string(out.CatchUp))),
				sweep.DidYouMean(string(out.CatchUp), known))
		}
	}
	if v := t.Get("most"); present(v) {
		if out.Most = int(r.Integer(v, field+".most", 1, mostCaughtUp)); out.CatchUp != CatchUpAll {
			r.Fail(v, field+".most", "`most` bounds catch_up: all", "write catch_up: all, or leave it out")
		}
	}
}

// triggerParameters are those of a trigger's runs: they are of the workflow, and those without a default are all there.
func (r *reading) triggerParameters(trigger *sweep.Tree, kind TriggerKind, field string) (all []Input) {
	t := trigger.Get("parameters")
	field += ".parameters"
	if present(t) && !t.Mapping {
		r.Fail(t, field, "a mapping is needed", `write parameters: {day: "${trigger.date}"}`)
		return nil
	}
	var names []string
	for _, p := range r.w.Parameters {
		names = append(names, p.Name)
		if p.Required && !present(t.Get(p.Name)) {
			r.Fail(trigger, field, fmt.Sprintf("parameter `%s` has no default, and the trigger gives it no value",
				p.Name),
				fmt.Sprintf("write parameters: {%s: …} in the trigger", p.Name))
		}
	}
	if !present(t) {
		return nil
	}
	for _, p := range t.Pairs {
		at := field + "." + p.Key.Text
		i := slices.Index(names, p.Key.Text)
		if i < 0 {
			r.Fail(p.Key, at, fmt.Sprintf("the workflow has no parameter `%s`", clipped(p.Key.Text)),
				sweep.DidYouMean(p.Key.Text, names))
			continue
		}
		r.triggerValue(p.Value, r.w.Parameters[i], kind, at)
		all = append(all, Input{Name: p.Key.Text, Value: p.Value})
	}
	return all
}

func (r *reading) triggerValue(t *sweep.Tree, p Parameter, kind TriggerKind, field string) {
	paths, err := PathsOf(t)
	if err != nil {
		r.Fail(t, field, err.Error(), "check the expression")
		return
	}
	known := kind.known()
	for _, path := range paths {
		if path[0] != "trigger" || len(path) < 2 || !slices.Contains(known, path[1]) {
			r.Fail(t, field, fmt.Sprintf("there is no `%s` here", clipped(strings.Join(path, "."))),
				"there are: trigger."+strings.Join(known, ", trigger."))
			return
		}
	}
	if len(paths) > 0 {
		return
	}
	v, err := ExpandTree(t, nil)
	if err == nil {
		err = p.Check(v)
	}
	if err != nil {
		r.Fail(t, field, err.Error(), "change the value, or the parameter's type")
	}
}
