package kubernetes

import (
	"slices"
	"time"
)

const (
	// prefix begins the names of all labels and annotations of ours.
	prefix = "kaon.dev/"
	// executorContainer is the container of a pod that is the executor.
	executorContainer = "executor"
)

// The parts of Kubernetes's objects that are read or written here, by their names in JSON.

type meta struct {
	Name              string            `json:"name,omitempty"`
	GenerateName      string            `json:"generateName,omitempty"`
	Namespace         string            `json:"namespace,omitempty"`
	UID               string            `json:"uid,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	Finalizers        []string          `json:"finalizers,omitempty"`
	OwnerReferences   []owner           `json:"ownerReferences,omitempty"`
	Created           time.Time         `json:"creationTimestamp,omitzero"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp,omitempty"` // when its grace period is over
	DeletionGrace     int64             `json:"deletionGracePeriodSeconds,omitempty"`
}

// has tells whether an object carries labels.
func (m *meta) has(labels map[string]string) bool {
	for name, value := range labels {
		if m.Labels[name] != value {
			return false
		}
	}
	return true
}

type owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

type nodeObject struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		Unschedulable bool `json:"unschedulable,omitempty"`
		Taints        []struct {
			Key    string `json:"key"`
			Value  string `json:"value,omitempty"`
			Effect string `json:"effect"`
		} `json:"taints,omitempty"`
	} `json:"spec"`
	Status struct {
		Capacity    amounts     `json:"capacity,omitempty"`
		Allocatable amounts     `json:"allocatable,omitempty"`
		Conditions  []condition `json:"conditions,omitempty"`
		NodeInfo    struct {
			Architecture    string `json:"architecture,omitempty"`
			OperatingSystem string `json:"operatingSystem,omitempty"`
		} `json:"nodeInfo"`
	} `json:"status"`
}

type pod struct {
	APIVersion string    `json:"apiVersion,omitempty"`
	Kind       string    `json:"kind,omitempty"`
	Metadata   meta      `json:"metadata"`
	Spec       podSpec   `json:"spec"`
	Status     podStatus `json:"status,omitzero"`
}

type podSpec struct {
	NodeName                      string            `json:"nodeName,omitempty"`
	SchedulerName                 string            `json:"schedulerName,omitempty"`
	SchedulingGates               []named           `json:"schedulingGates,omitempty"`
	Affinity                      *affinity         `json:"affinity,omitempty"`
	NodeSelector                  map[string]string `json:"nodeSelector,omitempty"`
	RestartPolicy                 string            `json:"restartPolicy,omitempty"`
	ServiceAccountName            string            `json:"serviceAccountName,omitempty"`
	AutomountServiceAccountToken  *bool             `json:"automountServiceAccountToken,omitempty"`
	EnableServiceLinks            *bool             `json:"enableServiceLinks,omitempty"`
	TerminationGracePeriodSeconds *int64            `json:"terminationGracePeriodSeconds,omitempty"`
	PriorityClassName             string            `json:"priorityClassName,omitempty"`
	RuntimeClassName              string            `json:"runtimeClassName,omitempty"`
	HostNetwork                   bool              `json:"hostNetwork,omitempty"`
	SecurityContext               *securityContext  `json:"securityContext,omitempty"`
	ImagePullSecrets              []named           `json:"imagePullSecrets,omitempty"`
	Tolerations                   []toleration      `json:"tolerations,omitempty"`
	InitContainers                []podContainer    `json:"initContainers,omitempty"`
	Containers                    []podContainer    `json:"containers"`
	Volumes                       []volume          `json:"volumes,omitempty"`
	Overhead                      amounts           `json:"overhead,omitempty"`
	Resources                     *resourceRequests `json:"resources,omitempty"`
}

type affinity struct {
	Node *nodeAffinity `json:"nodeAffinity,omitempty"`
}

type nodeAffinity struct {
	Required *nodeSelector `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty"`
}

type nodeSelector struct {
	Terms []nodeSelectorTerm `json:"nodeSelectorTerms"`
}

type nodeSelectorTerm struct {
	Fields []nodeRequirement `json:"matchFields,omitempty"`
}

type nodeRequirement struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
}

type named struct {
	Name string `json:"name"`
}

type toleration struct {
	Key      string `json:"key,omitempty"`
	Operator string `json:"operator,omitempty"`
	Value    string `json:"value,omitempty"`
	Effect   string `json:"effect,omitempty"`
}

// securityContext is that of a pod and that of a container: they share most fields.
type securityContext struct {
	RunAsNonRoot             *bool    `json:"runAsNonRoot,omitempty"`
	RunAsUser                *int64   `json:"runAsUser,omitempty"`
	RunAsGroup               *int64   `json:"runAsGroup,omitempty"`
	FSGroup                  *int64   `json:"fsGroup,omitempty"`
	SeccompProfile           *seccomp `json:"seccompProfile,omitempty"`
	AllowPrivilegeEscalation *bool    `json:"allowPrivilegeEscalation,omitempty"`
	Capabilities             *struct {
		Drop []string `json:"drop,omitempty"`
	} `json:"capabilities,omitempty"`
}

type seccomp struct {
	Type string `json:"type"`
}

type podContainer struct {
	Name            string           `json:"name"`
	Image           string           `json:"image"`
	ImagePullPolicy string           `json:"imagePullPolicy,omitempty"`
	Command         []string         `json:"command,omitempty"`
	Args            []string         `json:"args,omitempty"`
	WorkingDir      string           `json:"workingDir,omitempty"`
	Env             []envVar         `json:"env,omitempty"`
	Stdin           bool             `json:"stdin,omitempty"`
	Resources       resourceRequests `json:"resources,omitzero"`
	ResizePolicy    []resizePolicy   `json:"resizePolicy,omitempty"`
	VolumeMounts    []volumeMount    `json:"volumeMounts,omitempty"`
	SecurityContext *securityContext `json:"securityContext,omitempty"`
	RestartPolicy   string           `json:"restartPolicy,omitempty"`
}

type resizePolicy struct {
	ResourceName  string `json:"resourceName"`
	RestartPolicy string `json:"restartPolicy"`
}

type envVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type resourceRequests struct {
	Requests amounts `json:"requests,omitempty"`
	Limits   amounts `json:"limits,omitempty"`
}

type volumeMount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
	ReadOnly  bool   `json:"readOnly,omitempty"`
}

type volume struct {
	Name     string    `json:"name"`
	EmptyDir *emptyDir `json:"emptyDir,omitempty"`
	HostPath *struct {
		Path string `json:"path"`
	} `json:"hostPath,omitempty"`
	Claim *struct {
		Name     string `json:"claimName"`
		ReadOnly bool   `json:"readOnly,omitempty"`
	} `json:"persistentVolumeClaim,omitempty"`
}

type emptyDir struct {
	Medium    string   `json:"medium,omitempty"`
	SizeLimit quantity `json:"sizeLimit,omitempty"`
}

type podStatus struct {
	Phase                 string            `json:"phase,omitempty"`
	Reason                string            `json:"reason,omitempty"`
	Message               string            `json:"message,omitempty"`
	Conditions            []condition       `json:"conditions,omitempty"`
	NominatedNodeName     string            `json:"nominatedNodeName,omitempty"` // where a scheduler makes room for it
	InitContainerStatuses []containerStatus `json:"initContainerStatuses,omitempty"`
	ContainerStatuses     []containerStatus `json:"containerStatuses,omitempty"`
}

type containerStatus struct {
	Name  string `json:"name"`
	State struct {
		Waiting *struct {
			Reason  string `json:"reason,omitempty"`
			Message string `json:"message,omitempty"`
		} `json:"waiting,omitempty"`
		Running    *struct{}   `json:"running,omitempty"`
		Terminated *terminated `json:"terminated,omitempty"`
	} `json:"state"`
}

type terminated struct {
	ExitCode int    `json:"exitCode"`
	Signal   int    `json:"signal,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Message  string `json:"message,omitempty"`

	FinishedAt time.Time `json:"finishedAt,omitzero"`
}

// The phases of a pod that it never leaves.
const (
	succeeded = "Succeeded"
	failed    = "Failed"
)

func (p *pod) ended() bool { return p.Status.Phase == succeeded || p.Status.Phase == failed }

// over tells a pod whose executor has ended for good. The pod itself need not have: a container that others added, as
// that of a service mesh, may go on beside it.
func (p *pod) over() bool {
	m := p.main()
	return p.ended() || m != nil && m.State.Terminated != nil
}

// executor is which of a pod's containers the executor is; -1: none. Others may have been put before it.
func (p *pod) executor() int {
	return slices.IndexFunc(p.Spec.Containers, func(c podContainer) bool { return c.Name == executorContainer })
}

// requests is what a pod counts for on its node: its containers' together, or what its init containers need if that is
// more, and its overhead.
func (p *pod) requests() sum {
	all, first := sum{}, sum{}
	for i := range p.Spec.Containers {
		all.add(p.Spec.Containers[i].Resources.Requests)
	}
	beside := sum{} // init containers that run on beside the others
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		if c.RestartPolicy == "Always" {
			beside.add(c.Resources.Requests)
			all.add(c.Resources.Requests)
			continue
		}
		one := sum{}
		one.add(c.Resources.Requests)
		for name, v := range beside {
			one[name] += v
		}
		first.max(one)
	}
	all.max(first)
	if r := p.Spec.Resources; r != nil {
		whole := sum{}
		whole.add(r.Requests)
		for name, v := range whole {
			all[name] = v
		}
	}
	all.add(p.Spec.Overhead)
	return all
}

// main is the status of the container that is the executor's; nil: there is none yet.
func (p *pod) main() *containerStatus {
	for i := range p.Status.ContainerStatuses {
		if c := &p.Status.ContainerStatuses[i]; c.Name == executorContainer {
			return c
		}
	}
	return nil
}

func ptr[T any](v T) *T { return &v }
