package kubernetes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

const (
	binFolder = "/kaon-bin"
	binFile   = binFolder + "/kaon"
	agentHost = "agent.kaon.internal:5051" // leads nowhere but through the executor's standard output
)

// podOf is the pod of an executor with its first tasks. delivery is how many bytes of a compressed program its standard
// input will bring; 0: the program is there.
func (c *Cluster) podOf(n *node, e *protocol.StartExecutor, l protocol.Limits, delivery int64) (*pod, error) {
	own, order := readTask(e)
	uid, gid, err := c.user(order)
	if err != nil {
		return nil, err
	}
	for _, v := range e.Executor.Container.GetVolumes() { // not every namespace enforces what its pods are held to
		if err := CheckVolume(v.GetHostPath(), c.conf.Root); err != nil {
			return nil, err
		}
	}
	image, pull, shm := c.conf.Image, "IfNotPresent", ""
	if d := e.Executor.Container.GetDocker(); d != nil {
		image = d.Image
		if d.GetForcePullImage() {
			pull = "Always"
		}
		for _, p := range d.Parameters {
			if p.Key == "shm-size" {
				shm = p.Value
			}
		}
	} else if i := e.Executor.Container.GetMesos().GetImage(); i != nil {
		image = i.GetDocker().GetName()
		if !i.GetCached() {
			pull = "Always"
		}
	}
	if image == "" {
		return nil, errors.New("the spec names no image: write `image:` in its task, or give " +
			"kubernetes://CONTEXT?image=NAME")
	}
	p := &pod{APIVersion: "v1", Kind: "Pod"}
	p.Metadata = c.metaOf(e, own, order)
	s := &p.Spec
	s.bind(n.name, c.conf.Scheduler)
	s.RestartPolicy = "Never"
	s.AutomountServiceAccountToken, s.EnableServiceLinks = ptr(false), ptr(false)
	s.ServiceAccountName, s.PriorityClassName, s.RuntimeClassName = c.conf.ServiceAccount, c.conf.PriorityClass,
		c.conf.RuntimeClass
	s.TerminationGracePeriodSeconds = ptr(int64(shutdownGrace.Seconds()) + 10)
	s.Tolerations = c.tolerate
	for _, name := range c.conf.PullSecrets {
		s.ImagePullSecrets = append(s.ImagePullSecrets, named{name})
	}
	s.SecurityContext = &securityContext{FSGroup: ptr(gid), RunAsUser: ptr(uid), RunAsGroup: ptr(gid),
		SeccompProfile: &seccomp{"RuntimeDefault"}}
	var secure *securityContext
	if !c.conf.Root {
		s.SecurityContext.RunAsNonRoot = ptr(true)
		secure = &securityContext{AllowPrivilegeEscalation: ptr(false)}
		secure.Capabilities = &struct {
			Drop []string `json:"drop,omitempty"`
		}{[]string{"ALL"}}
	}
	x := podContainer{
		Name: executorContainer, Image: image, ImagePullPolicy: pull, Stdin: true, WorkingDir: sweep.SandboxPath,
		SecurityContext: secure,
		Env:             environmentOf(e, order), Resources: requestsOf(n, e, l),
		VolumeMounts: []volumeMount{{Name: "sandbox", MountPath: sweep.SandboxPath}},
	}
	x.ResizePolicy = []resizePolicy{{cpuName, "NotRequired"}, {memoryName, "NotRequired"}}
	s.Volumes = []volume{{Name: "sandbox", EmptyDir: &emptyDir{}}}
	if shm != "" {
		mb, _ := strconv.ParseFloat(strings.TrimSuffix(shm, "m"), 64)
		s.Volumes = append(s.Volumes, volume{Name: "shm", EmptyDir: &emptyDir{Medium: "Memory", SizeLimit: mebi(mb)}})
		x.VolumeMounts = append(x.VolumeMounts, volumeMount{Name: "shm", MountPath: "/dev/shm"})
	}
	addVolumes(s, &x, e.Executor.Container.GetVolumes())
	c.addProgram(s, &x, e, delivery, secure)
	s.Containers = []podContainer{x}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(b)
	p.Metadata.Annotations[noteHash] = hex.EncodeToString(hash[:16])
	return p, nil
}

// addProgram says how kaon's own program comes into the container, and starts it.
func (c *Cluster) addProgram(
	s *podSpec, x *podContainer, e *protocol.StartExecutor, delivery int64, secure *securityContext,
) {
	arguments := []string{"executor", "--stdio"}
	if onceOnly(e) {
		arguments = append(arguments, onceFlag)
	}
	if c.conf.Executor != "" {
		x.Command = append([]string{c.conf.Executor}, arguments...)
		return
	}
	s.Volumes = append(s.Volumes, volume{Name: "program", EmptyDir: &emptyDir{}})
	mount := volumeMount{Name: "program", MountPath: binFolder}
	x.VolumeMounts = append(x.VolumeMounts, mount)
	if c.conf.KaonImage != "" {
		s.InitContainers = []podContainer{{
			Name: "program", Image: c.conf.KaonImage, Command: []string{"/kaon", "executor", "--install", binFile},
			VolumeMounts: []volumeMount{mount}, SecurityContext: secure, Resources: c.installs(x.Resources),
		}}
		x.Command = append([]string{binFile}, arguments...)
		return
	}
	// Whoever attaches writes the program first. What is wrong with it shows when it does not start.
	const script = `head -c "$0" | gzip -dc >"$1" && chmod 755 "$1" && exec "$@"`
	x.Command = append([]string{"/bin/sh", "-c", script, strconv.FormatInt(delivery, 10), binFile}, arguments...)
}

// installs are the resources of the init container that brings the program. Under limits it has those of the executor:
// it ends before that begins, so that a node and a quota count both only once.
func (c *Cluster) installs(executor resourceRequests) resourceRequests {
	r := resourceRequests{Requests: amounts{cpuName: "10m", memoryName: "16Mi"}}
	if c.conf.Limits != LimitsNone {
		r.Requests = amounts{cpuName: executor.Requests[cpuName], memoryName: executor.Requests[memoryName]}
		r.Limits = c.conf.Limits.of(r.Requests)
	}
	return r
}

// onceFlag has an executor serve one attempt.
const onceFlag = "--once"

// onceOnly tells an executor that serves one attempt from a warm one.
func onceOnly(e *protocol.StartExecutor) bool {
	return slices.Contains(e.Executor.Command.GetArguments(), onceFlag)
}

// readTask is the first task's id and order.
func readTask(e *protocol.StartExecutor) (cluster.TaskID, task.Order) {
	order, err := task.Decode[task.Order](e.Task.Data)
	if err == nil && order.Bundle != nil {
		if all := order.All(); len(all) > 0 {
			order = all[0]
		}
	}
	return cluster.TaskID(e.Task.TaskID.Value), order
}

func (c *Cluster) user(o task.Order) (uid, gid int64, err error) {
	user := cmp.Or(o.User, c.conf.User)
	if err := CheckUser(user, c.conf.Root); err != nil {
		return 0, 0, err
	}
	return numericUser(user)
}

// metaOf is what a pod is called and known by.
func (c *Cluster) metaOf(e *protocol.StartExecutor, id cluster.TaskID, order task.Order) meta {
	m := meta{Name: podName(e.Container), Namespace: c.conf.Namespace, Finalizers: []string{Finalizer},
		Labels:      map[string]string{},
		Annotations: map[string]string{}}
	maps.Copy(m.Annotations, c.conf.Annotations)
	m.Annotations[noteExecutor] = e.Executor.ExecutorID.Value
	maps.Copy(m.Labels, c.conf.Labels)
	m.Labels["app.kubernetes.io/name"], m.Labels[managedBy] = "kaon", "kaon"
	m.Labels[labelFramework] = labelValue(e.Framework.GetID().GetValue())
	m.Labels[labelOwner], m.Labels[labelContainer] = c.owner, e.Container
	if name, trial, attempt, ok := id.Parse(); ok {
		m.Labels[labelSweep] = labelValue(name)
		if onceOnly(e) {
			m.Labels[labelTrial], m.Labels[labelAttempt] = strconv.Itoa(trial), strconv.Itoa(attempt)
			if trial == sweep.ThenTrial {
				m.Labels[labelTrial] = "then"
			}
		}
	} else if order.Sweep != "" {
		m.Labels[labelSweep] = labelValue(order.Sweep)
	}
	return m
}

// podName is that of a run of an executor, whose id is its own: whoever creates it again meets it.
func podName(container string) string { return "kaon-" + strings.ToLower(container) }

// labelValue is a text as labels may have it.
func labelValue(text string) string {
	out := []byte(text[:min(len(text), 63)])
	for i, b := range out {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '_', b == '.':
		default:
			out[i] = '-'
		}
	}
	return strings.Trim(string(out), "-_.")
}

// environmentOf is what an agent tells an executor, by Mesos's variables, and what its command asks for.
func environmentOf(e *protocol.StartExecutor, order task.Order) []envVar {
	all := map[string]string{
		"MESOS_AGENT_ENDPOINT": agentHost, "MESOS_CHECKPOINT": "1", "MESOS_DIRECTORY": sweep.SandboxPath,
		"MESOS_SANDBOX":     sweep.SandboxPath,
		"MESOS_EXECUTOR_ID": e.Executor.ExecutorID.Value, "MESOS_FRAMEWORK_ID": e.Framework.ID.Value,
		"MESOS_SLAVE_ID":         string(e.AgentID),
		"MESOS_RECOVERY_TIMEOUT": protocol.MesosDuration(executorPatience), "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": protocol.MesosDuration(shutdownGrace),
	}
	if order.User == "" { // the image's own user has a home, and this is another
		all["HOME"] = sweep.SandboxPath
	}
	for _, v := range e.Executor.Command.GetEnvironment().GetVariables() {
		all[v.Name] = v.GetValue()
	}
	var out []envVar
	for _, name := range slices.Sorted(maps.Keys(all)) {
		// else kubelets expand $(NAME), and make one of two
		out = append(out, envVar{name, strings.ReplaceAll(all[name], "$", "$$")})
	}
	return out
}

// requestsOf are what the executor and its first tasks ask for. One that serves one attempt is kept to its memory; a
// warm one, whose pod is resized as tasks come and go, keeps each of its attempts to theirs by itself.
func requestsOf(n *node, e *protocol.StartExecutor, l protocol.Limits) resourceRequests {
	r := resourceRequests{Requests: sizeOf(l)}
	r.Limits = n.cluster.conf.Limits.of(r.Requests)
	disk, devices := 0.0, amounts{}
	if l.GPUs > 0 {
		n.cluster.mu.Lock()
		devices[n.gpuName] = quantity(strconv.Itoa(l.GPUs))
		n.cluster.mu.Unlock()
	}
	for _, a := range protocol.ParseResources(append(slices.Clone(e.Executor.Resources), e.Task.Resources...)) {
		switch {
		case a.Name == "disk":
			disk += float64(a.Milli) / 1000
		case resource.Extended(a.Name):
			devices[a.Name] = quantity(strconv.FormatInt(a.Milli/1000, 10))
		}
	}
	if onceOnly(e) {
		if r.Limits == nil {
			r.Limits = amounts{}
		}
		if l.MemoryMB > 0 {
			r.Limits[memoryName] = r.Requests[memoryName]
		}
		if disk > 0 {
			r.Requests[storageName] = mebi(disk)
			r.Limits[storageName] = mebi(disk)
		}
	}
	if len(devices) > 0 && r.Limits == nil {
		r.Limits = amounts{}
	}
	maps.Copy(r.Requests, devices)
	maps.Copy(r.Limits, devices)
	return r
}

func sizeOf(l protocol.Limits) amounts {
	return amounts{cpuName: milliCPU(l.CPUs), memoryName: mebi(l.MemoryMB)}
}

// claimPrefix begins the host's path of a volume that is a PersistentVolumeClaim of the namespace.
const claimPrefix = "/pvc/"

// claimOf is the PersistentVolumeClaim that a host's path names; false: it is a folder of the node.
func claimOf(host string) (string, bool) { return strings.CutPrefix(path.Clean(host), claimPrefix) }

// CheckVolume refuses a volume that pods cannot have where root is not allowed: who writes to a node's folders may
// become root on it.
func CheckVolume(host string, root bool) error {
	if _, ok := claimOf(host); ok || root {
		return nil
	}
	return fmt.Errorf("volume %q: a folder of the node is not for pods under PodSecurity's \"restricted\": name "+
		"a PersistentVolumeClaim by "+
		"%sNAME, or allow it for all by %s://CONTEXT?root=true", host, claimPrefix, Scheme)
}

// addVolumes mounts what the spec names: folders of the node, or claims.
func addVolumes(s *podSpec, x *podContainer, list []mesos.Volume) {
	for i, v := range list {
		name := fmt.Sprintf("volume-%d", i)
		readOnly := v.GetMode() == mesos.RO
		out := volume{Name: name}
		if claim, ok := claimOf(v.GetHostPath()); ok {
			out.Claim = &struct {
				Name     string `json:"claimName"`
				ReadOnly bool   `json:"readOnly,omitempty"`
			}{claim, readOnly}
		} else {
			out.HostPath = &struct {
				Path string `json:"path"`
			}{v.GetHostPath()}
		}
		s.Volumes = append(s.Volumes, out)
		x.VolumeMounts = append(x.VolumeMounts, volumeMount{Name: name, MountPath: v.ContainerPath, ReadOnly: readOnly})
	}
}
