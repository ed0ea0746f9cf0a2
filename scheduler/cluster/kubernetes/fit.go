package kubernetes

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// shrinkAfter is how long a pod keeps what its tasks no longer need: the next ones usually come sooner.
const shrinkAfter = 10 * time.Second

// fit resizes a warm executor's pod to what its tasks need by now, so that others know of the node what is left of it.
func (x *container) fit(ctx context.Context, p *pod) {
	x.mu.Lock()
	want, wanted := x.mu.limits, x.mu.wanted
	x.mu.wanted = false
	x.mu.Unlock()
	at := p.executor()
	grows := want.CPUs > x.size.CPUs || want.MemoryMB > x.size.MemoryMB
	shrinks := want.CPUs < x.size.CPUs || want.MemoryMB < x.size.MemoryMB
	switch {
	case p.Metadata.DeletionTimestamp != nil || at < 0 || slices.Contains(p.Spec.Containers[at].Command, onceFlag):
		return // it is to end, or serves one attempt
	case !grows && !shrinks:
		x.shrinkAt = time.Time{}
		return
	case !grows && wanted:
	case !grows && x.shrinkAt.IsZero():
		x.shrinkAt = time.Now().Add(shrinkAfter)
		return
	case !grows && time.Now().Before(x.shrinkAt):
		return
	}
	if grows { // and keep the rest for a while
		want.CPUs, want.MemoryMB = max(want.CPUs, x.size.CPUs), max(want.MemoryMB, x.size.MemoryMB)
	}
	x.shrinkAt = time.Time{}
	if err := x.cluster.api.resize(ctx, p, want); err != nil {
		x.cluster.log.Warn("pod not resized: its node is fuller, or emptier, than others know", "pod",
			p.Metadata.Name, "err", err)
	}
	x.size = want // what failed is not tried at every turn
}

// resize sets a running pod's requests.
func (a *API) resize(ctx context.Context, p *pod, l protocol.Limits) error {
	at := p.executor()
	if at < 0 {
		return nil
	}
	has := p.Spec.Containers[at].Resources
	container := "/spec/containers/" + strconv.Itoa(at)
	patch := []map[string]string{{"op": "test", "path": container + "/name", "value": executorContainer}}
	for name, q := range sizeOf(l) {
		patch = append(patch, map[string]string{"op": "replace", "path": container + "/resources/requests/" + name,
			"value": string(q)})
		// One that is equal stays so: a pod may not change its class of service. Else it is a LimitRange's default.
		most, limited := has.Limits[name]
		if limited && (most.value() < q.value() || most.value() == has.Requests[name].value()) {
			patch = append(patch, map[string]string{"op": "replace", "path": container + "/resources/limits/" + name,
				"value": string(q)})
		}
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return a.once(ctx, http.MethodPatch, podPath(p.Metadata.Namespace, p.Metadata.Name)+"/resize",
		nil, "application/json-patch+json", body, nil)
}
