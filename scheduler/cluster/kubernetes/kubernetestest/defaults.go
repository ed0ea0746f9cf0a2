package kubernetestest

import (
	"encoding/base64"
	"strings"
)

// withDefaults fills in what a client left out, as the API server does.
func withDefaults(k *Kind, o Object) {
	switch k.Resource {
	case "pods":
		podDefaults(o)
	case "secrets":
		plain := dict(o.Get("stringData"))
		if len(plain) > 0 && dict(o.Get("data")) == nil {
			o["data"] = map[string]any{}
		}
		for key := range plain {
			dict(o["data"])[key] = base64.StdEncoding.EncodeToString([]byte(text(plain, key)))
		}
		delete(o, "stringData")
		if o.Text("type") == "" {
			o["type"] = "Opaque"
		}
	case "namespaces":
		o["status"] = map[string]any{"phase": "Active"}
	}
}

func podDefaults(o Object) {
	spec, ok := o["spec"].(map[string]any)
	if !ok {
		spec = map[string]any{}
		o["spec"] = spec
	}
	initially(spec, map[string]any{
		"restartPolicy": "Always", "terminationGracePeriodSeconds": float64(30), "dnsPolicy": "ClusterFirst",
		"schedulerName": "default-scheduler", "serviceAccountName": "default", "securityContext": map[string]any{},
		"enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority", "priority": float64(0),
	})
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range items(spec, list) {
			c := dict(c)
			if c == nil {
				continue
			}
			pull := "IfNotPresent"
			if image := text(c, "image"); !strings.Contains(image[strings.LastIndex(image, "/")+1:], ":") ||
				strings.HasSuffix(image, ":latest") {
				pull = "Always"
			}
			initially(c, map[string]any{"terminationMessagePath": "/dev/termination-log",
				"terminationMessagePolicy": "File",
				"imagePullPolicy":          pull, "resources": map[string]any{}})
			resources := dict(c, "resources")
			limits := dict(resources, "limits")
			if len(limits) > 0 && dict(resources, "requests") == nil {
				resources["requests"] = map[string]any{}
			}
			for name, value := range limits {
				if requests := dict(resources, "requests"); requests[name] == nil {
					requests[name] = value
				}
			}
		}
	}
	o["status"] = map[string]any{"phase": "Pending", "qosClass": qosClass(o)}
}

// qosClass is a pod's quality of service by its requests and limits.
func qosClass(pod Object) string {
	guaranteed, some := true, false
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range items(pod.Get("spec", list)) {
			for _, name := range []string{"cpu", "memory"} {
				request, limit := dig(c, "resources", "requests", name), dig(c, "resources", "limits", name)
				some = some || request != nil || limit != nil
				guaranteed = guaranteed && limit != nil && same(request, limit)
			}
		}
	}
	switch {
	case guaranteed && some:
		return "Guaranteed"
	case some:
		return "Burstable"
	}
	return "BestEffort"
}

func initially(m map[string]any, values map[string]any) {
	for key, value := range values {
		if m[key] == nil {
			m[key] = value
		}
	}
}
