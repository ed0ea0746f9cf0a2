package embedded_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker/dockertest"
)

// recordedImages builds what the recordings of images name, and gives what stands for it: the image, the
// executor that is fetched into it, and an image that its registry does not have.
func recordedImages(t *testing.T, held *gates) *strings.Replacer {
	t.Helper()
	dockertest.Engine(t)
	folder := filepath.Join(t.TempDir(), strings.ReplaceAll(t.Name(), "/", "-"))
	if err := os.CopyFS(folder, os.DirFS("testdata/hello")); err != nil {
		t.Fatal(err)
	}
	executor := filepath.Join(t.TempDir(), "capexec")
	dockertest.Program(t, "./testdata/hello", executor)
	if err := os.Link(executor, filepath.Join(folder, "hello")); err != nil {
		t.Fatal(err)
	}
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held.await("dk2") // the recording shows what is offered meanwhile
		http.NotFound(w, r)
	}))
	t.Cleanup(registry.Close)
	return strings.NewReplacer(
		`"hello:1"`, `"`+dockertest.Build(t, folder)+`"`,
		`"no-such-image:1"`, `"`+strings.TrimPrefix(registry.URL, "http://")+`/no-such-image:1"`,
		`"value":"/usr/local/bin/capexec"`, `"value":"`+executor+`"`,
	)
}

// sameInspection compares what Mesos's Docker executor says of a container in its first update: the fields
// that the call decides.
func sameInspection(want, got string) bool {
	w, g := inspection(want), inspection(got)
	return w != nil && reflect.DeepEqual(w, g)
}

func inspection(text string) map[string]any {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !bytes.HasPrefix(data, []byte("[\n    {")) {
		return nil
	}
	var list []struct {
		Path       string
		Args       []string
		HostConfig struct {
			NetworkMode       string
			CpuShares, Memory int64
		}
		Mounts []struct{ Destination string }
		Config struct{ Cmd, Entrypoint []string }
	}
	if json.Unmarshal(data, &list) != nil || len(list) != 1 {
		return nil
	}
	one := list[0]
	return map[string]any{"path": one.Path, "args": one.Args, "host": one.HostConfig, "mounts": one.Mounts,
		"config": one.Config}
}
