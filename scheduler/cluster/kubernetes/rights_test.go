package kubernetes_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
)

// What an account may not do is known before a pod is refused: nothing of what deploy/ allows is missing, and what is taken from it is named.
func TestMissingRights(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "deploy", "kubernetes")
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	missing := func(rbac, namespace string) (needed, useful []string) {
		k := kubernetestest.New(t, kubernetestest.Options{})
		k.Apply([]byte(read("namespaces.yaml")))
		k.Apply([]byte(rbac))
		account := k.Kubeconfig(k.ServiceAccountToken("kaon", "kaon"), "kaon-trials")
		needed, useful, err := kubernetes.Missing(t.Context(), kubernetes.Config{Kubeconfig: account, Namespace: namespace})
		if err != nil {
			t.Fatal(err)
		}
		return needed, useful
	}
	rbac := read("rbac.yaml")
	if needed, useful := missing(rbac, ""); len(needed)+len(useful) > 0 {
		t.Errorf("by rbac.yaml there are missing %q and %q", needed, useful)
	}
	needed, useful := missing(strings.Replace(rbac, "[kube-system]", "[another]", 1), "")
	if len(needed) > 0 || !slices.Equal(useful, []string{"get namespaces kube-system"}) {
		t.Errorf("where clusters cannot be told apart there are missing %q and %q", needed, useful)
	}
	needed, useful = missing(rbac, "default")
	want := []string{
		"create, delete, get, list, patch, watch pods in the namespace default",
		"create, get pods/attach in the namespace default", "get pods/log in the namespace default",
	}
	if !slices.Equal(needed, want) || len(useful) != 2 || !strings.Contains(useful[1], "create, list events") {
		t.Errorf("elsewhere there are missing %q and %q", needed, useful)
	}
}
