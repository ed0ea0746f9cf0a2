package kubernetestest

import (
	"fmt"
	"slices"
	"strings"
)

// Restricted is what of a pod the PodSecurity standard "restricted" forbids, in the words of the admission plugin; nil
// is a pod that it allows.
func Restricted(pod Object) (wrong []string) {
	spec := dict(pod.Get("spec"))
	for _, shared := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if flag(spec, shared) {
			wrong = append(wrong, fmt.Sprintf("host namespaces (%s=true)", shared))
		}
	}
	for _, v := range items(spec, "volumes") {
		for kind := range dict(v) {
			if kind != "name" && !slices.Contains([]string{
				"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
				"projected", "secret",
			}, kind) {
				wrong = append(wrong, fmt.Sprintf("restricted volume types (volume %q uses restricted volume type %q)",
					text(v, "name"), kind))
			}
		}
	}
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range items(spec, list) {
			name, own := text(c, "name"), dict(c, "securityContext")
			either := func(key string) any {
				if v := own[key]; v != nil {
					return v
				}
				return dig(spec, "securityContext", key)
			}
			if flag(own, "privileged") {
				wrong = append(wrong, fmt.Sprintf("privileged (container %q must not "+
					"set securityContext.privileged=true)", name))
			}
			if allowed, set := own["allowPrivilegeEscalation"].(bool); !set || allowed {
				wrong = append(wrong, fmt.Sprintf("allowPrivilegeEscalation != false (container %q must "+
					"set securityContext.allowPrivilegeEscalation=false)", name))
			}
			if !slices.Contains(items(own, "capabilities", "drop"), any("ALL")) {
				wrong = append(wrong, fmt.Sprintf("unrestricted capabilities (container %q must "+
					"set securityContext.capabilities.drop=[\"ALL\"])", name))
			}
			for _, add := range items(own, "capabilities", "add") {
				if add != "NET_BIND_SERVICE" {
					wrong = append(wrong, fmt.Sprintf("unrestricted capabilities (container %q must not include "+
						"%q in securityContext.capabilities.add)", name, add))
				}
			}
			if v, _ := either("runAsNonRoot").(bool); !v {
				wrong = append(wrong, fmt.Sprintf("runAsNonRoot != true (pod or container %q must set "+
					"securityContext.runAsNonRoot=true)", name))
			}
			if uid, set := either("runAsUser").(float64); set && uid == 0 {
				wrong = append(wrong, fmt.Sprintf("runAsUser=0 (container %q must not set runAsUser=0)", name))
			}
			if t := text(either("seccompProfile"), "type"); t != "RuntimeDefault" && t != "Localhost" {
				wrong = append(wrong, fmt.Sprintf("seccompProfile (pod or container %q must set "+
					"securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")", name))
			}
			for _, p := range items(c, "ports") {
				if port, set := number(p, "hostPort"); set && port != 0 {
					wrong = append(wrong, fmt.Sprintf("hostPort (container %q uses hostPort %d)", name, port))
				}
			}
		}
	}
	return wrong
}

// admitted is the check of a pod by its namespace's labels.
func admitted(k *Kind, namespace, pod Object) *Status {
	if namespace.Labels()["pod-security.kubernetes.io/enforce"] != "restricted" {
		return nil
	}
	if wrong := Restricted(pod); len(wrong) > 0 {
		return forbidden(k, pod.Name(), `violates PodSecurity "restricted:latest": `+strings.Join(wrong, ", "))
	}
	return nil
}
