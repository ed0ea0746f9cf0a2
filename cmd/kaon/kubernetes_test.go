package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// kubernetesEngine is a Kubernetes that kaon may use as deploy/kubernetes/rbac.yaml says, and what may happen to it.
type kubernetesEngine struct {
	address string
	pods    func() []string // names of kaon's
	faults  map[string]func()
	asked   func() []kubernetestest.Request // nil where that cannot be known
	inject  func(*kubernetestest.Fault) (remove func())
}

// onKubernetes runs a test on the Kubernetes in this process and, where `make test-kubernetes` has made one, on a real one.
func onKubernetes(t *testing.T, test func(t *testing.T, e kubernetesEngine)) {
	t.Run("inprocess", func(t *testing.T) {
		t.Parallel()
		test(t, inProcessKubernetes(t))
	})
	if kubeconfig := os.Getenv("KAON_KUBERNETES"); kubeconfig != "" {
		t.Run("real", func(t *testing.T) { test(t, realKubernetes(t, kubeconfig)) })
	}
}

func inProcessKubernetes(t *testing.T) kubernetesEngine {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := kubernetestest.New(t, kubernetestest.Options{Scheduler: true, Images: map[string]kubernetestest.Image{
		"trials:1": {User: 1000}, "kaon:1": {Files: map[string]string{"/kaon": self}, User: 1000},
	}})
	c.Apply([]byte(deployed(t, "kubernetes/namespaces.yaml")))
	c.Apply([]byte(deployed(t, "kubernetes/rbac.yaml")))
	for _, name := range []string{"n1", "n2"} {
		c.AddNode(kubernetestest.Node{Name: name, CPU: "2", Memory: "2Gi"})
	}
	kubeconfig := c.Kubeconfig(c.ServiceAccountToken("kaon", "kaon"), "kaon-trials")
	pods := func() (names []string) {
		for _, p := range c.List("pods", "kaon-trials") {
			names = append(names, p.Name())
		}
		return names
	}
	return kubernetesEngine{
		address: "kubernetes://?kubeconfig=" + kubeconfig + "&image=trials:1&kaon_image=kaon:1&service_account=kaon-trials", pods: pods, asked: c.Requests,
		inject: c.Inject,
		faults: map[string]func(){
			"the API server is killed": func() { c.Down(); c.Up() },
			"the kubelet is killed":    func() { k := c.Kubelet("n1"); k.Stop(); k.Start() },
			"watches end":              func() { c.EndWatches(); c.Compact() },
			"a pod is drained": func() {
				if all := pods(); len(all) > 0 {
					c.Disrupt("kaon-trials", all[0], "EvictionByEvictionAPI")
				}
			},
		},
	}
}

// realKubernetes is the one of .ci/kubernetes, whose daemons come up again when they are killed.
func realKubernetes(t *testing.T, kubeconfig string) kubernetesEngine {
	kubectl := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(os.Getenv("KAON_KUBERNETES_KUBECTL"), append([]string{"--kubeconfig", kubeconfig}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	for _, file := range []string{"namespaces.yaml", "rbac.yaml", "network.yaml"} {
		kubectl("apply", "-f", filepath.Join(top, "deploy", "kubernetes", file))
	}
	token := kubectl("create", "token", "kaon", "-n", "kaon", "--duration=2h")
	own := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(own, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %q}}]
users: [{name: test, user: {token: %q}}]
contexts: [{name: test, context: {cluster: test, user: test, namespace: kaon-trials}}]
current-context: test
`, kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"), base64.StdEncoding.EncodeToString([]byte(
		contentOf(t, kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.certificate-authority}")))), token), 0o600); err != nil {
		t.Fatal(err)
	}
	kill := func(daemon string) func() {
		return func() {
			pid, err := strconv.Atoi(contentOf(t, filepath.Join(os.Getenv("KAON_KUBERNETES_RUN"), daemon+".pid")))
			if err == nil {
				err = syscall.Kill(pid, syscall.SIGKILL)
			}
			if err != nil {
				t.Errorf("kill %s: %v", daemon, err)
			}
		}
	}
	pods := func() []string {
		out, err := exec.Command(os.Getenv("KAON_KUBERNETES_KUBECTL"), "--kubeconfig", kubeconfig, "-n", "kaon-trials", "get", "pods", "-o", "name").Output()
		if err != nil {
			return nil // it is away
		}
		return strings.Fields(string(out))
	}
	return kubernetesEngine{
		address: "kubernetes://?kubeconfig=" + own + "&image=" + os.Getenv("KAON_KUBERNETES_IMAGE") + "&kaon_image=" +
			os.Getenv("KAON_KUBERNETES_KAON_IMAGE") + "&service_account=kaon-trials", pods: pods,
		faults: map[string]func(){
			"the API server is killed": kill("apiserver"), "the kubelet is killed": kill("kubelet-1"),
			"a pod is drained": func() {
				if all := pods(); len(all) > 0 {
					_ = exec.Command(os.Getenv("KAON_KUBERNETES_KUBECTL"), "--kubeconfig", kubeconfig, "-n", "kaon-trials", "delete", "--wait=false", all[0]).Run()
				}
			},
		},
	}
}

func contentOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ranking is what `kaon trials --json` says of each trial's parameters and value.
func ranking(t *testing.T, r ran) (lines []string) {
	t.Helper()
	for line := range strings.Lines(r.stdout) {
		var one struct {
			Trial  int
			State  string
			Value  float64
			Params json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		lines = append(lines, fmt.Sprintf("%d %s %v %s", one.Trial, one.State, one.Value, one.Params))
	}
	return lines
}

// The same sweep has the same board on this machine and in pods, whoever binds them, with no right but those of the manifest, in a namespace held
// to PodSecurity's "restricted"; and none of those rights is for nothing.
func TestKubernetesBoardIsTheSame(t *testing.T) {
	onKubernetes(t, func(t *testing.T, e kubernetesEngine) {
		p := newPlace(t)
		p.examples()
		spec := strings.NewReplacer("method: tpe", "method: random", "run_cap: 240", "run_cap: 6", "epochs: {value: 30}", "epochs: {value: 2}",
			"../../bin/digits", "./digits", "  resources: {cpus: 1, memory: 64MB}", "  code: program\n  resources: {cpus: 1, memory: 64MB}").Replace(p.read("examples/digits/sweep.yaml"))
		if err := os.Rename(filepath.Join(p.dir, "bin"), filepath.Join(p.dir, "program")); err != nil {
			t.Fatal(err)
		}
		p.write("sweep.yaml", spec)
		boards := map[string][]string{}
		for where, place := range map[string]string{"here": "local", "pods": e.address, "scheduled": e.address + "&scheduler=kube"} {
			r := p.start("run", "sweep.yaml", "--json", "--results", where, "--cluster", place).within(3 * patience).ends(exitDone)
			got := contract(t, r)
			boards[where] = ranking(t, p.kaon("trials", got.Sweep, "--json", "--limit", "0", "--results", where).ends(exitDone))
		}
		for _, where := range []string{"pods", "scheduled"} {
			if len(boards["here"]) != 6 || !slices.Equal(boards["here"], boards[where]) {
				t.Errorf("here:\n%s\n%s:\n%s", strings.Join(boards["here"], "\n"), where, strings.Join(boards[where], "\n"))
			}
		}
		testkit.Await(t, "the pods to be gone", func() bool { return len(e.pods()) == 0 })
		if e.asked != nil {
			checkRights(t, e.asked())
		}
	})
}

// checkRights compares what was asked of the API server with what rbac.yaml allows: nothing was refused but the pods of other namespaces, and nothing that is
// allowed is never asked for.
func checkRights(t *testing.T, asked []kubernetestest.Request) {
	t.Helper()
	used := map[string]bool{}
	for _, q := range asked {
		resource := q.Resource
		if q.Subresource != "" {
			resource += "/" + q.Subresource
		}
		if q.Code == 403 && !(resource == "pods" && q.Verb == "list" && q.Namespace == "") {
			t.Errorf("refused: %+v", q)
		}
		used[q.Verb+" "+resource] = true
	}
	// What only happens when something breaks; server's and the driver's tests have it.
	for _, rare := range []string{"get pods", "get pods/log", "patch pods/resize", "create events", "list events"} {
		used[rare] = true
	}
	used["create pods/attach"] = used["get pods/attach"] // an API server asks for both
	for _, o := range manifests(t, "rbac.yaml") {
		for _, rule := range asList(o.Get("rules")) {
			for _, resource := range asList(rule.(map[string]any)["resources"]) {
				for _, verb := range asList(rule.(map[string]any)["verbs"]) {
					if !used[fmt.Sprint(verb, " ", resource)] {
						t.Errorf("%s %s may %v %v, and does not", o.Text("kind"), o.Name(), verb, resource)
					}
				}
			}
		}
	}
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

// Whoever is killed while a sweep runs, every trial ends with all its points, each once, and nothing is left in the cluster.
func TestKubernetesKilled(t *testing.T) {
	onKubernetes(t, func(t *testing.T, e kubernetesEngine) {
		const trials, points = 6, 60
		p := newPlace(t)
		p.write("sweep.yaml", fmt.Sprintf(`
name: killed
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [1, 2, 3, 4, 5, 6]}}
command: [/bin/sh, -c, 'i=0; while [ $i -lt %d ]; do i=$((i+1)); echo "{\"step\": $i, \"loss\": $0}"; sleep 0.05; done', '${param.x}']
task: {resources: {cpus: 0.5, memory: 32MB}}
`, points))
		x := p.start("run", "sweep.yaml", "--json", "--cluster", e.address)
		id := ""
		testkit.Await(t, "pods", func() bool {
			x.lives()
			if id == "" {
				if all, _ := os.ReadDir(filepath.Join(p.dir, "kaon-results", "sweeps")); len(all) == 1 {
					id = all[0].Name()
				}
				return false
			}
			return len(e.pods()) > 0 // asking kaon itself could take longer than its trials
		})
		for name, fault := range e.faults {
			t.Log(name)
			fault()
		}
		_ = x.cmd.Process.Kill()
		<-x.ended
		p.start("run", "--resume", id, "--json", "--cluster", e.address).within(3 * patience).ends(exitDone)
		b, err := dir.Open(filepath.Join(p.dir, "kaon-results"))
		if err != nil {
			t.Fatal(err)
		}
		all, damage, err := store.LoadRecords(t.Context(), b, board.Config{Sweep: id})
		if err != nil || len(damage) > 0 {
			t.Fatal(damage, err)
		}
		for i := range trials {
			one, ok := all.Trial(i)
			if !ok {
				t.Errorf("there is no trial %d", i)
				continue
			}
			last := one.Attempts[len(one.Attempts)-1]
			if last.Known != points || last.Missing != 0 {
				t.Errorf("trial %d has %d points in its last attempt, %d missing, want %d", i, last.Known, last.Missing, points)
			}
		}
		testkit.Await(t, "the pods to be gone", func() bool { return len(e.pods()) == 0 })
	})
}
