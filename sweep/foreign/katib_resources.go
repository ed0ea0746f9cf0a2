package foreign

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// katibResources takes what a container asks for: its limits, and of what has none the requests.
func katibResources(r *reading, o *object) {
	limits, requests := o.object("limits"), o.object("requests")
	o.rest("it is not carried")
	d := &r.task
	pick := func(key string) (at *sweep.Tree, limited bool) {
		if v := requests.get(key); v != nil && limits.get(key) == nil {
			return v, false
		}
		return limits.get(key), true
	}
	lines := &draft{}
	hard := false
	if at, limited := pick("cpu"); at != nil {
		hard = limited
		if v, ok := amount(r, o, "cpu", at); ok {
			lines.put(at, "    cpus: %s", number(v))
		}
	}
	if at, _ := pick("memory"); at != nil {
		if v, ok := amount(r, o, "memory", at); ok {
			lines.put(at, "    memory: %sMB", number(math.Ceil(v/(1<<20))))
		}
	}
	if at, _ := pick("ephemeral-storage"); at != nil {
		if v, ok := amount(r, o, "ephemeral-storage", at); ok {
			lines.put(at, "    disk: %sMB", number(math.Ceil(v/(1<<20))))
		}
	}
	for _, key := range resource.GPUNames {
		if at, _ := pick(key); at != nil {
			if v, ok := amount(r, o, key, at); ok {
				lines.put(at, "    gpus: %s", number(v))
			}
		}
	}
	for _, from := range []*object{limits, requests} {
		for _, p := range from.pairs() {
			name := p.Key.Text
			if from.used[name] || resource.CheckExtended(name) != nil {
				continue
			}
			if at, _ := pick(name); at != nil {
				if v, ok := amount(r, o, name, at); ok {
					lines.put(at, "    %s: %s", name, number(v))
				}
			}
		}
	}
	limits.rest("kaon knows no such resource: agents offer others by task.resources.named")
	requests.rest("kaon knows no such resource: agents offer others by task.resources.named")
	if lines.empty() {
		d.note("  ", "the container asks for no resources: each trial has 1 cpu and 512 MB")
		return
	}
	d.put(o.tree, "  resources:")
	d.add(lines)
	if hard {
		d.note("  ", "in Kubernetes a limit of cpus is never exceeded")
		d.put(o.tree, "  cpu_limit: hard")
	}
}

var kubeAmount = regexp.MustCompile(`^([0-9.]+(?:[eE][-+]?[0-9]+)?)(m|[kKMGTPE]i?)?$`)

// amount reads a quantity of Kubernetes.
func amount(r *reading, o *object, name string, at *sweep.Tree) (v float64, ok bool) {
	m := kubeAmount.FindStringSubmatch(strings.TrimSpace(at.Text))
	if m != nil {
		v, err := strconv.ParseFloat(m[1], 64)
		if err == nil && v >= 0 {
			return v * factor(m[2]), true
		}
	}
	r.refuse(at, o.at(name), fmt.Sprintf("`%s` is no quantity of Kubernetes", clipped(at.Text)))
	return 0, false
}

// factor is what a suffix multiplies by.
func factor(suffix string) float64 {
	if suffix == "" {
		return 1
	}
	if suffix == "m" {
		return 1e-3
	}
	base := 1000.0
	if strings.HasSuffix(suffix, "i") {
		base = 1024
	}
	return math.Pow(base, float64(strings.IndexByte("kMGTPE", strings.Replace(suffix, "K", "k", 1)[0])+1))
}

// katibVolumes takes folders of the host, and memory as /dev/shm.
func katibVolumes(r *reading, pod, box *object) {
	volumes := map[string]*object{}
	for i, item := range pod.list("volumes") {
		v := r.object(item, fmt.Sprintf("%s.volumes.%d", pod.path, i))
		volumes[v.text("name")] = v
	}
	lines := &draft{}
	for i, item := range box.list("volumeMounts") {
		m := r.object(item, fmt.Sprintf("%s.volumeMounts.%d", box.path, i))
		v, where := volumes[m.text("name")], m.text("mountPath")
		if v == nil {
			r.refuse(item, m.path, "the pod has no volume of this name")
			continue
		}
		host, empty := v.object("hostPath"), v.object("emptyDir")
		readOnly, _ := m.boolean("readOnly")
		sub := m.text("subPath")
		m.rest("it is not carried")
		switch {
		case host.tree != nil:
			mode := ""
			if readOnly {
				mode = ":ro"
			}
			from := host.text("path")
			if sub != "" {
				from = strings.TrimRight(from, "/") + "/" + sub
			}
			lines.put(item, "  - %s", quote(from+":"+where+mode))
			host.idle("type")
		case v.tree.Get("emptyDir") != nil && where == "/dev/shm":
			if size := empty.get("sizeLimit"); size != nil {
				if n, ok := amount(r, empty, "sizeLimit", size); ok {
					r.task.put(size, "  shm: %sMB", number(math.Ceil(n/(1<<20))))
				}
			} else {
				r.task.note("  ", "without a sizeLimit /dev/shm had half of the node's memory")
				r.task.put(item, "  shm: 1GB")
			}
			empty.idle("medium")
		default:
			kind := "this"
			for _, p := range v.pairs() {
				if p.Key.Text != "name" {
					kind = p.Key.Text
				}
			}
			r.leave(item, m.path, fmt.Sprintf("a volume of the kind %s is not carried: only hostPath, and memory "+
				"at /dev/shm", kind), "it is not mounted")
		}
	}
	if !lines.empty() {
		r.task.put(box.get("volumeMounts"), "  volumes:")
		r.task.add(lines)
	}
}
