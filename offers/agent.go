package offers

import (
	"cmp"
	"slices"
)

// Agent is what the index knows of one agent, whether or not it offers anything now. A row of the index: it is
// never changed, only replaced.
type Agent struct {
	ID         AgentID
	Hostname   string
	URL        string
	Attributes []Attribute

	// Capacity is the most that was ever seen there, offered and used by us together: Mesos's offers do not say how
	// large an agent is.
	Capacity Quantities
	Used     Quantities // by our tasks and executors
	Running  []Tally    // our tasks by sweep, ordered by sweep
	Workers  []Worker   // our executors, ordered by id
	Images   []string   // images our tasks ran there, latest last, at most imagesKept

	number uint32   // order of first appearance; breaks ties everywhere
	roles  []string // allocation roles it ever offered to, in order of appearance
}

// Tally counts the tasks of one sweep on one agent.
type Tally struct {
	Sweep string
	Tasks int
}

// Worker is one of our executors on an agent.
type Worker struct {
	ID       ExecutorID
	Tasks    int
	Overhead Quantities // what we counted for it in Used
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

// tasksOf is how many tasks of one sweep run on the agent.
func (a *Agent) tasksOf(sweepID string) int {
	if i, found := slices.BinarySearchFunc(a.Running, sweepID, bySweep); found {
		return a.Running[i].Tasks
	}
	return 0
}

// warm says whether the executor runs on the agent.
func (a *Agent) warm(id ExecutorID) bool {
	_, found := slices.BinarySearchFunc(a.Workers, id, byExecutor)
	return found && id != ""
}

func bySweep(t Tally, id string) int         { return cmp.Compare(t.Sweep, id) }
func byExecutor(w Worker, id ExecutorID) int { return cmp.Compare(w.ID, id) }

// see updates a copy of the agent from an offer. What an offer says of executors is the truth, except that an
// executor with tasks of ours is alive even when the offer was made before it started.
func (a Agent) see(o *Offer) *Agent {
	a.Hostname, a.Attributes = o.Hostname, o.Attributes
	if o.URL != "" {
		a.URL = o.URL
	}
	if !slices.Contains(a.roles, o.Role) {
		a.roles = append(slices.Clip(a.roles), o.Role)
	}
	workers := make([]Worker, 0, len(o.Executors))
	for _, w := range a.Workers {
		if w.Tasks > 0 || slices.Contains(o.Executors, w.ID) {
			workers = append(workers, w)
		} else {
			a.Used = a.Used.plus(w.Overhead, -1)
		}
	}
	for _, id := range o.Executors {
		if i, found := slices.BinarySearchFunc(workers, id, byExecutor); !found {
			workers = slices.Insert(workers, i, Worker{ID: id})
		}
	}
	a.Workers = workers
	return &a
}

// fork is a copy whose load may be changed before it becomes a row.
func (a *Agent) fork() *Agent {
	b := *a
	b.Running = slices.Clone(a.Running)
	b.Workers = slices.Clone(a.Workers)
	return &b
}

// start counts n more tasks of the demand on a fork, on offers of a role; a negative n takes tasks away. The executor's overhead counts
// once for as long as the executor is known there.
func (a *Agent) start(d *Demand, role string, n int) {
	a.Used.increase((*Quantities)(&d.Resources), n)
	i, found := slices.BinarySearchFunc(a.Running, d.Sweep, bySweep)
	if !found {
		a.Running = slices.Insert(a.Running, i, Tally{Sweep: d.Sweep})
	}
	if a.Running[i].Tasks += n; a.Running[i].Tasks <= 0 {
		a.Running = slices.Delete(a.Running, i, i+1)
	}
	if d.Executor == "" {
		a.Used.increase((*Quantities)(&d.Overhead), n)
	} else {
		a.engage(d, role, n)
	}
	if d.Image != "" && n > 0 && !slices.Contains(a.Images, d.Image) {
		kept := a.Images[max(0, len(a.Images)+1-imagesKept):]
		a.Images = append(slices.Clone(kept), d.Image)
	}
}

// engage counts n more tasks of the demand's shared executor.
func (a *Agent) engage(d *Demand, role string, n int) {
	id := d.Executor.In(role)
	i, found := slices.BinarySearchFunc(a.Workers, id, byExecutor)
	if !found && n > 0 {
		a.Workers = slices.Insert(a.Workers, i, Worker{ID: id, Overhead: Quantities(d.Overhead)})
		a.Used.increase((*Quantities)(&d.Overhead), 1)
		found = true
	}
	if found {
		a.Workers[i].Tasks = max(0, a.Workers[i].Tasks+n)
	}
}

// lose is the agent after one of its executors ended.
func (a Agent) lose(id ExecutorID) *Agent {
	if i, found := slices.BinarySearchFunc(a.Workers, id, byExecutor); found {
		a.Used = a.Used.plus(a.Workers[i].Overhead, -1)
		a.Workers = slices.Delete(slices.Clone(a.Workers), i, i+1)
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
