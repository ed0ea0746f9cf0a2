package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
)

// right is something that this engine asks of the API server, as a rule of a Role has it. deploy/kubernetes/rbac.yaml
// has the same.
type right struct {
	resource string // resource or resource/subresource of the core group
	name     string // of the one object that it is for; empty: for all
	verbs    string
	needed   bool // sweeps do not run without; without the others they tell less
	everyone bool // at the cluster scope, and not of the namespace of the pods
}

var rights = []right{
	{resource: "nodes", verbs: "list watch", needed: true, everyone: true},
	{resource: "namespaces", name: "kube-system", verbs: "get", everyone: true},
	{resource: "pods", verbs: "create delete get list patch watch", needed: true},
	{resource: "pods/attach", verbs: "create get", needed: true},
	{resource: "pods/log", verbs: "get", needed: true},
	{resource: "pods/resize", verbs: "patch"},
	{resource: "events", verbs: "create list"},
}

// Missing are the rights that the account of a configuration lacks: those without which no sweep runs, and those
// without which less is told. It asks the API server, and changes nothing.
func Missing(ctx context.Context, conf Config) (needed, useful []string, err error) {
	account, err := FindAccount(conf.Kubeconfig, conf.Context)
	if err != nil {
		return nil, nil, err
	}
	api, err := NewAPI(account)
	if err != nil {
		return nil, nil, err
	}
	defer api.Close()
	return api.missing(ctx, cmp.Or(conf.Namespace, account.Namespace))
}

func (a *API) missing(ctx context.Context, namespace string) (needed, useful []string, err error) {
	for _, r := range rights {
		resource, sub, _ := strings.Cut(r.resource, "/")
		scope, where := namespace, " in the namespace "+namespace
		if r.everyone {
			scope, where = "", ""
		}
		var not []string
		for _, verb := range strings.Fields(r.verbs) {
			may, err := a.may(ctx, map[string]string{
				"verb": verb, "resource": resource, "subresource": sub, "name": r.name, "namespace": scope,
			})
			if err != nil {
				return nil, nil, fmt.Errorf("ask what the account may do: %w", err)
			}
			if !may {
				not = append(not, verb)
			}
		}
		what := strings.TrimSpace(r.resource + " " + r.name)
		switch text := strings.Join(not, ", ") + " " + what + where; {
		case len(not) == 0:
		case r.needed:
			needed = append(needed, text)
		default:
			useful = append(useful, text)
		}
	}
	return needed, useful, nil
}

// may asks whether the account may do something, as everybody may of himself.
func (a *API) may(ctx context.Context, what map[string]string) (bool, error) {
	type review struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Attributes map[string]string `json:"resourceAttributes"`
		} `json:"spec"`
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status,omitzero"`
	}
	asked := review{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview"}
	asked.Spec.Attributes = what
	var answer review
	err := a.call(ctx, http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", nil, asked, &answer)
	return answer.Status.Allowed, err
}
