package kubernetes

import (
	"context"
	"net/http"
	"net/url"
	"slices"
)

// remove deletes a pod, whose containers have so many seconds to end. One that is gone is removed.
func (a *API) remove(ctx context.Context, p *pod, grace int) error {
	options := map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": grace}
	if p.Metadata.UID != "" {
		options["preconditions"] = map[string]any{"uid": p.Metadata.UID}
	}
	return present(a.call(ctx, http.MethodDelete, podPath(p.Metadata.Namespace, p.Metadata.Name), nil, options, nil))
}

// release takes our finalizer off a pod.
func (a *API) release(ctx context.Context, p *pod) error {
	if !slices.Contains(p.Metadata.Finalizers, Finalizer) {
		return nil
	}
	rest := []string{}
	for _, f := range p.Metadata.Finalizers {
		if f != Finalizer {
			rest = append(rest, f)
		}
	}
	patch := map[string]any{"metadata": map[string]any{"finalizers": rest, "uid": p.Metadata.UID}}
	return present(a.call(ctx, http.MethodPatch, podPath(p.Metadata.Namespace, p.Metadata.Name), url.Values{}, patch, nil))
}

// present is an error about a pod that is there: one that is gone, or has another in its place, needs nothing any more.
func present(err error) error {
	switch code(err) {
	case http.StatusNotFound, http.StatusConflict:
		return nil
	}
	return err
}
