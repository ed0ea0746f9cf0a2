package foreign

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// mayBeDetermined tells cheaply whether a text can be an experiment of Determined.
func mayBeDetermined(src []byte) bool { return bytes.Contains(src, []byte("searcher")) }

func isDetermined(root *sweep.Tree) bool {
	searcher := root.Get("searcher")
	return searcher.Get("name") != nil && (searcher.Get("metric") != nil || root.Get("entrypoint") != nil) &&
		root.Get("method") == nil &&
		(root.Get("hyperparameters") != nil || root.Get("entrypoint") != nil)
}

// determined reads an experiment configuration of Determined.
func determined(r *reading, root *sweep.Tree) {
	top := r.object(root, "")
	if name := top.get("name"); name != nil {
		r.head.put(name, "name: %s", quote(name.Text))
	}
	if text := top.get("description"); text != nil && !text.List && !text.Mapping {
		r.head.put(text, "description: %s", quote(text.Text))
	}
	s := determinedSearcher(r, top)
	determinedSpace(r, top, s.method == "grid")
	determinedCommand(r, top)
	determinedTask(r, top)
	top.idle("labels", "workspace", "project", "debug", "records_per_epoch", "scheduling_unit", "batches_per_step",
		"min_validation_period",
		"min_checkpoint_period", "checkpoint_policy", "checkpoint_storage", "tensorboard_storage",
		"perform_initial_validation", "profiling",
		"optimizations", "integrations", "data", "data_layer", "internal", "slurm", "pbs", "retention_policy",
		"log_policies", "preemption_timeout")
	top.rest("it is not known what this is")
}

// trialClass is how an entrypoint names a class of Determined's.
var trialClass = regexp.MustCompile(`^[\w./-]+:\w+$`)

// determinedCommand writes `command`.
func determinedCommand(r *reading, top *object) {
	at := top.get("entrypoint")
	r.command.note("", "hyperparameters stand behind it as --name=value, and in $KAON_PARAMS; "+
		"det.get_cluster_info() knows of none outside Determined")
	instead := []string{"python3", "train.py", "${args}"}
	var words []string
	switch {
	case at == nil:
		r.leave(top.nearest(), "entrypoint", "the experiment has no command",
			"`python3 train.py ${args}` stands for it: write yours")
		words = instead
	case at.List:
		for _, item := range at.Items {
			words = append(words, strings.ReplaceAll(item.Text, "${", "$${"))
		}
		words = append(words, "${args}")
	case at.Mapping:
		r.refuse(at, "entrypoint", "a text or a list is needed here")
		return
	case trialClass.MatchString(strings.TrimSpace(at.Text)):
		r.leave(at, "entrypoint", fmt.Sprintf("`%s` is a class that Determined's own harness trains, by its master: "+
			"a program is needed", clipped(at.Text)),
			"`python3 train.py ${args}` stands for it: write yours")
		words = instead
	default:
		if strings.Contains(at.Text, "determined.launch") || strings.Contains(at.Text, "determined.exec") {
			r.leave(at, "entrypoint", "Determined's launchers ask its master for the other machines, which kaon "+
				"does not have",
				"the command stands as it is: write what starts it without")
		}
		text := strings.ReplaceAll(strings.TrimSpace(at.Text), "${", "$${")
		words = []string{"/bin/sh", "-c", text + ` "$@"`, "sh", "${args}"}
	}
	if len(words) > 1 {
		r.command.put(at, "command:")
		for _, word := range words {
			r.command.put(at, "- %s", quote(word))
		}
		return
	}
	r.refuse(at, "entrypoint", "the command is empty")
}

// determinedTask writes `task`, and `seed`.
func determinedTask(r *reading, top *object) {
	d := &draft{}
	r.task.put(nil, "task:")
	r.task.note("  ", "each attempt has a copy of the folder, as the model definition of Determined")
	r.task.put(nil, "  code: .")
	if n, at := top.whole("max_restarts"); at != nil {
		d.put(at, "  retries: %d", n)
	} else {
		d.note("  ", "Determined's default")
		d.put(nil, "  retries: 5")
	}
	image := determinedEnvironment(r, top.object("environment"), d)
	determinedResources(r, top.object("resources"), d, image)
	determinedMounts(r, top, d, image)
	r.task.add(d)
	o := top.object("reproducibility")
	if seed, at := o.whole("experiment_seed"); at != nil {
		r.head.put(at, "seed: %d", seed)
	}
	o.rest("it is not carried")
}

// determinedEnvironment writes the image and the variables; it tells whether there is an image.
func determinedEnvironment(r *reading, o *object, d *draft) (image bool) {
	byKind := func(key string) *sweep.Tree { // which may be given for each kind of machine
		v := o.get(key)
		if v == nil || !v.Mapping {
			return v
		}
		for _, kind := range []string{"cuda", "gpu", "cpu"} {
			if found := v.Get(kind); found != nil {
				d.note("  ", "of %s, what is for %s", o.at(key), kind)
				return found
			}
		}
		return nil
	}
	if v := byKind("image"); v != nil && v.Text != "" {
		image = true
		d.put(v, "  image: %s", quote(v.Text))
		if pull, at := o.boolean("force_pull_image"); pull {
			d.put(at, "  pull: always")
		}
	}
	o.get("force_pull_image")
	if v := byKind("environment_variables"); v != nil {
		d.put(v, "  env:")
		for _, item := range v.Items {
			name, value, ok := strings.Cut(item.Text, "=")
			if !ok {
				r.leave(item, o.at("environment_variables"),
					fmt.Sprintf("`%s` is set to what it is on the agent, which is not carried", clipped(item.Text)),
					"it is not set")
				continue
			}
			d.put(item, "    %s: %s", quote(name), quote(strings.ReplaceAll(value, "${", "$${")))
		}
	}
	o.idle("ports", "proxy_ports")
	o.rest("it is not carried")
	return image
}

// determinedResources writes what a trial asks for.
func determinedResources(r *reading, o *object, d *draft, image bool) {
	if n, at := o.whole("slots_per_trial"); at != nil {
		d.note("  ", "a slot is a GPU; 0 is a CPU")
		if n > 0 {
			d.put(at, "  resources: {gpus: %d}", n)
		}
	} else {
		d.note("  ", "resources: {gpus: 1} is Determined's default on a cluster with GPUs")
	}
	if v := o.get("shm_size"); v != nil {
		if image {
			d.put(v, "  shm: %s", quote(determinedBytes(v.Text)))
		} else {
			r.idle = append(r.idle, fmt.Sprintf("resources.shm_size (line %d), which an image has", v.Line))
		}
	}
	if n, at := o.whole("max_slots"); at != nil && n > 0 {
		r.leave(at, "resources.max_slots", "how many slots an experiment may have at once is not carried: "+
			"`limits.parallel` counts trials", "it is not limited")
	}
	o.idle("priority", "weight", "resource_pool", "native_parallel", "agent_label", "devices", "is_single_node")
	o.rest("it is not carried")
}

// determinedBytes is a number of bytes as Determined writes it: plain, or with a unit.
func determinedBytes(text string) string {
	text = strings.TrimSpace(text)
	if strings.Trim(text, "0123456789") == "" {
		return text + "B"
	}
	for _, unit := range []struct{ theirs, ours string }{{"kib", "KiB"}, {"mib", "MiB"}, {"gib", "GiB"}, {"kb", "KB"},
		{"mb", "MB"}, {"gb", "GB"},
		{"k", "KiB"}, {"m", "MiB"}, {"g", "GiB"}} {
		if n, ok := strings.CutSuffix(strings.ToLower(text), unit.theirs); ok {
			return strings.TrimSpace(n) + unit.ours
		}
	}
	return text
}

// determinedMounts writes `volumes`, which a trial in an image has.
func determinedMounts(r *reading, top *object, d *draft, image bool) {
	items := top.list("bind_mounts")
	if len(items) == 0 {
		return
	}
	if !image {
		r.leave(items[0], "bind_mounts", "folders are seen elsewhere only in an image, and the experiment names "+
			"none: Determined has one of its own",
			"trials see the machine's folders as they are; `task.image` names an image")
		return
	}
	d.put(items[0], "  volumes:")
	for i, item := range items {
		o := r.object(item, fmt.Sprintf("bind_mounts.%d", i))
		from, to, mode := o.get("host_path"), o.get("container_path"), "rw"
		if only, _ := o.boolean("read_only"); only {
			mode = "ro"
		}
		o.idle("propagation")
		o.rest("it is not carried")
		switch {
		case from == nil || to == nil:
			r.refuse(item, o.path, "a mount needs a host_path and a container_path")
		case !strings.HasPrefix(to.Text, "/"):
			r.leave(to, o.at("container_path"), "a path below Determined's own folder of the run is not carried",
				"it is not mounted")
		default:
			d.put(item, "  - {host: %s, path: %s, mode: %s}", quote(from.Text), quote(to.Text), mode)
		}
	}
}
