package kubernetestest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	label1123     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	subdomain1123 = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	labelValue    = regexp.MustCompile(`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`)
	qualifiedName = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`)
)

const (
	annotationLimit = 256 << 10
	secretLimit     = 1 << 20
)

// validate checks what a client is most likely to get wrong, with the API server's words.
func validate(k *Kind, o Object) *Status {
	name := o.Name()
	switch {
	case name == "":
		return invalid(k, name, "metadata.name: Required value: name or generateName is required")
	case len(name) > 253 || !subdomain1123.MatchString(name):
		return invalid(k, name, fmt.Sprintf("metadata.name: Invalid value: %q: a lowercase RFC 1123 subdomain "+
			"must consist of lower case alphanumeric characters, '-' or '.'", name))
	}
	for key, value := range dict(o.Get("metadata", "labels")) {
		s, ok := value.(string)
		if !qualified(key) || !ok || len(s) > 63 || !labelValue.MatchString(s) {
			return invalid(k, name, fmt.Sprintf("metadata.labels: Invalid value: %q: %v", key, value))
		}
	}
	size := 0
	for key, value := range dict(o.Get("metadata", "annotations")) {
		s, ok := value.(string)
		if !qualified(strings.ToLower(key)) || !ok {
			return invalid(k, name, fmt.Sprintf("metadata.annotations: Invalid value: %q", key))
		}
		size += len(key) + len(s)
	}
	if size > annotationLimit {
		return invalid(k, name, fmt.Sprintf("metadata.annotations: Too long: may not be more than %d bytes",
			annotationLimit))
	}
	for _, f := range o.Finalizers() {
		if !qualified(f) || !strings.Contains(f, "/") {
			return invalid(k, name, fmt.Sprintf("metadata.finalizers: Invalid value: %q: name is neither a standard "+
				"finalizer name nor is it fully qualified", f))
		}
	}
	switch k.Resource {
	case "pods":
		return validatePod(k, o)
	case "secrets", "configmaps":
		return validateData(k, o)
	}
	return nil
}

func qualified(key string) bool {
	_, last, prefixed := strings.Cut(key, "/")
	if !prefixed {
		last = key
	}
	return len(last) <= 63 && len(key) <= 317 && qualifiedName.MatchString(key)
}

func validateData(k *Kind, o Object) *Status {
	size := 0
	for key, value := range dict(o.Get("data")) {
		s, ok := value.(string)
		if !ok || len(key) > 253 || !regexp.MustCompile(`^[-._a-zA-Z0-9]+$`).MatchString(key) || key == "." ||
			key == ".." {
			return invalid(k, o.Name(), fmt.Sprintf("data[%s]: Invalid value", key))
		}
		if k.Resource == "secrets" {
			plain, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				return badRequest("Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data: %v",
					err)
			}
			s = string(plain)
		}
		size += len(s)
	}
	if size > secretLimit {
		return invalid(k, o.Name(), fmt.Sprintf("data: Too long: may not be more than %d bytes", secretLimit))
	}
	return nil
}

func validatePod(k *Kind, o Object) *Status {
	no := func(format string, args ...any) *Status { return invalid(k, o.Name(), fmt.Sprintf(format, args...)) }
	if policy := o.Text("spec", "restartPolicy"); policy != "Never" {
		return no("spec.restartPolicy: Unsupported value: %q: this Kubernetes for tests runs Never only", policy)
	}
	if o.Text("spec", "nodeName") != "" && len(items(o.Get("spec", "schedulingGates"))) > 0 {
		return no("spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared")
	}
	volumes, named := map[string]bool{}, map[string]bool{}
	for i, v := range items(o.Get("spec", "volumes")) {
		name := text(v, "name")
		if len(name) > 63 || !label1123.MatchString(name) || volumes[name] {
			return no("spec.volumes[%d].name: Invalid value: %q", i, name)
		}
		volumes[name] = true
	}
	if len(items(o.Get("spec", "containers"))) == 0 {
		return no("spec.containers: Required value")
	}
	for _, list := range []string{"initContainers", "containers"} {
		for i, c := range items(o.Get("spec", list)) {
			at, name := fmt.Sprintf("spec.%s[%d]", list, i), text(c, "name")
			if len(name) > 63 || !label1123.MatchString(name) || named[name] {
				return no("%s.name: Invalid value: %q: a lowercase RFC 1123 label, and one of its own, is needed",
					at, name)
			}
			named[name] = true
			if text(c, "image") == "" {
				return no("%s.image: Required value", at)
			}
			if p := text(c, "restartPolicy"); p != "" {
				return no("%s.restartPolicy: Unsupported value: %q: this Kubernetes for tests has no sidecars", at, p)
			}
			for j, e := range items(c, "env") {
				if n := text(e, "name"); n == "" || strings.ContainsAny(n, "=\x00") {
					return no("%s.env[%d].name: Invalid value: %q", at, j, n)
				}
				if v, has := dict(e)["value"]; has && text(e, "value") != "" && dig(e, "valueFrom") != nil {
					return no("%s.env[%d].valueFrom: Invalid value: %v: may not be specified when `value` is not empty",
						at, j, v)
				}
			}
			for j, m := range items(c, "volumeMounts") {
				if !volumes[text(m, "name")] {
					return no("%s.volumeMounts[%d].name: Not found: %q", at, j, text(m, "name"))
				}
				if text(m, "mountPath") == "" {
					return no("%s.volumeMounts[%d].mountPath: Required value", at, j)
				}
			}
			if status := validateResources(k, o.Name(), at, c); status != nil {
				return status
			}
		}
	}
	return nil
}

func validateResources(k *Kind, pod, at string, container any) *Status {
	requests, limits := dict(container, "resources", "requests"), dict(container, "resources", "limits")
	for _, list := range []map[string]any{requests, limits} {
		for _, name := range sortedKeys(list) {
			n, err := quantity(list[name])
			if err != nil {
				return badRequest("Pod in version \"v1\" cannot be handled as a Pod: %v", err)
			}
			if n < 0 {
				return invalid(k, pod, fmt.Sprintf("%s.resources[%s]: Invalid value: must be greater than or "+
					"equal to 0", at, name))
			}
			if !standardResource(name) && (n != float64(int64(n)) || !strings.Contains(name, "/")) {
				return invalid(k, pod, fmt.Sprintf("%s.resources[%s]: Invalid value: must be an integer of a "+
					"fully qualified resource", at, name))
			}
		}
	}
	for _, name := range sortedKeys(requests) {
		most, limited := limits[name]
		n, _ := quantity(requests[name])
		if m, _ := quantity(most); limited && n > m {
			return invalid(k, pod, fmt.Sprintf("%s.resources.requests: Invalid value: %q: must be less than or "+
				"equal to %s limit of %v", at, requests[name], name, most))
		}
		if !standardResource(name) && !same(requests[name], most) {
			return invalid(k, pod, fmt.Sprintf("%s.resources.limits[%s]: Required value: Limit must be set for "+
				"non overcommitable resources", at, name))
		}
	}
	return nil
}

func standardResource(name string) bool {
	return slices.Contains([]string{"cpu", "memory", "ephemeral-storage"}, name) ||
		strings.HasPrefix(name, "hugepages-")
}

// fixed refuses changes of a pod's spec that are not allowed after its creation.
func fixed(k *Kind, old, o Object) *Status {
	free := func(o Object) map[string]any {
		spec, _ := clone(o.Get("spec")).(map[string]any)
		delete(spec, "activeDeadlineSeconds")
		delete(spec, "tolerations")
		delete(spec, "schedulingGates")
		delete(spec, "terminationGracePeriodSeconds")
		for _, list := range []string{"initContainers", "containers"} {
			for _, c := range items(spec, list) {
				delete(dict(c), "image")
			}
		}
		return spec
	}
	if !same(free(old), free(o)) {
		return &Status{Code: http.StatusUnprocessableEntity, Reason: "Invalid", Message: fmt.Sprintf(
			"Pod %q is invalid: spec: Forbidden: pod updates may not change fields other than "+
				"`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)", o.Name())}
	}
	return nil
}
