package sweep

import (
	"fmt"
)

// task reads what a trial is to the cluster.
func (d *decoder) task(n *node) {
	t := &d.spec.Task
	t.resources, t.Isolation, t.Logs = defaultDemand(), Shared, LogsFailed
	if n == nil || n.null || !d.mapping(n, "task", "task") {
		return
	}
	for _, p := range n.pairs {
		d.notBuilt(p.key, "task."+p.key.text, "task."+p.key.text)
	}
	if r := n.get("resources"); r != nil && !r.null {
		d.resources(r)
	}
	for i, item := range d.list(n.get("constraints"), "task.constraints",
		`constraints: [[rack, LIKE, "r[12]"]]`) {
		if c, ok := d.constraint(item, fmt.Sprintf("task.constraints.%d", i)); ok {
			t.Constraints = append(t.Constraints, c)
		}
	}
	t.Env = d.env(n.get("env"))
	d.checkEnvUse(n.get("env"))
	if r := n.get("retries"); r != nil {
		t.Retries = int(d.integer(r, "task.retries", 0, 1000))
	}
	t.Timeout = d.duration(n.get("timeout"), "task.timeout")
	t.Grace = d.duration(n.get("grace"), "task.grace")
	t.Isolation = d.isolation(n.get("isolation"))
	t.Bundle = d.bundle(n.get("bundle"))
	t.NoMlflow = d.noMlflow(n.get("mlflow"))
	t.Prometheus = d.textFile(n.get("prometheus"))
	t.NoWandb, t.Events = d.noWandb(n.get("wandb")), d.events(n.get("tensorboard"))
	if p := n.get("process_limit"); p != nil && !p.null {
		t.Processes = int(d.integer(p, "task.process_limit", 1, maxProcesses))
	}
	t.HardCPUs = d.cpuLimit(n.get("cpu_limit"), n.get("resources"))
	d.container(n)
	d.files(n)
	for i, item := range d.list(n.get("filters"), "task.filters", `filters: ['(\w+)=(\S+)']`) {
		d.filter(item, fmt.Sprintf("task.filters.%d", i))
	}
}

// maxProcesses is the most that Linux numbers at a time.
const maxProcesses = 1 << 22

// isolation is shared unless the spec says otherwise.
func (d *decoder) isolation(n *node) Isolation {
	if n == nil || n.null {
		return Shared
	}
	switch i := Isolation(d.text(n, "task.isolation")); i {
	case Shared, Contained:
		return i
	}
	d.fail(n, "task.isolation", "want container or shared, not "+n.what(),
		"shared runs many trials in one warm executor, container gives each its own")
	return Shared
}

func (d *decoder) filter(n *node, field string) {
	text := d.text(n, field)
	switch re := d.regexp(text, n, field); {
	case re == nil:
	case re.NumSubexp() != 2:
		d.fail(n, field, fmt.Sprintf("the expression has %d groups", re.NumSubexp()),
			"give it two: the metric's name and its number")
	default:
		d.spec.Task.Filters = append(d.spec.Task.Filters, text)
	}
}
