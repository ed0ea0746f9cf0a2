package kubernetestest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

func exitCode(o Object) int64 {
	n, ok := number(o.Get("status", "containerStatuses", "0", "state", "terminated", "exitCode"))
	if !ok {
		return -1
	}
	return n
}

func ended(o Object) bool { return o != nil && o.ended() }
func gone(o Object) bool  { return o == nil }

// A pod that has ended stays as it is, deleted or not, until its finalizer goes.
func TestPodKeepsItsEnd(t *testing.T) {
	c, _, k := shell(t)
	k.do(201, "POST", pods, script("p", "echo out; echo err >&2; printf last >/dev/null; exit 3", `,"finalizers":["kaon.dev/acknowledged"]`))
	o := awaitPod(t, c, "p", "the end", ended)
	if o.Phase() != "Failed" || exitCode(o) != 3 || o.Text("status", "containerStatuses", "0", "state", "terminated", "reason") != "Error" {
		t.Error(o)
	}
	code, log := k.text("GET", pods+"/p/log", "", "")
	if code != 200 || !strings.Contains(log, "out\n") || !strings.Contains(log, "err\n") {
		t.Error(code, log)
	}
	if _, log := k.text("GET", pods+"/p/log?timestamps=true&tailLines=1", "", ""); !strings.Contains(log, "Z ") || strings.Count(log, "\n") != 1 {
		t.Error(log)
	}
	k.do(200, "DELETE", pods+"/p", "")
	if o := k.do(200, "GET", pods+"/p", ""); !o.Deleting() || exitCode(o) != 3 {
		t.Error(o)
	}
	k.do(200, "PATCH", pods+"/p", `{"metadata":{"finalizers":null}}`)
	k.do(404, "GET", pods+"/p", "")
	k.do(404, "GET", pods+"/p/log", "")
}

func TestDeletionGivesGrace(t *testing.T) {
	c, n, k := shell(t)
	k.do(201, "POST", pods, script("p", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done", `,"finalizers":["kaon.dev/acknowledged"]`))
	o := awaitPod(t, c, "p", "the pod to run", inPhase("Running"))
	testkit.Await(t, "its trap", func() bool {
		_, log := k.text("GET", pods+"/p/log", "", "")
		return log == "ready\n"
	})
	k.do(200, "DELETE", pods+"/p", `{"gracePeriodSeconds":20}`)
	if o = awaitPod(t, c, "p", "the end", ended); exitCode(o) != 7 {
		t.Error(o)
	}
	awaitPod(t, c, "p", "the kubelet's last word", func(o Object) bool {
		grace, _ := number(o, "metadata", "deletionGracePeriodSeconds")
		return grace == 0
	})
	k.do(200, "PATCH", pods+"/p", `[{"op":"remove","path":"/metadata/finalizers"}]`)
	awaitPod(t, c, "p", "it to be gone", gone)

	k.do(201, "POST", pods, script("q", "trap '' TERM; (setsid sleep 1000 &) ; echo $$; while :; do sleep 0.01; done"))
	o = awaitPod(t, c, "q", "the pod to run", inPhase("Running"))
	p := n.process(o.UID(), "main")
	testkit.Await(t, "its child", func() bool { return len(p.others()) >= 2 })
	k.do(200, "DELETE", pods+"/q", `{"gracePeriodSeconds":0}`)
	testkit.Await(t, "all its processes to end", func() bool { return len(p.others()) == 0 })
	awaitPod(t, c, "q", "it to be gone", gone)
}

func TestKubeletRefusesWhatDoesNotFit(t *testing.T) {
	c, n, k := shell(t)
	k.do(201, "POST", pods, script("a", "sleep 1000", "", "", `,"resources":{"limits":{"cpu":"1500m","memory":"1Mi"}}`))
	awaitPod(t, c, "a", "the pod to run", inPhase("Running"))
	k.do(201, "POST", pods, script("b", "true", "", "", `,"resources":{"requests":{"cpu":"501m"}}`))
	o := awaitPod(t, c, "b", "the refusal", ended)
	if o.Text("status", "reason") != "OutOfcpu" || !strings.Contains(o.Text("status", "message"), "requested: 501, used: 1500, capacity: 2000") {
		t.Error(o.Text("status", "reason"), o.Text("status", "message"))
	}
	k.do(201, "POST", pods, script("c", "true", "", `,"nodeSelector":{"zone":"b"}`))
	if o := awaitPod(t, c, "c", "the refusal", ended); o.Text("status", "reason") != "NodeAffinity" {
		t.Error(o)
	}
	k.do(201, "POST", pods, strings.Replace(script("d", "true"), "shell:1", "unknown:1", 1))
	awaitPod(t, c, "d", "the image to be missed", func(o Object) bool {
		return o.Text("status", "containerStatuses", "0", "state", "waiting", "reason") == "ImagePullBackOff" && o.Phase() == "Pending"
	})
	c.SetImage("unknown:1", Image{Entrypoint: []string{"/bin/sh"}})
	awaitPod(t, c, "d", "the end", inPhase("Succeeded"))

	uid := c.Get("pods", "default", "a").UID()
	k.do(200, "PATCH", pods+"/a/resize", `[{"op":"replace","path":"/spec/containers/0/resources/limits/cpu","value":"2"},{"op":"replace","path":"/spec/containers/0/resources/requests/cpu","value":"2"}]`)
	awaitPod(t, c, "a", "the resize", func(o Object) bool {
		return o.Text("status", "containerStatuses", "0", "resources", "limits", "cpu") == "2"
	})
	if code, said := k.text("PATCH", pods+"/a/resize", strategicPatch, `{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"1"}}}]}}`); code != 422 || !strings.Contains(said, "QOS") {
		t.Error(code, said)
	}
	if code, said := k.text("PATCH", pods+"/a/resize", strategicPatch, `{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"1"},"limits":{"cpu":"1"}}}]}}`); code != 200 {
		t.Error(code, said)
	}
	awaitPod(t, c, "a", "the second resize", func(o Object) bool {
		return o.Text("status", "containerStatuses", "0", "resources", "requests", "cpu") == "1" && o.Text("spec", "containers", "0", "image") == "shell:1"
	})
	k.do(422, "PATCH", pods+"/a", `[{"op":"replace","path":"/spec/containers/0/resources/limits/cpu","value":"2"}]`)
	n.OOM(uid, "main")
	o = awaitPod(t, c, "a", "the end", ended)
	if exitCode(o) != 137 || o.Text("status", "containerStatuses", "0", "state", "terminated", "reason") != "OOMKilled" {
		t.Error(o)
	}
}

func TestVolumesAndVariables(t *testing.T) {
	c, _, k := shell(t)
	k.do(201, "POST", "/api/v1/namespaces/default/secrets", `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"stringData":{"key":"hidden"}}`)
	k.do(201, "POST", pods, `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"restartPolicy":"Never","nodeName":"n1",
		"volumes":[{"name":"work","emptyDir":{}},{"name":"secret","secret":{"secretName":"s"}}],
		"initContainers":[{"name":"first","image":"shell:1","args":["-c","echo made >/work/file"],"volumeMounts":[{"name":"work","mountPath":"/work"}]}],
		"containers":[{"name":"main","image":"shell:1","workingDir":"/work/sub","command":["/bin/sh","-c"],
			"args":["cat ../file /run/secret/key; echo; echo $KEY $NODE $(NODE) '$$(NODE)' $PLACE; echo end >/dev/termination-log"],
			"env":[{"name":"NODE","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}},{"name":"KEY","valueFrom":{"secretKeyRef":{"name":"s","key":"key"}}},
				{"name":"PLACE","value":"x=/work"}],
			"volumeMounts":[{"name":"work","mountPath":"/work"},{"name":"secret","mountPath":"/run/secret"}]}]}}`)
	o := awaitPod(t, c, "p", "the end", ended)
	_, log := k.text("GET", pods+"/p/log", "", "")
	lines := strings.Split(log, "\n")
	if o.Phase() != "Succeeded" || lines[0] != "made" || lines[1] != "hidden" || !strings.HasPrefix(lines[2], "hidden n1 n1 $(NODE) ") ||
		!strings.Contains(lines[2], "x="+filepath.Join(c.folder, "nodes", "n1", o.UID(), "volumes", "work")) {
		t.Errorf("%s, %q", o.Phase(), log)
	}
	if m := o.Text("status", "containerStatuses", "0", "state", "terminated", "message"); m != "end\n" {
		t.Errorf("%q", m)
	}
}

// What runs goes on without a kubelet and without an API server, and is told when they are back.
func TestPodsOutliveWhatTellsOfThem(t *testing.T) {
	c, n, k := shell(t)
	door := filepath.Join(t.TempDir(), "door")
	for _, name := range []string{"a", "b"} {
		k.do(201, "POST", pods, script(name, "while [ ! -e "+door+" ]; do sleep 0.01; done; exit 5"))
		awaitPod(t, c, name, "the pod to run", inPhase("Running"))
	}
	uid := c.Get("pods", "default", "a").UID()
	pid := n.PID(uid, "main")
	n.Stop()
	k.do(500, "GET", pods+"/a/log", "")
	c.Down()
	if err := os.WriteFile(door, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "the end of the process", func() bool { return syscall.Kill(pid, 0) != nil })
	n.Start()
	c.Up()
	for _, name := range []string{"a", "b"} {
		if o := awaitPod(t, c, name, "the end", ended); exitCode(o) != 5 {
			t.Error(o)
		}
	}
}

func TestNodesAreLostAndPodsEvicted(t *testing.T) {
	c, n, k := shell(t)
	k.do(201, "POST", pods, script("a", "sleep 1000", `,"finalizers":["kaon.dev/acknowledged"]`))
	uid := awaitPod(t, c, "a", "the pod to run", inPhase("Running")).UID()
	n.Lose()
	node := k.do(200, "GET", "/api/v1/nodes/n1", "")
	if node.Text("status", "conditions", "0", "status") != "Unknown" || len(items(node.Get("spec", "taints"))) != 2 {
		t.Error(node)
	}
	k.do(200, "DELETE", pods+"/a", "")
	n.Return()
	if o := awaitPod(t, c, "a", "the end", ended); o.Phase() != "Failed" || exitCode(o) != 143 || !o.Deleting() {
		t.Error(o)
	}
	k.do(200, "PATCH", pods+"/a", `{"metadata":{"finalizers":null}}`)
	awaitPod(t, c, "a", "it to be gone", gone)

	k.do(201, "POST", pods, script("b", "sleep 1000", `,"finalizers":["kaon.dev/acknowledged"]`))
	uid = awaitPod(t, c, "b", "the pod to run", inPhase("Running")).UID()
	n.Evict(uid, "The node was low on resource: memory.")
	if o := awaitPod(t, c, "b", "the end", ended); o.Text("status", "reason") != "Evicted" || o.Phase() != "Failed" {
		t.Error(o)
	}
	k.do(201, "POST", pods, script("c", "sleep 1000", `,"finalizers":["kaon.dev/acknowledged"]`))
	awaitPod(t, c, "c", "the pod to run", inPhase("Running"))
	n.Reboot()
	if o := awaitPod(t, c, "c", "the end", ended); exitCode(o) != 255 {
		t.Error(o)
	}
	k.do(201, "POST", pods, script("d", "sleep 1000", `,"finalizers":["kaon.dev/acknowledged"]`))
	awaitPod(t, c, "d", "the pod to run", inPhase("Running"))
	n.Remove()
	if o := c.Get("pods", "default", "d"); !o.Deleting() || o.Phase() != "Failed" {
		t.Error(o)
	}
}

func TestPodSecurity(t *testing.T) {
	c, _, k := shell(t)
	c.AddNamespace("tight", map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	o := k.do(403, "POST", "/api/v1/namespaces/tight/pods", script("p", "true"))
	for _, word := range []string{"allowPrivilegeEscalation", "capabilities", "runAsNonRoot", "seccompProfile"} {
		if !strings.Contains(o.Text("message"), word) {
			t.Errorf("%s: %s", word, o.Text("message"))
		}
	}
	k.do(201, "POST", "/api/v1/namespaces/tight/pods", script("p", "true", "",
		`,"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}}`,
		`,"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}`))
	testkit.Await(t, "it to run", func() bool { return c.Get("pods", "tight", "p").Phase() == "Succeeded" })
}
