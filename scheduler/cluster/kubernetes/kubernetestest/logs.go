package kubernetestest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// log answers with a container's log, and with what comes to it.
func (c *Cluster) log(w http.ResponseWriter, r *http.Request, q Request) {
	query := r.URL.Query()
	t, status := c.target(q, query)
	if status == nil && t.process == nil {
		status = badRequest("container %q in pod %q is waiting to start: ContainerCreating",
			text(t.container, "name"), q.Name)
	}
	if status == nil && isTrue(query, "previous") {
		status = badRequest("previous terminated container %q in pod %q not found", text(t.container, "name"), q.Name)
	}
	lines, limit, since := -1, int64(-1), time.Time{}
	for _, name := range []string{"tailLines", "limitBytes", "sinceSeconds"} {
		v := query.Get(name)
		if v == "" {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n == 0 && name != "tailLines" {
			status = &Status{Code: http.StatusUnprocessableEntity, Reason: "Invalid",
				Message: "PodLogOptions is invalid: " + name + ": Invalid value: " + v}
			break
		}
		switch name {
		case "tailLines":
			lines = int(n)
		case "limitBytes":
			limit = n
		default:
			since = time.Now().Add(-time.Duration(n) * time.Second)
		}
	}
	if v := query.Get("sinceTime"); v != "" {
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			status = badRequest("sinceTime: %v", err)
		}
		since = at.Truncate(time.Second) // the API's times have whole seconds
	}
	if status != nil {
		c.refuse(w, q, status)
		return
	}
	c.mu.Lock()
	epoch := c.mu.epoch
	c.mu.Unlock()
	q.Code = http.StatusOK
	c.answered(q)
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	follow, times, beginning := isTrue(query, "follow"), isTrue(query, "timestamps"), true
	flusher, _ := w.(http.Flusher)
	entries, position, closed, changed := t.process.book.from(0)
	if lines >= 0 {
		entries = lastLines(entries, lines)
	}
	for {
		for _, e := range entries {
			if e.at.Before(since) {
				continue
			}
			data := e.data
			if times && beginning {
				data = append([]byte(e.at.UTC().Format(time.RFC3339Nano)+" "), data...)
			}
			beginning = strings.HasSuffix(string(e.data), "\n")
			if limit >= 0 && int64(len(data)) > limit {
				data = data[:limit]
			}
			if limit >= 0 {
				limit -= int64(len(data))
			}
			if _, err := w.Write(data); err != nil || limit == 0 {
				return
			}
		}
		if flusher != nil {
			flusher.Flush()
		}
		if !follow || closed {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-epoch.Done():
			return
		case <-t.running.Done():
			return
		}
		entries, position, closed, changed = t.process.book.from(position)
	}
}
