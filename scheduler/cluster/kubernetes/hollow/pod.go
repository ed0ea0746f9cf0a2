package hollow

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// pod is what is read of one.
type pod struct {
	Metadata struct {
		Name              string            `json:"name"`
		Namespace         string            `json:"namespace"`
		UID               string            `json:"uid"`
		ResourceVersion   string            `json:"resourceVersion"`
		Annotations       map[string]string `json:"annotations"`
		DeletionTimestamp string            `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		NodeName   string `json:"nodeName"`
		Containers []struct {
			Name    string   `json:"name"`
			Image   string   `json:"image"`
			Command []string `json:"command"`
			Env     []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"env"`
		} `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

func (p *pod) key() string { return p.Metadata.Namespace + "/" + p.Metadata.Name }

func (p *pod) path() string {
	return "/api/v1/namespaces/" + url.PathEscape(p.Metadata.Namespace) + "/pods/" + url.PathEscape(p.Metadata.Name)
}

// life is a pod on a hollow node, from when it was seen until it is gone.
type life struct {
	nodes    *Nodes
	pod      *pod
	executor *executor // nil: it is not kaon's
	deleted  chan struct{}
	once     sync.Once
	began    time.Time
}

// see takes a pod as it is now.
func (n *Nodes) see(p *pod, gone bool) {
	if !n.ours(p.Spec.NodeName) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.mu.pods[p.Metadata.UID]
	if gone {
		if delete(n.mu.pods, p.Metadata.UID); l != nil {
			l.once.Do(func() { close(l.deleted) })
			if n.mu.at[p.key()] == l {
				delete(n.mu.at, p.key())
			}
		}
		return
	}
	if l == nil {
		l = &life{nodes: n, pod: p, deleted: make(chan struct{})}
		n.mu.pods[p.Metadata.UID], n.mu.at[p.key()] = l, l
		if c := &p.Spec.Containers[0]; slices.Index(c.Command, "executor") > 0 {
			env := map[string]string{}
			for _, v := range c.Env {
				env[v.Name] = v.Value
			}
			l.executor = newExecutor(n.conf.Behave, c.Command, env)
		}
		n.wg.Go(crash.Func(l.run))
	}
	if p.Metadata.DeletionTimestamp != "" {
		l.once.Do(func() { close(l.deleted) })
	}
}

// executor is what is attached to in a pod; nil: nothing.
func (n *Nodes) executor(namespace, name string) *executor {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := n.mu.at[namespace+"/"+name]; l != nil {
		return l.executor
	}
	return nil
}

// run is the life of a pod.
func (l *life) run() {
	n := l.nodes
	l.began = time.Now()
	if phase := l.pod.Status.Phase; phase != "Succeeded" && phase != "Failed" {
		l.write("Running", 0)
		if l.work() {
			l.write("Succeeded", 0)
		} else {
			l.write("Failed", 137)
		}
	}
	select {
	case <-n.ctx.Done():
	case <-l.deleted:
		n.write(func(ctx context.Context) error {
			options := map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0,
				"preconditions": map[string]any{"uid": l.pod.Metadata.UID}}
			return n.conf.API.Call(ctx, http.MethodDelete, l.pod.path(), nil, options, nil)
		})
	}
}

// work is what the pod does; false: it was ended.
func (l *life) work() bool {
	if l.executor != nil {
		return l.executor.run(l.nodes.ctx, l.deleted)
	}
	var end <-chan time.Time
	if s, err := strconv.ParseFloat(l.pod.Metadata.Annotations[Seconds], 64); err == nil {
		t := time.NewTimer(time.Until(l.began.Add(time.Duration(s * float64(time.Second)))))
		defer t.Stop()
		end = t.C
	}
	select {
	case <-end:
		return true
	case <-l.deleted:
	case <-l.nodes.ctx.Done():
	}
	return false
}

// write tells the API server of a phase.
func (l *life) write(phase string, exit int) {
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	begun, runs := at(l.began), phase == "Running"
	is := map[bool]string{true: "True", false: "False"}[runs]
	var conditions, containers []any
	for _, kind := range []string{"Initialized", "PodScheduled"} {
		conditions = append(conditions, map[string]any{"type": kind, "status": "True", "lastTransitionTime": begun})
	}
	for _, kind := range []string{"Ready", "ContainersReady"} {
		conditions = append(conditions, map[string]any{"type": kind, "status": is,
			"lastTransitionTime": at(time.Now())})
	}
	for _, c := range l.pod.Spec.Containers {
		state := map[string]any{"running": map[string]any{"startedAt": begun}}
		if !runs {
			reason := map[bool]string{true: "Completed", false: "Error"}[exit == 0]
			state = map[string]any{"terminated": map[string]any{"exitCode": exit, "reason": reason, "startedAt": begun,
				"finishedAt": at(time.Now())}}
		}
		containers = append(containers, map[string]any{"name": c.Name, "image": c.Image, "imageID": "",
			"restartCount": 0, "ready": runs, "started": runs, "state": state})
	}
	l.nodes.write(func(ctx context.Context) error {
		status := map[string]any{"phase": phase, "startTime": begun, "conditions": conditions,
			"containerStatuses": containers}
		patch := map[string]any{"metadata": map[string]any{"uid": l.pod.Metadata.UID}, "status": status}
		return l.nodes.conf.API.Call(ctx, http.MethodPatch, l.pod.path()+"/status", nil, patch, nil)
	})
}

// write makes a call of the API server, one of a few at a time. What fails after patience is left: a pod that is gone
// needs nothing, and whoever waits for one that is not sees that it does not go on.
func (n *Nodes) write(call func(ctx context.Context) error) {
	select {
	case n.writes <- struct{}{}:
	case <-n.ctx.Done():
		return
	}
	defer func() { <-n.writes }()
	_ = call(n.ctx)
}
