package kubernetes

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]Config{
		"kubernetes":    {},
		"kubernetes://": {},
		"kubernetes://arn%3Aaws%3Aeks%2Fme?rate=2.5": {Context: "arn:aws:eks/me", Rate: 2.5},
		"kubernetes://kind-kind?namespace=trials&nodes=pool%3Dgpu&image=python:3.13-slim&pull_secret=a&pull_secret=b&tolerate=gpu:NoSchedule": {
			Context: "kind-kind", Namespace: "trials", Nodes: "pool=gpu", Image: "python:3.13-slim", PullSecrets: []string{"a", "b"},
			Tolerate: []string{"gpu:NoSchedule"},
		},
		"kubernetes://?scheduler=kube&label=kueue.x-k8s.io/queue-name=team": {
			Scheduler: KubeScheduler, Labels: map[string]string{"kueue.x-k8s.io/queue-name": "team"},
		},
		"kubernetes://?gpu=nvidia.com/mig-1g.5gb": {GPU: "nvidia.com/mig-1g.5gb"},
		"kubernetes://?limits=requests&annotation=example.com/note=a%20b%3Dc&annotation=x=": {
			Limits: LimitsRequests, Annotations: map[string]string{"example.com/note": "a b=c", "x": ""},
		},
		"kubernetes://?root&user=0&label=team=a": {Root: true, User: "0", Labels: map[string]string{"team": "a"}},
	} {
		if got, err := ParseAddress(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"kubernetesx":                              "want kubernetes",
		"kubernetes:/x":                            "want kubernetes",
		"kubernetes://x?colour=y":                  `unknown option "colour": the options are annotation, executor, gpu, image,`,
		"kubernetes://x?name_space=y":              `unknown option "name_space": did you mean namespace?`,
		"kubernetes://x?image=a&image=b":           `option image is said twice, with "a" and "b"`,
		"kubernetes://x?limits=cpu":                "want requests, for limits of memory and CPUs, or memory",
		"kubernetes://x?namespace=My_Trials":       "want a name as objects",
		"kubernetes://x?pull_secret=a%20b":         "want a name as objects",
		"kubernetes://x?tolerate=gpu:noschedule":   `there is no effect "noschedule": want NoSchedule, NoExecute, PreferNoSchedule`,
		"kubernetes://x?tolerate=a%20b":            "want a taint",
		"kubernetes://x?label=a=b%20c":             "values of labels have at most 63",
		"kubernetes://x?annotation=kaon.dev/hash=": "not kaon's",
		"kubernetes://x?annotation=a%20b=c":        "want KEY=VALUE",
		"kubernetes://x?gpu=nvidia":                "want a domain",
		"kubernetes://x?rate=0":                    "want pods a second",
		"kubernetes://x?user=me":                   "a user is a number",
		"kubernetes://x?executor=kaon":             "absolute path",
		"kubernetes://x?label=kaon.dev/owner=":     "not kaon's",
		"kubernetes://x?scheduler=":                "schedulerName",
		"kubernetes://x?scheduler=a%20b":           "schedulerName",

		"kubernetes://x?label=kueue.x-k8s.io/queue-name=team": "add scheduler=kube",
	} {
		if _, err := ParseAddress(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// kubectl's rules: the first file that says something counts, and paths are relative to the file.
func TestFindAccount(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("KUBECONFIG", "")
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		return file
	}
	if _, err := FindAccount("", ""); err == nil || !strings.Contains(err.Error(), "there is no kubeconfig at "+dir) {
		t.Errorf("nothing: %v", err)
	}
	write("ca.pem", "roots")
	write("sub/token", " secret\n")
	one := write("config", `
current-context: a
contexts:
- {name: a, context: {cluster: c, user: u, namespace: trials}}
- {name: lost, context: {cluster: none, user: u}}
clusters:
- {name: c, cluster: {server: "https://one:6443/", certificate-authority: ca.pem, tls-server-name: kube}}
users:
- {name: u, user: {tokenFile: sub/token}}
`)
	write("plugin", `#!/bin/sh
[ -n "$KUBERNETES_EXEC_INFO" ] && echo '{"status": {"token": "'$WHO$1'"}}'
`)
	two := write("other/config", fmt.Sprintf(`
current-context: b
contexts: [{name: b, context: {cluster: c2, user: p}}, {name: cert, context: {cluster: c2, user: k}}]
clusters: [{name: c2, cluster: {server: "https://two", insecure-skip-tls-verify: true, certificate-authority-data: %s}}]
users:
- name: p
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ../plugin, args: [me], env: [{name: WHO, value: its}], installHint: get it}}
- name: k
  user: {client-certificate-data: %[1]s, client-key-data: %[1]s}
`, base64.StdEncoding.EncodeToString([]byte("data"))))
	t.Setenv("KUBECONFIG", one+string(os.PathListSeparator)+two)
	a, err := FindAccount("", "")
	if err != nil || a.Server != "https://one:6443" || string(a.CA) != "roots" || a.Namespace != "trials" || a.ServerName != "kube" || a.Context != "a" {
		t.Fatalf("%+v, %v", a, err)
	}
	if token, err := a.bearer(t.Context(), false); token != "secret" || err != nil {
		t.Errorf("token %q, %v", token, err)
	}
	write("sub/token", "renewed")
	if token, _ := a.bearer(t.Context(), false); token != "secret" {
		t.Errorf("token %q is read at every call", token)
	}
	if token, _ := a.bearer(t.Context(), true); token != "renewed" {
		t.Errorf("token %q after a refusal", token)
	}
	b, err := FindAccount("", "b")
	if err != nil || !b.Insecure || string(b.CA) != "data" || b.Namespace != "default" {
		t.Fatalf("%+v, %v", b, err)
	}
	if token, err := b.bearer(t.Context(), false); token != "itsme" || err != nil {
		t.Errorf("token %q of a plugin, %v", token, err)
	}
	if c, err := FindAccount("", "cert"); err != nil || string(c.Cert) != "data" || string(c.Key) != "data" {
		t.Errorf("%+v, %v", c, err)
	}
	for context, want := range map[string]string{"x": `no context "x": it has a, lost, b, cert`, "lost": `no cluster "none"`} {
		if _, err := FindAccount("", context); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", context, err)
		}
	}
	if _, err := FindAccount(write("bad", "contexts: [{name"), ""); err == nil || !strings.Contains(err.Error(), "bad") {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

// A pod's own account has its token in a file, and no kubeconfig.
func TestPodAccount(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"ca.crt": "roots", "namespace": "mine\n", "token": "t1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := podAccount("fd00::1", "6443", dir)
	if err != nil || a.Server != "https://[fd00::1]:6443" || a.Namespace != "mine" || string(a.CA) != "roots" {
		t.Fatalf("%+v, %v", a, err)
	}
	if token, err := a.bearer(t.Context(), false); token != "t1" || err != nil {
		t.Errorf("%q, %v", token, err)
	}
	if _, err := podAccount("h", "", filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "automountServiceAccountToken") {
		t.Errorf("%v", err)
	}
}

// A token goes to the API server alone, whatever that answers, and one that is refused is asked for anew, once.
func TestTokenGoesNowhereElse(t *testing.T) {
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		elsewhere = append(elsewhere, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"kind":"Status","message":"who are you","reason":"Unauthorized"}`)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	api, err := NewAPI(&Account{Server: server.URL, tokenFile: file})
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	if err := api.call(t.Context(), http.MethodGet, "/moved", nil, nil, nil); code(err) != http.StatusTemporaryRedirect {
		t.Errorf("a redirect: %v", err)
	}
	if len(elsewhere) > 0 {
		t.Errorf("the other server was asked with %q", elsewhere)
	}
	calls = 0
	if err := api.call(t.Context(), http.MethodGet, "/x", nil, nil, nil); err == nil || err.Error() != "who are you" || calls != 2 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestQuantities(t *testing.T) {
	for text, want := range map[quantity]float64{"250m": 0.25, "1.5": 1.5, "2": 2, "64Mi": 64 << 20, "1e3": 1000, "128974848": 128974848,
		"1G": 1e9, "": 0, "x": 0, "5Q": 0, "NaN": 0} {
		if got := text.value(); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
	if milliCPU(0.11) != "110m" || milliCPU(0.0101) != "11m" || mebi(32.5) != "33Mi" {
		t.Error(milliCPU(0.11), milliCPU(0.0101), mebi(32.5))
	}
}

// What a pod counts for: its containers together, or an init container that needs more, those that stay beside, and overhead.
func TestRequests(t *testing.T) {
	c := func(cpu, policy string) podContainer {
		return podContainer{RestartPolicy: policy, Resources: resourceRequests{Requests: amounts{cpuName: quantity(cpu)}}}
	}
	p := pod{Spec: podSpec{Containers: []podContainer{c("1", ""), c("500m", "")}, Overhead: amounts{cpuName: "100m"}}}
	for _, x := range []struct {
		init []podContainer
		want float64
	}{{nil, 1.6}, {[]podContainer{c("1", "")}, 1.6}, {[]podContainer{c("3", "")}, 3.1}, {[]podContainer{c("1", "Always"), c("2", "")}, 3.1}} {
		p.Spec.InitContainers = x.init
		if got := p.requests()[cpuName]; got < x.want-1e-9 || got > x.want+1e-9 {
			t.Errorf("%v: %v, want %v", x.init, got, x.want)
		}
	}
	p.Spec.Resources = &resourceRequests{Requests: amounts{cpuName: "5"}}
	if got := p.requests()[cpuName]; got != 5.1 {
		t.Errorf("of the whole pod: %v", got)
	}
}

// Not every namespace enforces "restricted": folders of a node, and root as user or group, are for addresses that say root.
func TestRootIsRefused(t *testing.T) {
	rw := mesos.RW
	for _, x := range []struct {
		user, host, want string
		root             bool
	}{
		{"65532:0", "", "root=true", false},
		{"0:5", "", "root=true", false},
		{"0", "", "", true},
		{"5", "/var/run", `volume "/var/run"`, false},
		{"5", "/pvc/../etc", "/pvc/NAME", false},
		{"5", "/etc", "", true},
		{"5", "/pvc/data", "", false},
	} {
		c := &Cluster{conf: Config{Image: "i", Executor: "/kaon", User: x.user, Root: x.root}}
		e := &protocol.StartExecutor{Container: "c"}
		e.Framework.ID, e.Executor.Command = &mesos.FrameworkID{Value: "f"}, &mesos.CommandInfo{}
		if x.host != "" {
			e.Executor.Container = &mesos.ContainerInfo{Volumes: []mesos.Volume{{HostPath: &x.host, ContainerPath: "/x", Mode: &rw}}}
		}
		_, err := c.podOf(&node{cluster: c, name: "n"}, e, protocol.Limits{}, 0)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%+v: %v", x, err)
		}
	}
	if err := (&Config{Folder: "f", User: "0"}).complete(); err == nil || !strings.Contains(err.Error(), "root=true") {
		t.Errorf("the address's user: %v", err)
	}
}
