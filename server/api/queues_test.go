package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Operators set and remove queues, everybody sees them, and sweeps are found by theirs.
func TestQueues(t *testing.T) {
	w := newWorld(t)
	limit, weight := fairness.Amounts{"cpus": 4, "memory": 1024}, 2.0
	set := func(role access.Role, change any) (int, string) {
		status, answer, _ := w.ask(role, http.MethodPost, Prefix+"/queues", change)
		return status, string(answer)
	}
	if status, answer := set(access.Submitter, QueueChange{Name: "eng/ml"}); status != http.StatusForbidden {
		t.Errorf("a submitter sets a queue: %d %s", status, answer)
	}
	if status, answer := set(access.Operator, QueueChange{Name: "eng/ml", Weight: &weight, Limit: &limit}); status != http.StatusOK ||
		!strings.Contains(answer, `"limit":{"cpus":4,"memory":1024}`) {
		t.Errorf("set: %d %s", status, answer)
	}
	negative := fairness.Amounts{"cpus": -1}
	for _, bad := range []any{
		QueueChange{Name: "a b"}, QueueChange{Name: "eng/"}, QueueChange{}, QueueChange{Name: "x", Limit: &negative},
		map[string]any{"queue": "x", "weight": 0}, map[string]any{"queue": "x", "color": "red"},
	} {
		if status, answer := set(access.Operator, bad); status != http.StatusUnprocessableEntity {
			t.Errorf("%+v: %d %s", bad, status, answer)
		}
	}
	status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", Submission{Spec: three, Set: []string{"queue=eng"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "there are: default, eng/ml") {
		t.Errorf("a queue that there is not: %d %s", status, answer)
	}
	s := w.submit(access.Submitter, Submission{Spec: three, Set: []string{"queue=eng/ml", "priority=7"}})
	plain := w.submit(access.Submitter, Submission{Spec: three})
	if s.Queue != "eng/ml" || s.Priority != 7 || plain.Queue != "default" {
		t.Errorf("submitted into %q with %d, and into %q", s.Queue, s.Priority, plain.Queue)
	}
	w.ended(plain.ID)
	if s = w.ended(s.ID); s.Queue != "eng/ml" || s.State != "succeeded" {
		t.Errorf("ended as %+v", s)
	}
	for query, want := range map[string]int{"eng": 1, "eng/ml": 1, "default": 1, "en": 0} {
		if list := get[Page[Sweep]](w, access.Viewer, "/sweeps?queue="+url.QueryEscape(query)); list.Total != want {
			t.Errorf("%d sweeps in queue %s, want %d", list.Total, query, want)
		}
	}
	all := get[Queues](w, access.Viewer, "/queues")
	var names []string
	for _, q := range all.Queues {
		names = append(names, q.Name)
	}
	if strings.Join(names, " ") != "default eng eng/ml" || all.Total["cpus"] <= 0 || all.Queues[2].Weight != 2 || all.Queues[1].Set {
		t.Errorf("queues %+v", all)
	}
	remove := func(name string) int {
		status, _, _ := w.ask(access.Operator, http.MethodDelete, Prefix+"/queues/"+url.PathEscape(name), nil)
		return status
	}
	if status := remove("nowhere"); status != http.StatusNotFound {
		t.Errorf("remove a queue that there is not: %d", status)
	}
	if status := remove("eng/ml"); status != http.StatusNoContent {
		t.Errorf("remove: %d", status)
	}
}

// What a queue has is in the metrics, each resource in its unit.
func TestQueueMetrics(t *testing.T) {
	var r resource.Resources
	r.CPUs, r.Mem = 2*resource.Unit, 512*resource.Unit
	var text strings.Builder
	writeQueues(&text, []Queue{queueOf(fairness.Standing{Queue: fairness.Queue{Name: "eng"}, Used: r, Running: 3})})
	for resource, want := range map[string]string{"cpus": "2", "mem": "512", "gpus": "0", "trials": "3"} {
		if line := fmt.Sprintf("kaon_queue_used{queue=\"eng\",resource=%q} %s\n", resource, want); !strings.Contains(text.String(), line) {
			t.Errorf("no %sin %s", line, text.String())
		}
	}
}
