package kubernetestest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Request is what the API server understood of a request.
type Request struct {
	User, Verb                   string // verb: get, list, watch, create, update, patch, delete, deletecollection
	Group, Resource, Subresource string
	Namespace, Name              string
	Path                         string
	Code                         int // of the answer; 0 while there is none
}

func (r Request) resource() string {
	if r.Subresource != "" {
		return r.Resource + "/" + r.Subresource
	}
	return r.Resource
}

// Rule allows verbs on resources of API groups, as in a Role. Namespace "" is for all of them, as a ClusterRole bound
// by a ClusterRoleBinding is.
type Rule struct {
	Namespace                    string
	Verbs, APIGroups, Resources  []string
	ResourceNames, NonResourceIs []string
}

func (r Rule) allows(q Request) bool {
	has := func(list []string, word string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, word)
	}
	if !has(r.Verbs, q.Verb) || r.Namespace != "" && r.Namespace != q.Namespace {
		return false
	}
	if q.Resource == "" {
		return slices.ContainsFunc(r.NonResourceIs, func(p string) bool {
			before, any := strings.CutSuffix(p, "*")
			return p == q.Path || any && strings.HasPrefix(q.Path, before)
		})
	}
	return has(r.APIGroups, q.Group) && has(r.Resources, q.resource()) &&
		(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, q.Name))
}

// account is who has a token.
type account struct {
	user  string
	admin bool
	rules []Rule
}

// everyone may ask these, as the role system:public-info-viewer and system:basic-user say.
var everyone = []Rule{
	{Verbs: []string{"get"}, NonResourceIs: []string{"/healthz", "/livez", "/readyz", "/version", "/version/", "/api",
		"/apis", "/api/*", "/apis/*"}},
	{Verbs: []string{"create"}, APIGroups: []string{"authorization.k8s.io"},
		Resources: []string{"selfsubjectaccessreviews", "selfsubjectrulesreviews"}},
}

func (a *account) allowed(q Request) bool {
	return a.admin || slices.ContainsFunc(append(slices.Clone(everyone), a.rules...), func(r Rule) bool {
		return r.allows(q)
	})
}

func (a *account) refusal(q Request) *Status {
	where := " at the cluster scope"
	if q.Namespace != "" {
		where = fmt.Sprintf(" in the namespace %q", q.Namespace)
	}
	what := q.Resource
	if q.Group != "" {
		what += "." + q.Group
	}
	message := fmt.Sprintf("%s is forbidden: User %q cannot %s resource %q in API group %q%s", what, a.user, q.Verb,
		q.resource(), q.Group, where)
	if q.Name != "" {
		message = fmt.Sprintf("%s %q is forbidden: User %q cannot %s resource %q in API group %q%s", what, q.Name,
			a.user, q.Verb, q.resource(), q.Group, where)
	}
	if q.Resource == "" {
		message = fmt.Sprintf("forbidden: User %q cannot %s path %q", a.user, q.Verb, q.Path)
	}
	return &Status{Code: http.StatusForbidden, Reason: "Forbidden", Message: message}
}
