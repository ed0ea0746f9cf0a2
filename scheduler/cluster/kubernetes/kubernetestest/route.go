package kubernetestest

import (
	"net/http"
	"net/url"
	"strings"
)

// route reads what a request asks for from its method, path and query.
func route(r *http.Request) (q Request, k *Kind, status *Status) {
	q.Path = r.URL.Path
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	version := ""
	switch {
	case parts[0] == "api" && len(parts) >= 3:
		version, parts = parts[1], parts[2:]
	case parts[0] == "apis" && len(parts) >= 4:
		q.Group, version, parts = parts[1], parts[2], parts[3:]
	default:
		q.Verb = strings.ToLower(r.Method)
		return q, nil, nil
	}
	if parts[0] == "namespaces" && len(parts) >= 3 {
		q.Namespace, parts = parts[1], parts[2:]
	}
	q.Resource = parts[0]
	if len(parts) > 1 {
		q.Name = parts[1]
	}
	if len(parts) > 2 {
		q.Subresource = strings.Join(parts[2:], "/")
	}
	if q.Resource == "namespaces" {
		q.Namespace = q.Name
	}
	query := r.URL.Query()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		q.Verb = "get"
		if q.Name == "" {
			q.Verb = "list"
			if isTrue(query, "watch") {
				q.Verb = "watch"
			}
		}
	case http.MethodPost:
		q.Verb = "create"
	case http.MethodPut:
		q.Verb = "update"
	case http.MethodPatch:
		q.Verb = "patch"
	case http.MethodDelete:
		if q.Verb = "delete"; q.Name == "" {
			q.Verb = "deletecollection"
		}
	default:
		return q, nil, &Status{Code: http.StatusMethodNotAllowed, Reason: "MethodNotAllowed",
			Message: "the server does not allow this method on the requested resource"}
	}
	if q.Name == "" { // an authorizer knows the one name that a list may be of
		for _, term := range terms(query.Get("fieldSelector")) {
			if name, ok := strings.CutPrefix(term, "metadata.name="); ok {
				q.Name = name
			}
		}
	}
	return q, kindOf(q.Group, version, q.Resource), nil
}

func isTrue(query url.Values, key string) bool {
	v, has := query[key]
	return has && v[0] != "false" && v[0] != "0"
}
