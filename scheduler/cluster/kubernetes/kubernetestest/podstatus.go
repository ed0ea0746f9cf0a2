package kubernetestest

import "time"

// status is what the kubelet says of a pod.
func (k *Kubelet) status(pod Object, sb *sandbox) map[string]any {
	o := Object{"status": clone(pod["status"])}
	status := dict(o["status"])
	status["hostIP"], status["podIP"] = "127.0.0.1", "127.0.0.1"
	status["podIPs"], status["hostIPs"] = []any{map[string]any{"ip": "127.0.0.1"}},
		[]any{map[string]any{"ip": "127.0.0.1"}}
	status["startTime"] = stamp(sb.begun)
	final := (sb.verdict != nil || pod.Deleting()) && sb.ended()
	started, running, failed, initFailed, initDone := false, false, false, false, true
	for _, list := range []string{"initContainers", "containers"} {
		var all []any
		for _, c := range items(pod.Get("spec", list)) {
			if sb.verdict != nil && len(sb.processes) == 0 { // of a pod that was rejected there are none
				break
			}
			one := k.containerStatus(sb, dict(c), final)
			all = append(all, one)
			exit, ended := number(one, "state", "terminated", "exitCode")
			switch list {
			case "initContainers":
				initFailed = initFailed || ended && exit != 0
				initDone = initDone && ended && exit == 0
			case "containers":
				started = started || ended || dig(one, "state", "running") != nil
				running = running || !ended
				failed = failed || exit != 0
			}
		}
		if all != nil {
			status[map[string]string{"initContainers": "initContainerStatuses",
				"containers": "containerStatuses"}[list]] = all
		}
	}
	phase := "Pending"
	switch {
	case final && sb.verdict != nil:
		phase = "Failed"
		status["reason"], status["message"] = sb.verdict.reason, sb.verdict.message
		if sb.verdict.condition != "" {
			setCondition(o, "DisruptionTarget", "True", sb.verdict.condition, sb.verdict.message)
		}
	case initFailed && sb.ended():
		phase = "Failed"
	case started && !running && failed:
		phase = "Failed"
	case started && !running:
		phase = "Succeeded"
	case started:
		phase = "Running"
	}
	status["phase"] = phase
	yes := map[bool]string{true: "True", false: "False"}
	setCondition(o, "PodScheduled", "True", "", "")
	setCondition(o, "Initialized", yes[initDone], "", "")
	setCondition(o, "ContainersReady", yes[phase == "Running"], "", "")
	setCondition(o, "Ready", yes[phase == "Running"], "", "")
	k.resizeCondition(pod, sb, o)
	return status
}

// resizeCondition tells of a resize that the node has no room for.
func (k *Kubelet) resizeCondition(pod Object, sb *sandbox, o Object) {
	var rest []any
	for _, c := range items(o.Get("status", "conditions")) {
		if text(c, "type") != "PodResizePending" {
			rest = append(rest, c)
		}
	}
	pending := false
	for _, c := range items(pod.Get("spec", "containers")) {
		pending = pending || !same(sb.allocated[text(c, "name")], dig(c, "resources"))
	}
	if !pending {
		dict(o["status"])["conditions"] = rest
		return
	}
	reason := "Deferred"
	node, _ := k.c.store.get(key{kindNamed("nodes"), "", k.name})
	capacity := readAmounts(node.Get("status", "allocatable"))
	for name, n := range requested(pod) {
		if n > capacity[name] {
			reason = "Infeasible"
		}
	}
	setCondition(o, "PodResizePending", "True", reason, "Node didn't have enough capacity")
}

func (k *Kubelet) containerStatus(sb *sandbox, container map[string]any, final bool) map[string]any {
	name := text(container, "name")
	one := map[string]any{"name": name, "image": text(container, "image"), "imageID": "", "restartCount": float64(0),
		"ready":   false,
		"started": false, "lastState": map[string]any{}}
	p := sb.processes[name]
	if p == nil {
		failure, problem := sb.failures[name], sb.problems[name]
		switch {
		case failure.reason != "":
			one["state"] = map[string]any{"terminated": map[string]any{"exitCode": float64(128),
				"reason": failure.reason, "message": failure.message,
				"startedAt": stamp(time.Unix(0, 0)), "finishedAt": stamp(failure.at)}}
		case final && sb.verdict == nil:
			one["state"] = map[string]any{"terminated": map[string]any{"exitCode": float64(137),
				"reason":  "ContainerStatusUnknown",
				"message": "The container could not be located when the pod was terminated", "startedAt": nil,
				"finishedAt": nil}}
		case problem.reason != "":
			one["state"] = map[string]any{"waiting": map[string]any{"reason": problem.reason,
				"message": problem.message}}
		default:
			one["state"] = map[string]any{"waiting": map[string]any{"reason": "ContainerCreating"}}
		}
		return one
	}
	one["imageID"], one["containerID"] = "sha256:"+text(container, "image"), "containerd://"+p.mark
	if resources := sb.allocated[name]; resources != nil {
		one["resources"] = clone(resources)
		if requests := dig(resources, "requests"); requests != nil {
			one["allocatedResources"] = clone(requests)
		}
	}
	exit, reason, finished, done := p.outcome()
	if !done {
		one["ready"], one["started"] = true, true
		one["state"] = map[string]any{"running": map[string]any{"startedAt": stamp(p.started)}}
		return one
	}
	if reason == "Unknown" { // the machine went down under it
		exit = 255
	}
	state := map[string]any{"exitCode": float64(exit), "reason": reason, "startedAt": stamp(p.started),
		"finishedAt":  stamp(finished),
		"containerID": one["containerID"]}
	if message := sb.message(container, p, exit); message != "" {
		state["message"] = message
	}
	one["state"] = map[string]any{"terminated": state}
	return one
}
