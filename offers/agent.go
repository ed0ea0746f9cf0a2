package offers

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Agent is what the index knows of one agent, whether or not it offers anything now. A row of the index: it
// is never changed, only replaced.
type Agent struct {
	ID         AgentID
	Hostname   string
	URL        string
	Attributes []Attribute

	// Capacity is the most that was ever seen there, offered and used by us together: Mesos's offers do not
	// say how large an agent is. While tasks may have ended unheard it may be more; see doubt.
	Capacity  resource.Resources
	Used      resource.Resources // by our tasks and executors
	Running   []JobTasks         // our tasks by job, ordered by job
	Executors []Executor         // our executors, ordered by id
	Images    []string           // images our tasks ran there, latest last, at most imagesKept

	number uint32   // order of first appearance; breaks ties everywhere
	roles  []string // allocation roles it ever offered to, in order of appearance
	gone   bool     // it was removed, and tasks of ours may still run there: it counts for them alone

	sure resource.Resources // of Capacity, what was seen when no doubt was
}

// JobTasks counts the tasks of one job on one agent.
type JobTasks struct {
	Job   string
	Tasks int
}

// Executor is one of our executors on an agent.
type Executor struct {
	ID       ExecutorID
	Tasks    int
	Overhead resource.Resources // what we counted for it in Used
}

// imagesKept bounds the memory of images per agent; an agent's own image cache holds few of those we run.
const imagesKept = 8

// Tasks is how many of our tasks run on the agent.
func (a *Agent) Tasks() int {
	n := 0
	for _, t := range a.Running {
		n += t.Tasks
	}
	return n
}

// tasksOf is how many tasks of one job run on the agent.
func (a *Agent) tasksOf(job string) int {
	if i, found := slices.BinarySearchFunc(a.Running, job, byJob); found {
		return a.Running[i].Tasks
	}
	return 0
}

// warm says whether the executor runs on the agent.
func (a *Agent) warm(id ExecutorID) bool {
	_, found := slices.BinarySearchFunc(a.Executors, id, byExecutor)
	return found && id != ""
}

func byJob(t JobTasks, id string) int          { return cmp.Compare(t.Job, id) }
func byExecutor(w Executor, id ExecutorID) int { return cmp.Compare(w.ID, id) }

// observe updates a copy of the agent from an offer. What an offer says of executors is the truth, except
// that an executor with tasks of ours is alive even when the offer was made before it started.
func (a Agent) observe(o *Offer) *Agent {
	a.Hostname, a.Attributes, a.gone = o.Hostname, o.Attributes, false
	if o.URL != "" {
		a.URL = o.URL
	}
	if !slices.Contains(a.roles, o.Role) {
		a.roles = append(slices.Clip(a.roles), o.Role)
	}
	executors := make([]Executor, 0, len(o.Executors))
	for _, w := range a.Executors {
		if w.Tasks > 0 || slices.Contains(o.Executors, w.ID) {
			executors = append(executors, w)
		} else {
			a.Used = a.Used.Plus(w.Overhead, -1)
		}
	}
	for _, id := range o.Executors {
		if i, found := slices.BinarySearchFunc(executors, id, byExecutor); !found {
			executors = slices.Insert(executors, i, Executor{ID: id})
		}
	}
	a.Executors = executors
	return &a
}

// away is the agent when it is gone, and its tasks may run on.
func (a Agent) away() *Agent {
	for i := range a.Executors {
		a.Used = a.Used.Plus(a.Executors[i].Overhead, -1)
	}
	a.Executors, a.Capacity, a.sure, a.gone = nil, resource.Resources{}, resource.Resources{}, true
	return &a
}

// clone is a copy whose load may be changed before it becomes a row.
func (a *Agent) clone() *Agent {
	b := *a
	b.Running = slices.Clone(a.Running)
	b.Executors = slices.Clone(a.Executors)
	return &b
}

// addTasks counts n more tasks of the demand on a clone, on offers of a role; a negative n takes tasks away.
// The executor's overhead counts once for as long as the executor is known there.
func (a *Agent) addTasks(d *Demand, role string, n int) {
	a.Used.Add(&d.Resources, n)
	i, found := slices.BinarySearchFunc(a.Running, d.Job, byJob)
	if !found {
		a.Running = slices.Insert(a.Running, i, JobTasks{Job: d.Job})
	}
	if a.Running[i].Tasks += n; a.Running[i].Tasks <= 0 {
		a.Running = slices.Delete(a.Running, i, i+1)
	}
	if d.Executor == "" {
		a.Used.Add(&d.Overhead, n)
	} else {
		a.addExecutorTasks(d, role, n)
	}
	if d.Image != "" && n > 0 && !slices.Contains(a.Images, d.Image) {
		kept := a.Images[max(0, len(a.Images)+1-imagesKept):]
		a.Images = append(slices.Clone(kept), d.Image)
	}
}

// addExecutorTasks counts n more tasks of the demand's shared executor.
func (a *Agent) addExecutorTasks(d *Demand, role string, n int) {
	id := d.Executor.In(role)
	i, found := slices.BinarySearchFunc(a.Executors, id, byExecutor)
	if !found && n > 0 {
		a.Executors = slices.Insert(a.Executors, i, Executor{ID: id, Overhead: d.Overhead})
		a.Used.Add(&d.Overhead, 1)
		found = true
	}
	if found {
		a.Executors[i].Tasks = max(0, a.Executors[i].Tasks+n)
	}
}

// removeExecutor is the agent after one of its executors ended.
func (a Agent) removeExecutor(id ExecutorID) *Agent {
	if i, found := slices.BinarySearchFunc(a.Executors, id, byExecutor); found {
		a.Used = a.Used.Plus(a.Executors[i].Overhead, -1)
		a.Executors = slices.Delete(slices.Clone(a.Executors), i, i+1)
	}
	return &a
}

// attribute is the agent's attribute of that name, or its hostname.
func (a *Agent) attribute(field string) (Attribute, bool) {
	if field == "hostname" || field == "@hostname" {
		return Attribute{Name: field, Value: a.Hostname}, a.Hostname != ""
	}
	for _, at := range a.Attributes {
		if at.Name == field {
			return at, true
		}
	}
	return Attribute{}, false
}

// hasImage says whether a task of ours ran that image on the agent, as far as remembered.
func (a *Agent) hasImage(image string) bool { return slices.Contains(a.Images, image) }
