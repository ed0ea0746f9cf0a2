package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
)

// manifestKeys are the fields that manifests of deploy/kubernetes have, by kind, as Kubernetes v1.37 knows them: paths without indexes. What ends in /
// stands for a map of names of one's own.
var manifestKeys = map[string]string{
	"Namespace":      "",
	"ServiceAccount": "automountServiceAccountToken",
	"Role":           "rules.apiGroups rules.resources rules.verbs",
	"ClusterRole":    "rules.apiGroups rules.resources rules.resourceNames rules.verbs",
	"RoleBinding": `roleRef.apiGroup roleRef.kind roleRef.name
		subjects.kind subjects.name subjects.namespace`,
	"ClusterRoleBinding": `roleRef.apiGroup roleRef.kind roleRef.name
		subjects.kind subjects.name subjects.namespace`,
	"NetworkPolicy": `spec.podSelector spec.policyTypes
		spec.egress.to.ipBlock.cidr spec.egress.to.ipBlock.except spec.egress.to.namespaceSelector.matchLabels/
		spec.egress.ports.protocol spec.egress.ports.port
		spec.ingress.from.namespaceSelector spec.ingress.from.namespaceSelector.matchLabels/
		spec.ingress.ports.protocol spec.ingress.ports.port`,
	"PersistentVolumeClaim": "spec.accessModes spec.resources.requests/",
	"Service":               "spec.selector/ spec.ports.name spec.ports.port spec.ports.targetPort",
	"Deployment": `spec.replicas spec.strategy.type spec.selector.matchLabels/ spec.template.metadata.labels/
		spec.template.spec.serviceAccountName spec.template.spec.automountServiceAccountToken
		spec.template.spec.terminationGracePeriodSeconds
		spec.template.spec.securityContext.runAsNonRoot spec.template.spec.securityContext.runAsUser
		spec.template.spec.securityContext.runAsGroup spec.template.spec.securityContext.fsGroup
		spec.template.spec.securityContext.fsGroupChangePolicy spec.template.spec.securityContext.seccompProfile.type
		spec.template.spec.containers.name spec.template.spec.containers.image spec.template.spec.containers.args
		spec.template.spec.containers.env.name
		spec.template.spec.containers.env.valueFrom.secretKeyRef.name spec.template.spec.containers.env.valueFrom.secretKeyRef.key
		spec.template.spec.containers.ports.name spec.template.spec.containers.ports.containerPort
		spec.template.spec.containers.startupProbe.httpGet.path spec.template.spec.containers.startupProbe.httpGet.port
		spec.template.spec.containers.startupProbe.httpGet.scheme spec.template.spec.containers.startupProbe.periodSeconds
		spec.template.spec.containers.startupProbe.failureThreshold
		spec.template.spec.containers.livenessProbe.httpGet.path spec.template.spec.containers.livenessProbe.httpGet.port
		spec.template.spec.containers.livenessProbe.httpGet.scheme spec.template.spec.containers.livenessProbe.periodSeconds
		spec.template.spec.containers.livenessProbe.timeoutSeconds spec.template.spec.containers.livenessProbe.failureThreshold
		spec.template.spec.containers.readinessProbe.httpGet.path spec.template.spec.containers.readinessProbe.httpGet.port
		spec.template.spec.containers.readinessProbe.httpGet.scheme spec.template.spec.containers.readinessProbe.periodSeconds
		spec.template.spec.containers.readinessProbe.timeoutSeconds
		spec.template.spec.containers.resources.requests/ spec.template.spec.containers.resources.limits/
		spec.template.spec.containers.securityContext.allowPrivilegeEscalation
		spec.template.spec.containers.securityContext.readOnlyRootFilesystem
		spec.template.spec.containers.securityContext.capabilities.drop
		spec.template.spec.containers.volumeMounts.name spec.template.spec.containers.volumeMounts.mountPath
		spec.template.spec.containers.volumeMounts.readOnly
		spec.template.spec.volumes.name spec.template.spec.volumes.persistentVolumeClaim.claimName
		spec.template.spec.volumes.emptyDir.sizeLimit spec.template.spec.volumes.secret.secretName
		spec.template.spec.volumes.secret.defaultMode`,
}

const commonKeys = "kind apiVersion metadata.name metadata.namespace metadata.labels/"

// manifests are the objects of a file of deploy/kubernetes.
func manifests(t *testing.T, file string) []kubernetestest.Object {
	t.Helper()
	all, err := kubernetestest.ReadManifests([]byte(deployed(t, "kubernetes/"+file)))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return all
}

// manifestFiles are those of the folder but kustomize's own.
func manifestFiles(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(top, "deploy", "kubernetes", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if name := filepath.Base(f); name != "kustomization.yaml" {
			names = append(names, name)
		}
	}
	return names
}

// leaves are the paths of the values below v.
func leaves(v any, path string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			out[path] = true
		}
		for key, value := range v {
			leaves(value, strings.TrimPrefix(path+"."+key, "."), out)
		}
	case []any:
		for _, value := range v {
			leaves(value, path, out)
		}
	default:
		out[path] = true
	}
}

func TestDeployKubernetesFields(t *testing.T) {
	for _, file := range manifestFiles(t) {
		for _, o := range manifests(t, file) {
			known, there := manifestKeys[o.Text("kind")]
			if !there {
				t.Errorf("%s: kind %q", file, o.Text("kind"))
			}
			fields := strings.Fields(commonKeys + " " + known)
			found := map[string]bool{}
			leaves(map[string]any(o), "", found)
			for path := range found {
				if !slices.ContainsFunc(fields, func(f string) bool {
					own, named := strings.CutSuffix(f, "/")
					return f == path || named && strings.HasPrefix(path, own+".")
				}) {
					t.Errorf("%s: %s %s has %s", file, o.Text("kind"), o.Name(), path)
				}
			}
		}
	}
}

// What the file for kubectl apply -k names is there, and all but what it says it leaves out.
func TestDeployKubernetesKustomization(t *testing.T) {
	var k struct{ Resources []string }
	if err := yaml.Unmarshal([]byte(deployed(t, "kubernetes/kustomization.yaml")), &k); err != nil {
		t.Fatal(err)
	}
	for _, name := range manifestFiles(t) {
		if slices.Contains(k.Resources, name) == (name == "rbac-all-pods.yaml") {
			t.Errorf("%s: resources %v", name, k.Resources)
		}
	}
	for _, name := range k.Resources {
		if _, err := os.Stat(filepath.Join(top, "deploy", "kubernetes", name)); err != nil {
			t.Error(err)
		}
	}
}

// An API server takes all of it, and the server's pod in a namespace held to "restricted".
func TestDeployKubernetesServer(t *testing.T) {
	c := kubernetestest.New(t, kubernetestest.Options{})
	for _, file := range manifestFiles(t) {
		c.Apply([]byte(deployed(t, "kubernetes/"+file)))
	}
	for _, name := range []string{"kaon", "kaon-trials"} {
		if level := c.Get("namespaces", "", name).Labels()["pod-security.kubernetes.io/enforce"]; level != "restricted" {
			t.Errorf("namespace %s: %q", name, level)
		}
	}
	d := c.Get("deployments", "kaon", "kaon")
	template := kubernetestest.Object(d.Get("spec", "template").(map[string]any))
	if wrong := kubernetestest.Restricted(template); wrong != nil {
		t.Error(wrong)
	}
	if d.Text("spec", "strategy", "type") != "Recreate" || fmt.Sprint(d.Get("spec", "replicas")) != "1" ||
		c.Get("persistentvolumeclaims", "kaon", "kaon-state").Text("spec", "accessModes", "0") != "ReadWriteOncePod" {
		t.Error("there may be two servers on one journal")
	}
	var pod struct {
		ServiceAccountName string
		Grace              float64 `json:"terminationGracePeriodSeconds"`
		SecurityContext    struct{ RunAsUser int }
		Containers         []struct {
			Args  []string
			Image string
			Env   []struct {
				Name      string
				ValueFrom struct{ SecretKeyRef struct{ Name, Key string } }
			}
			Ports []struct {
				Name          string
				ContainerPort int
			}
			SecurityContext                             struct{ ReadOnlyRootFilesystem bool }
			StartupProbe, LivenessProbe, ReadinessProbe struct {
				HTTPGet struct{ Path, Port, Scheme string }
			}
			VolumeMounts []struct{ Name, MountPath string }
		}
		Volumes []struct {
			Name                  string
			PersistentVolumeClaim struct{ ClaimName string }
		}
	}
	text, _ := json.Marshal(template["spec"])
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&pod); err != nil {
		t.Fatal(err)
	}
	one := pod.Containers[0]
	if user := instruction(t, "USER"); user != fmt.Sprintf("%d:%d", pod.SecurityContext.RunAsUser, pod.SecurityContext.RunAsUser) {
		t.Errorf("the image's user is %s, the pod's %d", user, pod.SecurityContext.RunAsUser)
	}
	if !one.SecurityContext.ReadOnlyRootFilesystem || pod.Grace <= closePatience.Seconds() {
		t.Errorf("%+v", pod)
	}
	if c.Get("serviceaccounts", "kaon", pod.ServiceAccountName) == nil {
		t.Errorf("service account %s is not there", pod.ServiceAccountName)
	}
	serve := parsed(t, one.Args).Serve
	if serve.Plain || serve.TLSCert == "" || serve.MetricsAuth != "" {
		t.Error("the network may read tokens or metrics")
	}
	for i, at := range []string{serve.Listen[0], serve.Metrics} {
		if !strings.HasSuffix(at, fmt.Sprintf(":%d", one.Ports[i].ContainerPort)) {
			t.Errorf("%s is no port of %+v", at, one.Ports)
		}
	}
	for path, probe := range map[string]struct{ Path, Port, Scheme string }{
		"/readyz": one.ReadinessProbe.HTTPGet, "/healthz": one.LivenessProbe.HTTPGet, "/healthz ": one.StartupProbe.HTTPGet,
	} {
		if probe.Path != strings.TrimSpace(path) || probe.Port != one.Ports[0].Name || probe.Scheme != "HTTPS" {
			t.Errorf("%+v", probe)
		}
	}
	mounted := func(file string) bool {
		return slices.ContainsFunc(one.VolumeMounts, func(m struct{ Name, MountPath string }) bool { return strings.HasPrefix(file, m.MountPath+"/") })
	}
	for _, file := range []string{serve.State, serve.TLSCert, serve.TLSKey, "/tmp/x"} {
		if !mounted(file) {
			t.Errorf("%s is on the image's own, read-only file system", file)
		}
	}
	if !strings.HasPrefix(serve.Results, "s3://") {
		t.Errorf("results in %s", serve.Results)
	}
	named := regexp.MustCompile(`three secrets in namespace kaon: (.*)\.\n`).FindStringSubmatch(deployed(t, "kubernetes/server.yaml"))[1]
	for _, e := range one.Env {
		if ref := e.ValueFrom.SecretKeyRef; ref.Name == "" || !strings.Contains(named, ref.Name) {
			t.Errorf("%s: %+v is not among %s", e.Name, ref, named)
		}
	}
	service := c.Get("services", "kaon", "kaon")
	for key, value := range service.Get("spec", "selector").(map[string]any) {
		if template.Labels()[key] != value {
			t.Errorf("the service selects %s=%v", key, value)
		}
	}
}
