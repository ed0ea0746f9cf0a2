package dockertest

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
)

// Engine is this machine's engine.
func Engine(t testing.TB) *docker.Engine {
	t.Helper()
	e, err := docker.Open(context.Background())
	if err != nil {
		if os.Getenv("KAON_TEST_STRICT") == "1" {
			t.Fatalf("a whole run needs a Docker engine: %v", err)
		}
		t.Skipf("needs a Docker engine: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// Build builds an image of the files in a folder, a Dockerfile among them, under a name of the test's own,
// and takes it away at the test's end.
func Build(t testing.TB, folder string) (name string) {
	t.Helper()
	Engine(t)
	c, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	name = strings.ToLower(fmt.Sprintf("kaon-test/%s:%d", filepath.Base(folder), os.Getpid()))
	r, err := c.ImageBuild(t.Context(), pack(t, folder), client.ImageBuildOptions{Tags: []string{name},
		Remove: true, ForceRemove: true})
	if err != nil {
		t.Fatalf("build image of %s: %v", folder, err)
	}
	said, err := io.ReadAll(r.Body)
	if err != nil || bytes.Contains(said, []byte(`"errorDetail"`)) {
		t.Fatalf("build image of %s: %v\n%s", folder, err, said)
	}
	t.Cleanup(func() {
		if _, err := c.ImageRemove(context.Background(), name, client.ImageRemoveOptions{Force: true}); err != nil {
			t.Errorf("remove image %s: %v", name, err)
		}
		_ = c.Close()
	})
	return name
}

func pack(t testing.TB, folder string) io.Reader {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.AddFS(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

// Program builds a Go package without C, so that it runs in an image from scratch, into a folder.
func Program(t testing.TB, source, target string) {
	t.Helper()
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", target, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", source, err, out)
	}
}
