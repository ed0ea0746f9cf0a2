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
	k := kubernetestest.New(t, kubernetestest.Options{})
	apply := func(text string) { k.Apply([]byte(text)) }
	folder := filepath.Join("..", "..", "..", "deploy", "kubernetes")
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	apply(read("namespaces.yaml"))
	apply(read("rbac.yaml"))
	conf := kubernetes.Config{Kubeconfig: k.Kubeconfig(k.ServiceAccountToken("kaon", "kaon"), "kaon-trials")}
	needed, useful, err := kubernetes.Missing(t.Context(), conf)
	if err != nil || len(needed)+len(useful) > 0 {
		t.Fatalf("by rbac.yaml there are missing %q and %q, %v", needed, useful, err)
	}
	conf.Namespace = "default"
	needed, useful, err = kubernetes.Missing(t.Context(), conf)
	want := []string{
		"create, delete, get, list, patch, watch pods in the namespace default",
		"create, get pods/attach in the namespace default", "get pods/log in the namespace default",
	}
	if err != nil || !slices.Equal(needed, want) || len(useful) != 2 || !strings.Contains(useful[1], "create, list events") {
		t.Fatalf("elsewhere there are missing %q and %q, %v", needed, useful, err)
	}
}
