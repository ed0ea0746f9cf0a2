package kubernetes

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Plain is the spec of a pod that runs a command by the shell of the image and has nothing of kaon's, under the same
// settings as kaon's own: for what is measured beside them. Its node is kube-scheduler's choice among those of the
// configuration, whose selector has to be of KEY=VALUE.
func (c *Config) Plain(command string, cpus float64, memoryMB int) (json.RawMessage, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	uid, gid, err := numericUser(c.User)
	if err != nil {
		return nil, err
	}
	s := podSpec{RestartPolicy: "Never", AutomountServiceAccountToken: ptr(false), EnableServiceLinks: ptr(false),
		ServiceAccountName: c.ServiceAccount,
		PriorityClassName:  c.PriorityClass, RuntimeClassName: c.RuntimeClass, Tolerations: c.tolerations(),
		NodeSelector: map[string]string{},
		SecurityContext: &securityContext{RunAsUser: ptr(uid), RunAsGroup: ptr(gid),
			SeccompProfile: &seccomp{"RuntimeDefault"}}}
	for term := range strings.SplitSeq(c.Nodes, ",") {
		key, value, ok := strings.Cut(term, "=")
		switch {
		case term == "":
		case !ok || key == "" || strings.ContainsAny(term, "!()") || strings.HasPrefix(value, "="):
			return nil, fmt.Errorf("nodes=%s: want KEY=VALUE, or several with commas, so that others' pods can "+
				"be given the same nodes", c.Nodes)
		default:
			s.NodeSelector[key] = value
		}
	}
	for _, name := range c.PullSecrets {
		s.ImagePullSecrets = append(s.ImagePullSecrets, named{name})
	}
	size := sizeOf(protocol.Limits{CPUs: cpus, MemoryMB: float64(memoryMB)})
	x := podContainer{Name: "main", Image: c.Image, Command: []string{"/bin/sh", "-c", command},
		Resources: resourceRequests{Requests: size, Limits: amounts{memoryName: size[memoryName]}}}
	if !c.Root {
		s.SecurityContext.RunAsNonRoot = ptr(true)
		x.SecurityContext = &securityContext{AllowPrivilegeEscalation: ptr(false)}
		x.SecurityContext.Capabilities = &struct {
			Drop []string `json:"drop,omitempty"`
		}{[]string{"ALL"}}
	}
	s.Containers = []podContainer{x}
	return json.Marshal(s)
}
