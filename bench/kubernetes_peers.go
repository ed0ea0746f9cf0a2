package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/hollow"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

const (
	benchLabel = "kaon.dev/bench" // on what is not kaon's
	submitters = 16               // that create items' pods at once
	unseen     = time.Minute      // before a pod that nobody gave a node says that there is no scheduler
)

// benchPod is what is read of a pod.
type benchPod struct {
	Metadata struct {
		Name            string `json:"name"`
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Spec struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
	Status struct {
		Phase   string `json:"phase"`
		Message string `json:"message"`
	} `json:"status"`
}

// metadata is of pods that are not kaon's.
func (b *kubernetesBench) metadata(name string) map[string]any {
	m := map[string]any{"labels": map[string]string{benchLabel: b.label},
		"annotations": map[string]string{hollow.Seconds: strconv.FormatFloat(b.cfg.Time.Seconds(), 'g', -1, 64)}}
	if name != "" {
		m["name"] = name
	}
	return m
}

// items runs a pod for each trial, as many at a time as the nodes hold, by a client that watches and removes them: what
// a workflow of Argo's does with a list of items. Each pod is kube-scheduler's to place.
func (b *kubernetesBench) items(ctx context.Context, trials int) (seconds float64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots, limit := make(chan struct{}, b.slots), rate.NewLimiter(rate.Limit(b.rate), int(max(1, b.rate)))
	var mu sync.Mutex
	done, removed, placed := map[string]bool{}, 0, false
	ended, cleared := make(chan struct{}), make(chan struct{})
	removals := make(chan string, trials)
	began := time.Now()
	var last time.Time
	take := func(p *benchPod, gone bool) {
		mu.Lock()
		defer mu.Unlock()
		placed = placed || p.Spec.NodeName != ""
		if gone {
			if removed++; removed == trials {
				close(cleared)
			}
			return
		}
		switch {
		case p.Status.Phase == "Failed" && !done[p.Metadata.UID]:
			cancel(fmt.Errorf("pod %s failed: %s", p.Metadata.Name, p.Status.Message))
		case p.Status.Phase == "Succeeded" && !done[p.Metadata.UID]:
			done[p.Metadata.UID] = true
			<-slots
			removals <- p.Metadata.Name
			if len(done) == trials {
				last = time.Now()
				close(ended)
			}
		}
	}
	if err := kubernetes.Watch(ctx, b.api, b.path("", "pods", ""),
		url.Values{"labelSelector": {benchLabel + "=" + b.label}},
		func(p *benchPod) string { return p.Metadata.ResourceVersion }, func(p *benchPod) string {
			return p.Metadata.UID
		}, take); err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	numbers := make(chan int, trials)
	for i := range trials {
		numbers <- i
	}
	close(numbers)
	for range submitters {
		wg.Go(crash.Func(func() {
			for i := range numbers {
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				if limit.Wait(ctx) != nil {
					return
				}
				name := fmt.Sprintf("bench-%s-%d", b.label, i)
				p := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": b.metadata(name),
					"spec": json.RawMessage(b.spec)}
				if err := b.api.Call(ctx, http.MethodPost, b.path("", "pods", ""), nil, p, nil); err != nil {
					cancel(fmt.Errorf("create a pod: %w", err))
				}
			}
		}))
		wg.Go(crash.Func(func() {
			for {
				select {
				case name := <-removals:
					if err := b.api.Call(ctx, http.MethodDelete, b.path("", "pods", name), nil, nil, nil); err != nil {
						cancel(fmt.Errorf("delete a pod: %w", err))
					}
				case <-ctx.Done():
					return
				}
			}
		}))
	}
	patience := time.AfterFunc(unseen, crash.Func(func() {
		mu.Lock()
		defer mu.Unlock()
		if !placed {
			cancel(errSkip{fmt.Errorf("no pod was given a node within %v: has this cluster a kube-scheduler, and room?",
				unseen)})
		}
	}))
	defer patience.Stop()
	defer b.clear()
	for _, step := range []chan struct{}{ended, cleared} {
		select {
		case <-step:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	return last.Sub(began).Seconds(), nil
}

// benchJob is what is read of a Job.
type benchJob struct {
	Metadata struct {
		UID             string `json:"uid"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Status struct {
		Active     int `json:"active"`
		Succeeded  int `json:"succeeded"`
		Failed     int `json:"failed"`
		Conditions []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Message string `json:"message"`
		} `json:"conditions"`
	} `json:"status"`
}

// job runs all trials as the completions of one Job.
func (b *kubernetesBench) job(ctx context.Context, trials int) (seconds float64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	template := map[string]any{"metadata": b.metadata(""), "spec": json.RawMessage(b.spec)}
	job := map[string]any{"apiVersion": "batch/v1", "kind": "Job", "metadata": b.metadata("bench-" + b.label),
		"spec": map[string]any{
			"completions": trials, "parallelism": min(trials, b.slots), "completionMode": "Indexed", "backoffLimit": 0,
			"template": template}}
	ended := make(chan error, 1)
	tell := func(err error) {
		select {
		case ended <- err:
		default: // it has ended before
		}
	}
	began := time.Now()
	active := make(chan struct{})
	var once sync.Once
	take := func(j *benchJob, gone bool) {
		if j.Status.Active+j.Status.Succeeded > 0 {
			once.Do(func() { close(active) })
		}
		for _, c := range j.Status.Conditions {
			switch {
			case c.Status == "True" && c.Type == "Complete":
				tell(nil)
			case c.Status == "True" && c.Type == "Failed":
				tell(fmt.Errorf("the job failed: %s", c.Message))
			}
		}
		if gone {
			tell(errors.New("somebody deleted the job"))
		}
	}
	version, uid := func(j *benchJob) string { return j.Metadata.ResourceVersion }, func(j *benchJob) string {
		return j.Metadata.UID
	}
	err = kubernetes.Watch(ctx, b.api, b.path("batch", "jobs", ""),
		url.Values{"labelSelector": {benchLabel + "=" + b.label}}, version, uid, take)
	if err == nil {
		err = b.api.Call(ctx, http.MethodPost, b.path("batch", "jobs", ""), nil, job, nil)
	}
	if err != nil {
		return 0, errSkip{err}
	}
	defer b.clear()
	select {
	case <-active:
	case <-time.After(unseen):
		return 0, errSkip{fmt.Errorf("the job has no pod after %v: has this cluster a kube-controller-manager?",
			unseen)}
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	select {
	case err := <-ended:
		return time.Since(began).Seconds(), err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// clear removes what is left of others' pods and jobs, and waits until it is gone.
func (b *kubernetesBench) clear() {
	ctx, cancel := context.WithTimeout(context.Background(), b.cfg.Wait)
	defer cancel()
	query := url.Values{"labelSelector": {benchLabel + "=" + b.label}, "propagationPolicy": {"Background"}}
	_ = b.api.Call(ctx, http.MethodDelete, b.path("batch", "jobs", ""), query, nil, nil) // of a cluster that has none
	for ctx.Err() == nil {
		var left struct {
			Items []benchPod
		}
		err := b.api.Call(ctx, http.MethodGet, b.path("", "pods", ""),
			url.Values{"labelSelector": {benchLabel + "=" + b.label}, "limit": {"500"}}, nil, &left)
		if err == nil && len(left.Items) == 0 {
			return
		}
		if err != nil {
			b.note("what is left of pods with the label %s=%s is not known: %v", benchLabel, b.label, err)
			return
		}
		for _, p := range left.Items {
			// the next round sees it
			_ = b.api.Call(ctx, http.MethodDelete, b.path("", "pods", p.Metadata.Name),
				url.Values{"propagationPolicy": {"Background"}}, nil, nil)
		}
		timer.Sleep(ctx, 300*time.Millisecond)
	}
}
