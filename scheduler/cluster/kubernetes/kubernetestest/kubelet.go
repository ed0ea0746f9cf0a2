package kubernetestest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func now() string { return stamp(time.Now()) }

// sync brings what runs to what the API server wants, and tells it what runs. Without an API server the kubelet goes by
// what it heard last.
func (k *Kubelet) sync() {
	up := k.c.isUp()
	if up {
		k.c.schedule()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if up {
		k.known = k.c.store.podsOn(k.name)
	}
	wanted := map[string]bool{}
	for _, pod := range k.known {
		wanted[pod.UID()] = true
		k.syncPod(pod, up)
	}
	for uid, sb := range k.pods {
		if wanted[uid] {
			continue
		}
		if sb.end(time.Second); sb.ended() {
			_ = os.RemoveAll(sb.folder)
			delete(k.pods, uid)
		}
	}
}

func (k *Kubelet) syncPod(pod Object, up bool) {
	sb := k.pods[pod.UID()]
	if sb == nil {
		if pod.ended() { // before this kubelet's time
			k.finish(pod, up)
			return
		}
		sb = k.newSandbox(pod)
		sb.verdict = k.admit(pod, sb)
		k.pods[pod.UID()] = sb
	}
	if seconds, ok := number(pod, "spec", "activeDeadlineSeconds"); ok && sb.verdict == nil && !sb.stopping &&
		time.Since(sb.begun) >= time.Duration(seconds)*time.Second && !pod.ended() {
		grace, _ := number(pod, "spec", "terminationGracePeriodSeconds")
		sb.verdict = &verdict{reason: "DeadlineExceeded",
			message: "Pod was active on the node longer than the specified deadline",
			grace:   time.Duration(grace) * time.Second}
	}
	switch {
	case pod.Deleting() && !pod.ended():
		at, _ := time.Parse(time.RFC3339, pod.Text("metadata", "deletionTimestamp"))
		sb.end(time.Until(at))
	case sb.verdict != nil:
		sb.end(sb.verdict.grace)
	case !pod.ended():
		k.advance(pod, sb)
		k.resize(pod, sb)
	}
	if up && !pod.ended() {
		status := k.status(pod, sb)
		if !same(status, pod["status"]) {
			written, refused := k.c.store.update(key{kindNamed("pods"), pod.Namespace(), pod.Name()},
				func(o Object) (Object, *Status) {
					if o.UID() != pod.UID() {
						return nil, conflict(kindNamed("pods"), pod.Name(), "it is another one")
					}
					o["status"] = status
					return o, nil
				})
			if refused != nil {
				return
			}
			pod = written
		}
	}
	if pod.ended() && sb.ended() {
		_ = os.RemoveAll(filepath.Join(sb.folder, "volumes"))
		k.finish(pod, up)
	}
}

// finish tells the API server that nothing of a deleted pod runs any more.
func (k *Kubelet) finish(pod Object, up bool) {
	if up && pod.Deleting() {
		none := int64(0)
		_, _, _ = k.c.store.delete(key{kindNamed("pods"), pod.Namespace(), pod.Name()},
			deletion{grace: &none, uid: pod.UID()})
	}
}

// admit is the kubelet's check of a new pod: whether it fits, and may be here.
func (k *Kubelet) admit(pod Object, own *sandbox) *verdict {
	reject := func(reason, message string) *verdict {
		return &verdict{reason: reason, message: "Pod was rejected: " + message}
	}
	node, ok := k.c.store.get(key{kindNamed("nodes"), "", k.name})
	if !ok {
		return nil
	}
	labels := node.Labels()
	for name, value := range words(pod.Get("spec", "nodeSelector")) {
		if labels[name] != value {
			return reject("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's "+
				"node affinity/selector")
		}
	}
	for _, taint := range items(node.Get("spec", "taints")) {
		if text(taint, "effect") == "NoExecute" && !tolerates(pod, taint) {
			return reject("TaintToleration", fmt.Sprintf("Predicate TaintToleration failed: node(s) had untolerated "+
				"taint {%s: %s}", text(taint, "key"), text(taint, "value")))
		}
	}
	capacity, used := readAmounts(node.Get("status", "allocatable")), k.used(own)
	for _, name := range sortedKeys(own.requests) {
		if n := own.requests[name]; n > 0 && used[name]+n > capacity[name]+1e-9 {
			unit := 1.0
			if name == "cpu" {
				unit = 1000
			}
			return reject("OutOf"+name, fmt.Sprintf("Node didn't have enough resource: %s, requested: %.0f, used: "+
				"%.0f, capacity: %.0f",
				name, n*unit, used[name]*unit, capacity[name]*unit))
		}
	}
	return nil
}

// used is what the node's pods have, but for one and those that have ended.
func (k *Kubelet) used(but *sandbox) amounts {
	sum := amounts{}
	for _, pod := range k.known {
		if sb := k.pods[pod.UID()]; sb != nil && sb != but && !pod.ended() && sb.verdict == nil {
			sum.add(sb.requests)
		}
	}
	return sum
}

func tolerates(pod Object, taint any) bool {
	for _, t := range items(pod.Get("spec", "tolerations")) {
		key, effect := text(t, "key"), text(t, "effect")
		if (key == "" || key == text(taint, "key")) && (effect == "" || effect == text(taint, "effect")) &&
			(text(t, "operator") == "Exists" || key != "" && text(t, "value") == text(taint, "value")) {
			return true
		}
	}
	return false
}

// advance starts what is to run next: volumes, init containers one after the other, then all containers.
func (k *Kubelet) advance(pod Object, sb *sandbox) {
	if time.Since(sb.begun) < k.c.options.StartDelay || sb.rebooted {
		return
	}
	if sb.volumes == nil {
		volumes, err := k.volumes(pod, sb.folder)
		if err != nil {
			k.event(pod, sb, "FailedMount", err.Error())
			return
		}
		sb.volumes = volumes
	}
	for _, c := range items(pod.Get("spec", "initContainers")) {
		name := text(c, "name")
		if sb.failures[name].reason != "" {
			return
		}
		if sb.processes[name] == nil {
			k.launch(pod, sb, dict(c))
			return
		}
		if exit, _, _, done := sb.processes[name].outcome(); !done || exit != 0 {
			return
		}
	}
	for _, c := range items(pod.Get("spec", "containers")) {
		if name := text(c, "name"); sb.processes[name] == nil && sb.failures[name].reason == "" {
			k.launch(pod, sb, dict(c))
		}
	}
}

// resize gives containers what their changed spec says, where the node has it.
func (k *Kubelet) resize(pod Object, sb *sandbox) {
	for _, c := range items(pod.Get("spec", "containers")) {
		name := text(c, "name")
		if same(sb.allocated[name], dig(c, "resources")) {
			continue
		}
		wanted, used := requested(pod), k.used(sb)
		node, _ := k.c.store.get(key{kindNamed("nodes"), "", k.name})
		capacity := readAmounts(node.Get("status", "allocatable"))
		fits := true
		for resource, n := range wanted {
			fits = fits && used[resource]+n <= capacity[resource]+1e-9
		}
		if fits {
			sb.allocated[name], sb.requests = dig(c, "resources"), wanted
		}
	}
}

// Evict ends a pod as the kubelet does under pressure: Failed, with reason Evicted. The object stays.
func (k *Kubelet) Evict(uid, message string) {
	k.condemn(uid, verdict{reason: "Evicted", message: message, condition: "TerminationByKubelet"})
}

func (k *Kubelet) condemn(uid string, v verdict) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if sb := k.pods[uid]; sb != nil && sb.verdict == nil {
		sb.verdict = &v
		k.poke()
	}
}

// OOM kills a container as the kernel does when it is over its limit.
func (k *Kubelet) OOM(uid, container string) { k.kill(uid, container, "OOMKilled") }

// Kill kills a container's first process from outside.
func (k *Kubelet) Kill(uid, container string) { k.kill(uid, container, "") }

func (k *Kubelet) kill(uid, container, reason string) {
	if p := k.process(uid, container); p != nil {
		p.signal(syscall.SIGKILL, reason)
	}
}

// PID is the first process of a container, 0 where it does not run.
func (k *Kubelet) PID(uid, container string) int {
	p := k.process(uid, container)
	if p == nil {
		return 0
	}
	if _, _, _, done := p.outcome(); done {
		return 0
	}
	return p.cmd.Process.Pid
}

// RotateLog takes away what a container's log has so far.
func (k *Kubelet) RotateLog(uid, container string) {
	if p := k.process(uid, container); p != nil {
		p.book.rotate()
	}
}

func (k *Kubelet) process(uid, container string) *process {
	k.mu.Lock()
	defer k.mu.Unlock()
	if sb := k.pods[uid]; sb != nil {
		return sb.processes[container]
	}
	return nil
}
