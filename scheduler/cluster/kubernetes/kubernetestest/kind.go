package kubernetestest

// Kind is a kind of object that the API server keeps.
type Kind struct {
	Group, Version string // "" is the core group
	Resource, Kind string
	Namespaced     bool
	deleted        bool // whether a deletion answers with the object, and not with a status
}

// Kinds are all kinds that there are; objects of most are only kept.
var Kinds = []*Kind{
	{Version: "v1", Resource: "namespaces", Kind: "Namespace"},
	{Version: "v1", Resource: "nodes", Kind: "Node"},
	{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true, deleted: true},
	{Version: "v1", Resource: "secrets", Kind: "Secret", Namespaced: true},
	{Version: "v1", Resource: "configmaps", Kind: "ConfigMap", Namespaced: true},
	{Version: "v1", Resource: "events", Kind: "Event", Namespaced: true},
	{Version: "v1", Resource: "services", Kind: "Service", Namespaced: true, deleted: true},
	{Version: "v1", Resource: "serviceaccounts", Kind: "ServiceAccount", Namespaced: true, deleted: true},
	{Version: "v1", Resource: "persistentvolumeclaims", Kind: "PersistentVolumeClaim", Namespaced: true, deleted: true},
	{Version: "v1", Resource: "resourcequotas", Kind: "ResourceQuota", Namespaced: true, deleted: true},
	{Version: "v1", Resource: "limitranges", Kind: "LimitRange", Namespaced: true},
	{Group: "coordination.k8s.io", Version: "v1", Resource: "leases", Kind: "Lease", Namespaced: true},
	{Group: "scheduling.k8s.io", Version: "v1", Resource: "priorityclasses", Kind: "PriorityClass"},
	{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets", Kind: "PodDisruptionBudget", Namespaced: true},
	{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies", Kind: "NetworkPolicy", Namespaced: true},
	{Group: "apps", Version: "v1", Resource: "deployments", Kind: "Deployment", Namespaced: true},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles", Kind: "Role", Namespaced: true},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings", Kind: "RoleBinding",
		Namespaced: true},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles", Kind: "ClusterRole"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings", Kind: "ClusterRoleBinding"},
}

// Qualified is the resource with its group, as messages name it.
func (k *Kind) Qualified() string {
	if k.Group == "" {
		return k.Resource
	}
	return k.Resource + "." + k.Group
}

// APIVersion is what objects of the kind have as apiVersion.
func (k *Kind) APIVersion() string {
	if k.Group == "" {
		return k.Version
	}
	return k.Group + "/" + k.Version
}

func kindOf(group, version, resource string) *Kind {
	for _, k := range Kinds {
		if k.Group == group && k.Version == version && k.Resource == resource {
			return k
		}
	}
	return nil
}

// kindNamed is for callers within this package, who name one of Kinds.
func kindNamed(resource string) *Kind {
	for _, k := range Kinds {
		if k.Resource == resource {
			return k
		}
	}
	panic("kubernetestest: there is no resource " + resource)
}
