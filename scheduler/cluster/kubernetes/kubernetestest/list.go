package kubernetestest

import (
	"net/http"
	"strconv"
)

// page is what is left of a list that is read by pages.
type page struct {
	rest    []Object
	version uint64
}

func selectors(r *http.Request, k *Kind) (selector, *Status) {
	query := r.URL.Query()
	labels, status := labelSelector(query.Get("labelSelector"))
	if status != nil {
		return nil, status
	}
	fields, status := fieldSelector(k, query.Get("fieldSelector"))
	if status != nil {
		return nil, status
	}
	return func(o Object) bool { return labels(o) && fields(o) }, nil
}

// listOf writes objects as a list does, where they do not say their kind each.
func listOf(k *Kind, all []Object, version uint64) Object {
	list := make([]any, len(all))
	for i, o := range all {
		item := make(map[string]any, len(o))
		for name, value := range o {
			if name != "kind" && name != "apiVersion" {
				item[name] = value
			}
		}
		list[i] = item
	}
	return Object{"kind": k.Kind + "List", "apiVersion": k.APIVersion(),
		"metadata": map[string]any{"resourceVersion": strconv.FormatUint(version, 10)}, "items": list}
}

func (c *Cluster) list(r *http.Request, q Request, k *Kind) (Object, *Status) {
	query := r.URL.Query()
	match, status := selectors(r, k)
	if status != nil {
		return nil, status
	}
	limit, _ := strconv.Atoi(query.Get("limit"))
	var all []Object
	var version uint64
	if token := query.Get("continue"); token != "" {
		c.mu.Lock()
		p, ok := c.mu.pages[token]
		c.mu.Unlock()
		if !ok {
			return nil, &Status{Code: http.StatusGone, Reason: "Expired",
				Message: "The provided continue parameter is too old to display a consistent list result. You " +
					"can start a new list without the continue parameter."}
		}
		all, version = p.rest, p.version
	} else {
		all, version = c.store.list(k, q.Namespace, match)
	}
	next, left := "", 0
	if limit > 0 && len(all) > limit {
		next, left = randomHex(16), len(all)-limit
		c.mu.Lock()
		c.mu.pages[next] = page{all[limit:], version}
		c.mu.Unlock()
		all = all[:limit]
	}
	o := listOf(k, all, version)
	if next != "" {
		o.meta()["continue"] = next
		if query.Get("labelSelector") == "" && query.Get("fieldSelector") == "" {
			o.meta()["remainingItemCount"] = left
		}
	}
	return o, nil
}
