package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// node is one node with its agent. It is the agent's embedded.Containers.
type node struct {
	cluster *Cluster
	name    string
	folder  *containerizer.Folder
	remote  *embedded.Remote
	// what GPUs are called here; written by the cluster's goroutine alone, with the cluster's lock held
	gpuName string
	devices []string // resources that tasks ask for by name
	gpus    []string // what the agent calls its GPUs: Kubernetes chooses among them by itself
	arch    string   // with the cluster's lock held, too: pods are described beside

	resources  []mesos.Resource // of the agent, and so
	attributes []mesos.Attribute

	object *nodeObject // nil: it is gone
	cut    bool        // the agent is partitioned, as the node cannot be reached
	away   atomic.Bool // cut, or about to be, for the goroutines of containers
}

// What a node has beside its labels, by the names of attributes on other engines.
const (
	labelZone   = "topology.kubernetes.io/zone"
	labelRegion = "topology.kubernetes.io/region"
	labelType   = "node.kubernetes.io/instance-type"
)

// Ports that every node offers: a pod has a network of its own, in which all are free.
const (
	portFirst = 31000
	portLast  = 31999
)

// resources are what an agent has in all; what of it may be offered is said by Share.
func (o *nodeObject) resources(gpuNames []string) []mesos.Resource {
	var out []mesos.Resource
	scalar := func(name string, v float64) {
		if v > 0 {
			out = append(out, mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(),
				Scalar: &mesos.Value_Scalar{Value: v}})
		}
	}
	total := o.Status.Capacity
	scalar("cpus", total[cpuName].value())
	scalar("mem", megabytes(total[memoryName].value()))
	scalar("disk", megabytes(o.Status.Allocatable[storageName].value()))
	gpuName, gpus := total.gpus(gpuNames)
	scalar("gpus", float64(gpus))
	for _, name := range total.devices(gpuName) {
		scalar(name, float64(int(total[name].value())))
	}
	out = append(out, mesos.Resource{Name: "ports", Type: mesos.RANGES.Enum(),
		Ranges: &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: portFirst, End: portLast}}}})
	return out
}

// megabytes is a number of bytes in what Mesos calls MB.
func megabytes(bytes float64) float64 { return float64(int64(bytes / (1 << 20))) }

// attributes are a node's labels, and the ones that matter most by short names as well.
func (o *nodeObject) attributes() map[string]string {
	all := maps.Clone(o.Metadata.Labels)
	if all == nil {
		all = map[string]string{}
	}
	short := func(name, value string) {
		if _, taken := all[name]; !taken && value != "" {
			all[name] = value
		}
	}
	short("zone", o.Metadata.Labels[labelZone])
	short("region", o.Metadata.Labels[labelRegion])
	short("instance", o.Metadata.Labels[labelType])
	short("arch", o.Status.NodeInfo.Architecture)
	short("os", o.Status.NodeInfo.OperatingSystem)
	return all
}

// usable says why nothing may start on a node now; empty: it may.
func (o *nodeObject) usable(tolerate []toleration) string {
	switch {
	case o.Metadata.DeletionTimestamp != nil:
		return "it is being deleted"
	case o.Spec.Unschedulable:
		return "it is cordoned"
	case !o.ready():
		return "it is not ready"
	case !o.linux():
		return "it runs " + o.Status.NodeInfo.OperatingSystem + ", for which kaon has no program"
	}
	for _, c := range o.Status.Conditions {
		if c.Status == "True" && (c.Type == "DiskPressure" || c.Type == "PIDPressure" || c.Type == "MemoryPressure") {
			return "it is under " + c.Type
		}
	}
	for _, t := range o.Spec.Taints {
		if t.Effect != "PreferNoSchedule" && !slices.ContainsFunc(tolerate, func(of toleration) bool {
			return of.tolerates(t.Key, t.Value, t.Effect)
		}) {
			return "it is tainted with " + t.Key
		}
	}
	return ""
}

func (o *nodeObject) ready() bool {
	return slices.ContainsFunc(o.Status.Conditions, func(c condition) bool {
		return c.Type == "Ready" && c.Status == "True"
	})
}

// linux tells whether kaon's program can run there. A node that does not say what it runs is taken for one of Linux.
func (o *nodeObject) linux() bool {
	return o.Status.NodeInfo.OperatingSystem == "" || o.Status.NodeInfo.OperatingSystem == "linux"
}

// nodeFile is what an agent's folder has of its node.
const nodeFile = "node"

// remember writes down of a node what its agent is made from.
func (n *node) remember(o *nodeObject) {
	kept := nodeObject{Metadata: meta{Name: o.Metadata.Name, Labels: o.Metadata.Labels}}
	kept.Status.Capacity, kept.Status.Allocatable, kept.Status.NodeInfo = o.Status.Capacity, o.Status.Allocatable,
		o.Status.NodeInfo
	b, err := json.Marshal(kept)
	if err == nil {
		err = n.folder.Write(nodeFile, b)
	}
	if err != nil {
		n.cluster.log.Error("node not written down", "node", n.name, "err", err)
	}
}

// recall is what was written down of a node, nil where nothing was.
func (n *node) recall() *nodeObject {
	b, err := n.folder.Read(nodeFile)
	if err != nil {
		return nil // of former versions
	}
	o := &nodeObject{}
	if json.Unmarshal(b, o) != nil {
		return nil
	}
	return o
}

// owing reports whether an agent has something to do even without its node: an executor whose end is not known, or
// updates that nobody has acknowledged.
func owing(records []protocol.Record) bool {
	return slices.ContainsFunc(records, func(r protocol.Record) bool {
		return !r.Ended || slices.ContainsFunc(r.Tasks, func(t protocol.TaskRecord) bool { return len(t.Pending) > 0 })
	})
}

// addNode makes a node's agent, with what it had written down in a former life. object is nil for one that is gone: its
// agent is as it was, for the node may come back; one that owes nothing is forgotten, and the node nil.
func (c *Cluster) addNode(name string, object *nodeObject) (*node, error) {
	if strings.ContainsAny(name, `/\`) || name == "." || name == ".." {
		return nil, fmt.Errorf("node %q: no node is called so", name)
	}
	folder, err := containerizer.OpenFolder(filepath.Join(c.nodesFolder(), name), c.log)
	if err != nil {
		return nil, fmt.Errorf("open what is known of node %s: %w", name, err)
	}
	id, records, err := folder.Load()
	if err != nil {
		folder.Close()
		return nil, fmt.Errorf("read what is known of node %s: %w", name, err)
	}
	if object == nil && !owing(records) {
		folder.Close()
		if err := os.RemoveAll(filepath.Join(c.nodesFolder(), name)); err != nil {
			c.log.Warn("folder of a node that is gone not removed", "node", name, "err", err)
		}
		return nil, nil
	}
	if owing(records) {
		if err := c.place.check(c.former, c.api.account.Server, c.nodesFolder()); err != nil {
			folder.Close()
			return nil, err
		}
	}
	n := &node{cluster: c, name: name, folder: folder, object: object}
	if former := n.recall(); former != nil && owing(records) { // it may have less by now than its tasks hold
		n.describe(former)
	}
	if object != nil {
		n.allot(object)
		n.remember(object)
		n.describe(object)
	}
	spec := embedded.AgentSpec{Name: name, Hostname: name, Shared: true, Resources: n.resources,
		Attributes: n.attributes, GPUs: n.gpus}
	c.nodes[name] = n
	for i := range records {
		if r := &records[i]; !r.Ended {
			c.adopt(n, r)
		}
	}
	if n.remote, err = c.server.AddRemote(spec, id, records, n); err != nil {
		folder.Close()
		return nil, err
	}
	return n, nil
}

// describe takes from a node what its agent is made of.
func (n *node) describe(o *nodeObject) {
	names := n.cluster.conf.gpuNames()
	if n.gpuName != "" { // pods of it may run
		names = []string{n.gpuName}
	}
	n.cluster.mu.Lock()
	n.arch = o.Status.NodeInfo.Architecture
	n.cluster.mu.Unlock()
	n.resources = protocol.Grown(n.resources, o.resources(names))
	attributes := o.attributes()
	n.attributes = nil
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		n.attributes = append(n.attributes, mesos.Attribute{Name: key, Type: mesos.TEXT,
			Text: &mesos.Value_Text{Value: attributes[key]}})
	}
	if name, count := o.Status.Capacity.gpus(names); count > 0 {
		n.callGPUs(name)
		for i := len(n.gpus); i < count; i++ {
			n.gpus = append(n.gpus, fmt.Sprint(i))
		}
	}
	for _, name := range o.Status.Capacity.devices(n.gpuName) {
		if !slices.Contains(n.devices, name) {
			n.devices = append(n.devices, name)
		}
	}
}

// program is what executors of the node are.
func (n *node) program() ([]byte, error) {
	n.cluster.mu.Lock()
	arch := n.arch
	n.cluster.mu.Unlock()
	return n.cluster.binaries.of(arch)
}

func (n *node) callGPUs(name string) {
	n.cluster.mu.Lock()
	n.gpuName = name
	n.cluster.mu.Unlock()
}

// allot notes what pods may have of a node.
func (n *node) allot(o *nodeObject) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	n.cluster.mu.allocatable[n.name] = o.Status.Allocatable
}

// change takes the node as it is now. Device plugins add to it after it was made, and people label it.
func (n *node) change(o *nodeObject) {
	if n.object = o; o == nil {
		return
	}
	n.allot(o)
	// A node may be made again under its name, with GPUs of another maker.
	has := o.Status.Capacity
	if name, count := has.gpus(n.cluster.conf.gpuNames()); count > 0 && has[n.gpuName].value() == 0 &&
		n.cluster.count(n.name) == 0 {
		n.callGPUs(name)
	}
	resources, attributes := n.resources, n.attributes
	n.describe(o)
	if reflect.DeepEqual(resources, n.resources) && reflect.DeepEqual(attributes, n.attributes) {
		return
	}
	n.remember(o)
	n.remote.Reconfigure(n.resources, slices.Clone(n.gpus), n.attributes)
}

// refresh tells the agent what of the node may be offered.
func (n *node) refresh() {
	why, cut := "it is gone", true
	if n.object != nil {
		why, cut = n.object.usable(n.cluster.tolerate), !n.object.ready()
	}
	if cut != n.cut {
		if n.cut = cut; cut {
			n.cluster.log.Info("node cannot be reached", "node", n.name)
			n.leave()
			n.remote.Partition()
		} else {
			n.away.Store(false)
			n.remote.Heal()
		}
	}
	others := n.cluster.others(n.name)
	known := n.remote.Share(func(used protocol.Share) protocol.Share {
		if why != "" {
			return protocol.Share{GPUs: used.GPUs}
		}
		all := n.object.Status.Allocatable
		left := protocol.Share{
			CPUs:     max(0, all[cpuName].value()-others[cpuName]),
			MemoryMB: max(0, megabytes(all[memoryName].value()-others[memoryName])),
			GPUs:     slices.Clone(used.GPUs),
			Devices:  map[string]float64{},
		}
		for _, name := range n.devices {
			left.Devices[name] = float64(int(max(0, all[name].value()-others[name])))
		}
		if _, said := all[storageName]; said {
			left.Devices["disk"] = max(0, megabytes(all[storageName].value()-others[storageName]))
		}
		if _, said := all[podsName]; said {
			room := int(all[podsName].value() - others[podsName])
			// executors that run may take more; none may be added
			if n.cluster.noteRoom(n.name, room); room <= n.cluster.count(n.name) {
				left.CPUs, left.MemoryMB = min(left.CPUs, used.CPUs), min(left.MemoryMB, used.MemoryMB)
			}
		}
		free := int(all[n.gpuName].value() - others[n.gpuName])
		for _, id := range n.gpus {
			if len(left.GPUs) < free && !slices.Contains(left.GPUs, id) {
				left.GPUs = append(left.GPUs, id)
			}
		}
		return left
	})
	if !known && !cut {
		n.cluster.dirty(n.name) // its agent has yet to join
	}
}

const leftBehind = "Kubernetes: its node cannot be reached, and the pod was not on it yet"

// leave notes that a node cannot be reached, or is gone. Its agent is yet to be cut off: what was not on the node is
// told of first, for it began nowhere, and is no loss.
func (n *node) leave() {
	n.away.Store(true)
	var unbound []*container
	c := n.cluster
	c.mu.Lock()
	for _, x := range c.mu.on[n.name] {
		if p, gone, _ := x.now(); p != nil && !gone && p.Spec.NodeName == "" {
			unbound = append(unbound, x)
		}
	}
	c.mu.Unlock()
	for _, x := range unbound {
		n.remote.Refused(x.id, leftBehind)
		x.look()
	}
}

// The methods of embedded.Containers, which are called with the agent's lock held.

func (n *node) Start(e protocol.StartExecutor) { n.cluster.start(n, e) }

func (n *node) Kill(container, why string) { n.cluster.kill(n, container, why) }

func (n *node) Resize(container string, l protocol.Limits) { n.cluster.resize(container, l) }

func (n *node) Save(r *protocol.Record) error {
	err := n.folder.Save(r)
	n.cluster.tellKilled(r)
	return err
}

func (n *node) Forget(container string) { n.folder.Forget(container) }

func (n *node) SaveID(id protocol.AgentID) { n.folder.SaveID(id) }

// tolerations are the taints that are no obstacle.
func (c *Config) tolerations() (all []toleration) {
	for _, text := range c.Tolerate {
		all = append(all, parseToleration(text))
	}
	return all
}
