package kubernetestest

import "slices"

// bound are the rules of the roles that are bound to a user.
func (s *store) bound(user string) (rules []Rule) {
	for _, kind := range []string{"rolebindings", "clusterrolebindings"} {
		bindings, _ := s.list(kindNamed(kind), "", nil)
		for _, b := range bindings {
			if !slices.ContainsFunc(items(b.Get("subjects")), func(subject any) bool {
				return text(subject, "kind") == "User" && text(subject, "name") == user ||
					text(subject, "kind") == "ServiceAccount" &&
						"system:serviceaccount:"+text(subject, "namespace")+":"+text(subject, "name") == user
			}) {
				continue
			}
			at := key{kindNamed("clusterroles"), "", b.Text("roleRef", "name")}
			if b.Text("roleRef", "kind") == "Role" {
				at = key{kindNamed("roles"), b.Namespace(), b.Text("roleRef", "name")}
			}
			role, _ := s.get(at)
			for _, r := range items(role.Get("rules")) {
				rules = append(rules, Rule{
					Namespace: b.Namespace(), Verbs: texts(r, "verbs"), APIGroups: texts(r, "apiGroups"),
					Resources:     texts(r, "resources"),
					ResourceNames: texts(r, "resourceNames"), NonResourceIs: texts(r, "nonResourceURLs"),
				})
			}
		}
	}
	return rules
}

func texts(v any, path ...string) (out []string) {
	for _, one := range items(v, path...) {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
