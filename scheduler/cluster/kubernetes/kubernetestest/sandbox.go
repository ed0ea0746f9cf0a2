package kubernetestest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sandbox is a pod on its node.
type sandbox struct {
	folder    string
	begun     time.Time
	volumes   map[string]string   // folder by name; nil until they are made
	processes map[string]*process // by container
	problems  map[string]problem  // why a container does not run yet
	failures  map[string]problem  // why a container could not be started at all
	allocated map[string]any      // resources by container
	requests  amounts
	verdict   *verdict // why the pod ends whatever its containers do
	stopping  bool
	killAt    time.Time
	rebooted  bool
	told      map[string]bool // events that were written
}

type problem struct {
	reason, message string
	at              time.Time
}

// verdict is an end that the kubelet decides upon.
type verdict struct {
	reason, message string
	grace           time.Duration
	condition       string // the reason of DisruptionTarget
}

func (k *Kubelet) newSandbox(pod Object) *sandbox {
	sb := &sandbox{
		folder: filepath.Join(k.folder, pod.UID()), begun: time.Now(), processes: map[string]*process{},
		problems: map[string]problem{},
		failures: map[string]problem{}, allocated: map[string]any{}, requests: requested(pod), told: map[string]bool{},
	}
	for _, c := range items(pod.Get("spec", "containers")) {
		sb.allocated[text(c, "name")] = dig(c, "resources")
	}
	return sb
}

// ended says that nothing of the pod runs.
func (sb *sandbox) ended() bool {
	for _, p := range sb.processes {
		if _, _, _, done := p.outcome(); !done {
			return false
		}
	}
	return true
}

// end brings all containers to their end: a SIGTERM first, a SIGKILL when grace is over.
func (sb *sandbox) end(grace time.Duration) {
	until := time.Now().Add(grace)
	if !sb.stopping {
		sb.stopping, sb.killAt = true, until
		if grace > 0 {
			for _, p := range sb.processes {
				p.signal(syscall.SIGTERM, "")
			}
		}
	}
	if until.Before(sb.killAt) {
		sb.killAt = until
	}
	if !time.Now().Before(sb.killAt) {
		for _, p := range sb.processes {
			p.signal(syscall.SIGKILL, "")
		}
	}
}

// launch starts a container of the pod, or says in problems or failures why it does not.
func (k *Kubelet) launch(pod Object, sb *sandbox, container map[string]any) {
	name := text(container, "name")
	wait := func(reason, message string) {
		if sb.problems[name].reason != reason {
			sb.problems[name] = problem{reason, message, time.Now()}
		}
		k.event(pod, sb, reason, message)
	}
	image, ok := k.c.image(text(container, "image"))
	switch {
	case ok:
	case text(container, "imagePullPolicy") == "Never":
		wait("ErrImageNeverPull", "Container image \""+text(container, "image")+
			"\" is not present with pull policy of Never")
		return
	case sb.problems[name].reason == "":
		wait("ErrImagePull", "failed to pull and unpack image \""+text(container, "image")+"\": not found")
		return
	default:
		wait("ImagePullBackOff", "Back-off pulling image \""+text(container, "image")+"\"")
		return
	}
	if nonRoot := either(pod, container, "runAsNonRoot"); nonRoot == true {
		if uid, set := either(pod, container, "runAsUser").(float64); set && uid == 0 || !set && image.User == 0 {
			wait("CreateContainerConfigError", "container has runAsNonRoot and image will run as root")
			return
		}
	}
	argv, env, folder, err := k.command(pod, sb, container, image)
	if err != nil {
		wait("CreateContainerConfigError", err.Error())
		return
	}
	p, err := start(argv, env, folder, flag(container, "stdin"), k.poke)
	delete(sb.problems, name)
	if err != nil {
		sb.failures[name] = problem{"StartError", "failed to create containerd task: " + err.Error(), time.Now()}
		return
	}
	sb.processes[name] = p
}

func either(pod Object, container map[string]any, field string) any {
	if v := dig(container, "securityContext", field); v != nil {
		return v
	}
	return pod.Get("spec", "securityContext", field)
}

// command is what a container runs, with what, and where.
func (k *Kubelet) command(
	pod Object, sb *sandbox, container map[string]any, image Image,
) (argv, env []string, folder string, err error) {
	env, known, err := k.environment(pod, container, image)
	if err != nil {
		return nil, nil, "", err
	}
	root := filepath.Join(sb.folder, "containers", text(container, "name"))
	if err := os.MkdirAll(root, 0o777); err != nil {
		return nil, nil, "", err
	}
	env = append(env, "HOME="+root, "KUBERNETES_SERVICE_PORT="+k.c.address[strings.LastIndex(k.c.address, ":")+1:])
	mounts := []mount{{text(container, "terminationMessagePath"),
		filepath.Join(sb.folder, text(container, "name")+".message")}}
	for _, m := range items(container, "volumeMounts") {
		at := sb.volumes[text(m, "name")]
		sub := text(m, "subPath")
		if expr := text(m, "subPathExpr"); expr != "" {
			sub = expanded(expr, known)
		}
		if sub != "" {
			at = filepath.Join(at, sub)
			if _, err := os.Stat(at); err != nil {
				if err := os.MkdirAll(at, 0o777); err != nil {
					return nil, nil, "", err
				}
			}
		}
		mounts = append(mounts, mount{strings.TrimRight(text(m, "mountPath"), "/"), at})
	}
	deepest(mounts)
	for i, e := range env {
		if name, value, _ := strings.Cut(e, "="); name != "PATH" {
			env[i] = name + "=" + located(value, mounts)
		}
	}
	command, args := items(container, "command"), items(container, "args")
	for _, one := range command {
		argv = append(argv, expanded(one.(string), known))
	}
	if len(command) == 0 {
		argv = slices.Clone(image.Entrypoint)
	}
	for _, one := range args {
		argv = append(argv, expanded(one.(string), known))
	}
	for i, word := range argv {
		if i == 0 {
			word = image.program(word)
		}
		argv[i] = located(word, mounts)
	}
	if folder = text(container, "workingDir"); folder == "" {
		folder = image.WorkingDir
	}
	if moved := located(folder, mounts); folder != "" && moved != folder {
		return argv, env, moved, os.MkdirAll(moved, 0o777)
	}
	return argv, env, root, nil
}

// message is what a container left for its status.
func (sb *sandbox) message(container map[string]any, p *process, exit int) string {
	const limit = 4096
	data, _ := os.ReadFile(filepath.Join(sb.folder, text(container, "name")+".message"))
	if len(data) == 0 && exit != 0 && text(container, "terminationMessagePolicy") == "FallbackToLogsOnError" {
		return p.book.tail(80, 2048)
	}
	return strings.ToValidUTF8(string(data[:min(len(data), limit)]), "\uFFFD")
}

// event writes an Event about a pod, once for each reason.
func (k *Kubelet) event(pod Object, sb *sandbox, reason, message string) {
	if sb.told[reason] || !k.c.isUp() {
		return
	}
	sb.told[reason] = true
	_, _ = k.c.store.create(kindNamed("events"), pod.Namespace(), Object{
		"metadata": map[string]any{"name": pod.Name() + "." + randomHex(8)},
		"involvedObject": map[string]any{"kind": "Pod", "apiVersion": "v1", "namespace": pod.Namespace(),
			"name": pod.Name(), "uid": pod.UID()},
		"type": "Warning", "reason": reason, "message": message, "count": float64(1),
		"source":         map[string]any{"component": "kubelet", "host": k.name},
		"firstTimestamp": now(), "lastTimestamp": now(),
	})
}
