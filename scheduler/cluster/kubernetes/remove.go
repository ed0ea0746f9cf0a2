package kubernetes

import (
	"context"
	"encoding/json"
	"net/http"
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
	// The others' are theirs: who sends the list as it was seen puts one back that has gone since, which is refused.
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": p.Metadata.UID, "$deleteFromPrimitiveList/finalizers": []string{Finalizer},
	}})
	if err != nil {
		return err
	}
	path := podPath(p.Metadata.Namespace, p.Metadata.Name)
	return present(a.repeat(ctx, http.MethodPatch, path, nil, strategicKind, patch, nil))
}

// present is an error about a pod that is there: one that is gone, or has another in its place, needs nothing any more.
func present(err error) error {
	switch code(err) {
	case http.StatusNotFound, http.StatusConflict:
		return nil
	}
	return err
}
