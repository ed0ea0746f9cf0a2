package kubernetestest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// watch answers with what becomes of objects from a version on, until its time is over, the client or the test ends it.
func (c *Cluster) watch(w http.ResponseWriter, r *http.Request, q Request, k *Kind) {
	match, status := selectors(r, k)
	if status != nil {
		c.refuse(w, q, status)
		return
	}
	query := r.URL.Query()
	from, err := uint64(0), error(nil)
	if v := query.Get("resourceVersion"); v != "" {
		if from, err = strconv.ParseUint(v, 10, 64); err != nil {
			c.refuse(w, q, invalid(k, "", "resourceVersion: Invalid value: "+strconv.Quote(v)))
			return
		}
	}
	c.mu.Lock()
	ended, up := c.mu.watches, c.mu.up
	c.mu.Unlock()
	if !up {
		panic(http.ErrAbortHandler)
	}
	q.Code = http.StatusOK
	c.answered(q)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	flusher, _ := w.(http.Flusher)
	if flusher != nil {
		flusher.Flush()
	}
	encoder := json.NewEncoder(w)
	send := func(kind string, o Object) bool {
		return encoder.Encode(Object{"type": kind, "object": o}) == nil
	}
	bookmark := func(version uint64, marks map[string]any) bool {
		meta := map[string]any{"resourceVersion": strconv.FormatUint(version, 10), "creationTimestamp": nil}
		if marks != nil {
			meta["annotations"] = marks
		}
		return send("BOOKMARK", Object{"kind": k.Kind, "apiVersion": k.APIVersion(), "metadata": meta})
	}
	initial := isTrue(query, "sendInitialEvents")
	if from == 0 || initial { // all there is comes first
		var all []Object
		all, from = c.store.list(k, q.Namespace, match)
		for _, o := range all {
			if !send("ADDED", o) {
				return
			}
		}
		if initial && !bookmark(from, map[string]any{"k8s.io/initial-events-end": "true"}) {
			return
		}
	}
	var deadline <-chan time.Time
	if seconds, err := strconv.Atoi(query.Get("timeoutSeconds")); err == nil && seconds > 0 {
		timer := time.NewTimer(time.Duration(seconds) * time.Second)
		defer timer.Stop()
		deadline = timer.C
	}
	bookmarks := time.NewTicker(c.options.BookmarkGap)
	defer bookmarks.Stop()
	wants := isTrue(query, "allowWatchBookmarks")
	for {
		changes, now, compacted, changed := c.store.since(from)
		if compacted {
			_ = send("ERROR", expired(from, now).Object())
			return
		}
		for _, one := range changes {
			if kind, o := one.seen(k, q.Namespace, match); kind != "" && !send(kind, o) {
				return
			}
		}
		from = max(from, now)
		if flusher != nil {
			flusher.Flush()
		}
		select {
		case <-changed:
		case <-bookmarks.C:
			if wants && !bookmark(from, nil) {
				return
			}
		case <-deadline:
			return
		case <-r.Context().Done():
			return
		case <-ended.Done():
			return
		}
	}
}

// since is the changes after a version, the version they lead to, and what is closed when there are more; compacted
// says that some are forgotten.
func (s *store) since(version uint64) (changes []change, now uint64, compacted bool, changed chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version < s.compacted {
		return nil, s.compacted, true, nil
	}
	i, _ := slices.BinarySearchFunc(s.history, version+1, func(c change, v uint64) int {
		switch {
		case c.version < v:
			return -1
		case c.version > v:
			return 1
		}
		return 0
	})
	return slices.Clone(s.history[i:]), s.version, false, s.changed
}

// seen is the event of a change for a watch with a selector: what ceases to match is deleted for it, what begins to is
// added.
func (c change) seen(k *Kind, namespace string, match selector) (string, Object) {
	if c.kind != k {
		return "", nil
	}
	in := func(o Object) bool {
		return o != nil && (namespace == "" || o.Namespace() == namespace) && match(o)
	}
	was, is := in(c.before), in(c.after)
	switch {
	case was && is:
		return "MODIFIED", c.after
	case is:
		return "ADDED", c.after
	case was && c.after == nil:
		return "DELETED", c.last
	case was:
		gone := c.before.clone()
		gone.meta()["resourceVersion"] = strconv.FormatUint(c.version, 10)
		return "DELETED", gone
	}
	return "", nil
}
