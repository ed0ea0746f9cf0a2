package foreign

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// katibPod takes the primary container of a pod, and what the pod says of where it runs.
func katibPod(t *template, pod *object, primary string, c collector) {
	r := t.r
	pod.idle("metadata")
	spec := pod.object("spec")
	pod.rest("it is not known what this is")
	items := spec.list("containers")
	if len(items) == 0 {
		r.refuse(pod.nearest(), spec.at("containers"), "the template has no container")
		return
	}
	chosen := 0
	for i, item := range items {
		if n := item.Get("name"); n != nil && n.Text == primary {
			chosen = i
		}
	}
	for i, item := range items {
		if i != chosen {
			r.leave(item, fmt.Sprintf("%s.containers.%d", spec.path, i),
				"a second container beside the trial's is not carried", "it does not run")
		}
	}
	box := r.object(items[chosen], fmt.Sprintf("%s.containers.%d", spec.path, chosen))
	box.get("name")
	katibEnv(t, box)
	katibImage(r, box)
	katibResources(r, box.object("resources"))
	katibVolumes(r, spec, box)
	katibPlace(r, spec)
	c.write(r)
	katibCommand(t, box, c)
	box.idle("ports", "stdin", "tty", "terminationMessagePath", "terminationMessagePolicy")
	box.rest("it is not carried")
	spec.rest("it is not carried")
}

// katibImage takes the image and the folder in it.
func katibImage(r *reading, o *object) {
	d := &r.task
	image := o.get("image")
	if image == nil {
		r.refuse(o.nearest(), o.at("image"), "the container has no image")
		return
	}
	d.put(image, "  image: %s", quote(image.Text))
	if pull := o.get("imagePullPolicy"); pull != nil {
		if pull.Text == "Always" {
			d.put(pull, "  pull: always")
		} else {
			d.put(pull, "  pull: missing")
		}
	}
	if dir := o.get("workingDir"); dir != nil {
		d.put(dir, "  dir: %s", quote(dir.Text))
	}
}

// katibEnv takes the variables, each of which may use those before it.
func katibEnv(t *template, o *object) {
	r, d := t.r, &draft{}
	for i, item := range o.list("env") {
		v := r.object(item, fmt.Sprintf("%s.env.%d", o.path, i))
		name, value := v.get("name"), v.get("value")
		if name == nil {
			r.refuse(item, v.path, "a variable needs a `name`")
			continue
		}
		if from := v.get("valueFrom"); from != nil {
			field := from.Get("fieldRef").Get("fieldPath")
			if field == nil || field.Text != "metadata.name" {
				r.leave(from, v.at("valueFrom"), "a value from a Secret, a ConfigMap or the pod is not carried: "+
					"give it by task.secrets or task.env",
					"the variable is not set")
				continue
			}
			d.put(from, "    %s: %s", quote(name.Text), quote(macroText([]piece{{name: true}})))
			continue
		}
		v.rest("it is not known what this is")
		if value == nil {
			d.put(name, "    %s: \"\"", quote(name.Text))
			t.env[name.Text] = ""
			continue
		}
		all := t.pieces(value, v.at("value"))
		d.put(value, "    %s: %s", quote(name.Text), quote(macroText(all)))
		t.env[name.Text] = t.expanded(value.Text)
	}
	if !d.empty() {
		r.task.put(o.get("env"), "  env:")
		r.task.add(d)
	}
}

// katibCommand writes `command`: what Kubernetes runs in place of the image's ENTRYPOINT and CMD.
func katibCommand(t *template, o *object, c collector) {
	r, d := t.r, &argv{}
	command, args := o.list("command"), o.list("args")
	at := o.tree
	if len(command) > 0 {
		at = command[0]
	} else if len(args) > 0 {
		at = args[0]
	}
	if len(command) == 0 {
		d.words = append(d.words, word{at: at, macro: "${entrypoint}"})
		if len(args) == 0 {
			d.words = append(d.words, word{at: at, macro: "${cmd}"})
		}
	}
	for i, item := range append(command[:len(command):len(command)], args...) {
		path := fmt.Sprintf("%s.command.%d", o.path, i)
		if i >= len(command) {
			path = fmt.Sprintf("%s.args.%d", o.path, i-len(command))
		}
		d.words = append(d.words, word{at: item, pieces: t.pieces(item, path)})
	}
	out := &r.command
	inShell := false
	for _, w := range d.words {
		inShell = inShell || named(w.pieces)
	}
	script := `"$@"`
	if inShell {
		var all []string
		for _, w := range d.words {
			if w.macro != "" {
				r.refuse(at, o.at("args"), "the trial's name among the arguments of the image's own program is "+
					"not carried: name its `command`")
				return
			}
			all = append(all, shellText(w.pieces))
		}
		script = strings.Join(all, " ")
	}
	switch {
	case c.file != "":
		out.note("", "Katib's collector reads %s beside the program; here a shell in the image prints what is "+
			"written into it", c.file)
		script = fmt.Sprintf(tailing, shellText([]piece{{text: c.file}}), script)
	case inShell:
		out.note("", "by a shell in the image, which knows the trial's name")
		script = "exec " + script + c.both()
	case len(command) == 0 && len(args) == 0:
		out.note("", "the image's own program runs, with the parameters in its environment alone")
		return
	case c.both() == "":
		out.put(at, "command:")
		d.write(out)
		return
	default:
		out.note("", "Katib reads standard error, too, where Python's logging writes: a shell in the image, "+
			"which Katib needs as well, joins them")
		script = "exec " + script + c.both()
	}
	out.put(at, "command:")
	out.put(at, "- /bin/sh")
	out.put(at, "- -c")
	out.put(at, "- %s", quote(script))
	if !inShell {
		out.put(at, "- sh")
		d.write(out)
	}
}

// argv is the words of a command.
type argv struct{ words []word }

type word struct {
	at     *sweep.Tree
	macro  string // a macro for several words
	pieces []piece
}

func (d *argv) write(out *draft) {
	for _, w := range d.words {
		if w.macro != "" {
			out.put(w.at, "- %s", quote(w.macro))
			continue
		}
		out.put(w.at, "- %s", quote(macroText(w.pieces)))
	}
}

// katibPlace takes what the pod says of where and how it runs.
func katibPlace(r *reading, o *object) {
	d := &r.task
	if s := o.object("nodeSelector"); s.tree != nil && len(s.tree.Pairs) > 0 {
		d.note("  ", "nodeSelector: agents need these attributes")
		d.put(s.tree, "  constraints:")
		for _, p := range s.tree.Pairs {
			key := p.Key.Text
			if key == "kubernetes.io/hostname" {
				key = "hostname"
			}
			d.put(p.Key, "  - [%s, IS, %s]", quote(key), quote(p.Value.Text))
		}
	}
	if grace, at := o.whole("terminationGracePeriodSeconds"); at != nil {
		d.put(at, "  grace: %d", max(grace, 1))
	}
	if seconds, at := o.whole("activeDeadlineSeconds"); at != nil {
		d.put(at, "  timeout: %d", max(seconds, 1))
	}
	secure := o.object("securityContext")
	if user, at := secure.whole("runAsUser"); at != nil {
		who := fmt.Sprint(user)
		if group, at := secure.whole("runAsGroup"); at != nil {
			who += fmt.Sprintf(":%d", group)
		}
		d.put(at, "  user: %s", quote(who))
	}
	secure.idle("runAsNonRoot", "seccompProfile")
	secure.rest("it is not carried")
	o.idle("restartPolicy", "schedulerName", "priorityClassName", "dnsPolicy", "enableServiceLinks",
		"automountServiceAccountToken")
	if host, at := o.boolean("hostNetwork"); host {
		d.put(at, "  network: host")
	}
}
