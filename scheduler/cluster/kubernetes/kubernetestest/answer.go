package kubernetestest

import (
	"fmt"
	"net/http"
)

// answer is the answer to a request for objects that ends at once.
func (c *Cluster) answer(r *http.Request, q Request, k *Kind) (code int, body Object, status *Status) {
	at := key{k, q.Namespace, q.Name}
	if !k.Namespaced {
		at.namespace = ""
	}
	switch q.Verb {
	case "get":
		o, ok := c.store.get(at)
		if !ok {
			return 0, nil, notFound(k, q.Name)
		}
		if q.Subresource != "" && q.Subresource != "status" && q.Subresource != "resize" {
			return 0, nil, &Status{Code: http.StatusNotFound, Reason: "NotFound",
				Message: "the server could not find the requested resource"}
		}
		return http.StatusOK, o, nil
	case "list":
		body, status = c.list(r, q, k)
	case "create":
		return c.create(r, q, k)
	case "update", "patch":
		body, status = c.update(r, q, at)
	case "delete":
		body, status = c.delete(r, at)
	case "deletecollection":
		body, status = c.deleteCollection(r, q, k)
	}
	return http.StatusOK, body, status
}

func (c *Cluster) create(r *http.Request, q Request, k *Kind) (code int, body Object, status *Status) {
	var o Object
	if status := readBody(r, &o); status != nil {
		return 0, nil, status
	}
	switch {
	case k.Resource == "pods" && q.Subresource == "eviction":
		c.Disrupt(q.Namespace, q.Name, "EvictionByEvictionAPI")
		return http.StatusCreated, Object{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{},
			"status": "Success", "code": 201}, nil
	case k.Resource == "pods" && q.Subresource == "binding":
		node := o.Text("target", "name")
		_, status := c.store.update(key{k, q.Namespace, q.Name}, func(pod Object) (Object, *Status) {
			if bound := pod.Text("spec", "nodeName"); bound != "" {
				return nil, conflict(k, q.Name, fmt.Sprintf("pod %s is already assigned to node %q", q.Name, bound))
			}
			dict(pod["spec"])["nodeName"] = node
			setCondition(pod, "PodScheduled", "True", "", "")
			return pod, nil
		})
		return http.StatusCreated, Object{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{},
			"status": "Success", "code": 201}, status
	case q.Name != "":
		return 0, nil, &Status{Code: http.StatusMethodNotAllowed, Reason: "MethodNotAllowed",
			Message: "the server does not allow this method on the requested resource"}
	}
	if o.Text("kind") != k.Kind || o.Text("apiVersion") != k.APIVersion() {
		return 0, nil, badRequest("the object provided is unrecognized (must be of type %s): kind %q, apiVersion %q",
			k.Kind, o.Text("kind"), o.Text("apiVersion"))
	}
	if ns := o.Namespace(); k.Namespaced && ns != "" && ns != q.Namespace {
		return 0, nil, badRequest("the namespace of the provided object does not match the namespace sent on " +
			"the request")
	}
	delete(o, "status")
	withDefaults(k, o)
	checked := o
	if o.Name() == "" && o.Text("metadata", "generateName") != "" {
		checked = o.clone()
		checked.meta()["name"] = o.Text("metadata", "generateName") + "00000"
	}
	if status := validate(k, checked); status != nil {
		return 0, nil, status
	}
	if k.Resource == "pods" {
		if namespace, ok := c.store.get(key{kindNamed("namespaces"), "", q.Namespace}); ok {
			if status := admitted(k, namespace, o); status != nil {
				return 0, nil, status
			}
		}
	}
	if r.URL.Query().Get("dryRun") != "" {
		return http.StatusCreated, o, nil
	}
	if o, status = c.store.create(k, q.Namespace, o); k.Resource == "pods" {
		c.schedule()
	}
	return http.StatusCreated, o, status
}

func (c *Cluster) update(r *http.Request, q Request, at key) (Object, *Status) {
	raw, status := rawBody(r)
	if status != nil {
		return nil, status
	}
	var whole Object
	if q.Verb == "update" {
		r.Body = http.NoBody
		if whole, status = patched(Object{}, mergePatch, raw); status != nil {
			return nil, status
		}
	}
	return c.store.update(at, func(old Object) (Object, *Status) {
		o := whole
		if q.Verb == "patch" {
			var status *Status
			if o, status = patched(old, r.Header.Get("Content-Type"), raw); status != nil {
				return nil, status
			}
		} else {
			o = o.clone()
		}
		switch q.Subresource {
		case "":
			if at.kind.Resource == "pods" || at.kind.Resource == "nodes" || at.kind.Resource == "namespaces" {
				o["status"] = old["status"]
			}
			if at.kind.Resource == "pods" {
				if status := fixed(at.kind, old, o); status != nil {
					return nil, status
				}
			}
			if flag(old, "immutable") && !same(old["data"], o["data"]) {
				return nil, invalid(at.kind, at.name, "data: Forbidden: field is immutable when `immutable` is set")
			}
		case "status":
			kept := old.clone()
			kept["status"] = o["status"]
			kept.meta()["resourceVersion"] = o.Version()
			o = kept
		case "resize":
			if at.kind.Resource != "pods" {
				break
			}
			kept := old.clone()
			for i, c := range items(kept.Get("spec", "containers")) {
				dict(c)["resources"] = o.Get("spec", "containers", fmt.Sprint(i), "resources")
			}
			kept.meta()["resourceVersion"] = o.Version()
			o = kept
			if qosClass(o) != o.Text("status", "qosClass") {
				return nil, invalid(at.kind, at.name, "spec: Invalid value: \""+qosClass(o)+
					"\": Pod QOS Class may not change as a result of resizing")
			}
		default:
			return nil, &Status{Code: http.StatusNotFound, Reason: "NotFound",
				Message: "the server could not find the requested resource"}
		}
		return o, validate(at.kind, o)
	})
}

// deleteOptions is the body of a deletion, which may be missing.
type deleteOptions struct {
	GracePeriodSeconds *int64 `json:"gracePeriodSeconds"`
	Preconditions      struct {
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"preconditions"`
	DryRun []string `json:"dryRun"`
}

func readDeletion(r *http.Request) (deletion, *Status) {
	var o deleteOptions
	if r.ContentLength != 0 {
		if status := readBody(r, &o); status != nil {
			return deletion{}, status
		}
	}
	if v := r.URL.Query().Get("gracePeriodSeconds"); v != "" {
		var n int64
		if _, err := fmt.Sscan(v, &n); err != nil {
			return deletion{}, badRequest("gracePeriodSeconds: %v", err)
		}
		o.GracePeriodSeconds = &n
	}
	return deletion{grace: o.GracePeriodSeconds, uid: o.Preconditions.UID,
		version: o.Preconditions.ResourceVersion}, nil
}

func (c *Cluster) delete(r *http.Request, at key) (Object, *Status) {
	how, status := readDeletion(r)
	if status != nil {
		return nil, status
	}
	o, gone, status := c.store.delete(at, how)
	if status != nil {
		return nil, status
	}
	if gone && !at.kind.deleted {
		return Object{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Success",
			"details": map[string]any{"name": at.name, "kind": at.kind.Resource, "uid": o.UID()}}, nil
	}
	return o, nil
}

func (c *Cluster) deleteCollection(r *http.Request, q Request, k *Kind) (Object, *Status) {
	match, status := selectors(r, k)
	if status != nil {
		return nil, status
	}
	how, status := readDeletion(r)
	if status != nil {
		return nil, status
	}
	all, version := c.store.list(k, q.Namespace, match)
	for _, o := range all {
		_, _, _ = c.store.delete(key{k, o.Namespace(), o.Name()}, how)
	}
	return listOf(k, all, version), nil
}
