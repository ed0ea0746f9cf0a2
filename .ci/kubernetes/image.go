package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"runtime"
	"strings"
)

const (
	pauseImage = "localhost/kaon-pause:1"
	shellImage = "localhost/kaon-shell:1"
	kaonImage  = "localhost/kaon:1"
)

// applets are what the image with a shell has of busybox.
const applets = "sh cat head tail gzip sleep echo printf true false ls mkdir rm cp mv chmod touch env id date " +
	"seq wc kill ps awk sed grep test expr dd hostname"

// images writes the images of nodes and tests as archives, which containerd imports.
func (w *world) images(ctx context.Context) (files []string, err error) {
	pause, kaon := w.path("pause"), w.path("kaon")
	for out, pkg := range map[string]string{pause: "./.ci/kubernetes/pause", kaon: "./cmd/kaon"} {
		c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, pkg)
		c.Stderr, c.Env = os.Stderr, append(os.Environ(), "CGO_ENABLED=0")
		if err := c.Run(); err != nil {
			return nil, fmt.Errorf("build %s: %w", pkg, err)
		}
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return nil, err
	}
	links := map[string]string{}
	for name := range strings.FieldsSeq(applets) {
		links["bin/"+name] = "/bin/busybox"
	}
	for _, one := range []struct {
		name, entry string
		files       map[string]string
		links       map[string]string
	}{
		{pauseImage, "/pause", map[string]string{"pause": pause}, nil},
		{shellImage, "/bin/sh", map[string]string{"bin/busybox": busybox}, links},
		{kaonImage, "/kaon", map[string]string{"kaon": kaon}, nil},
	} {
		file := w.path(path.Base(strings.TrimSuffix(one.name, ":1")) + ".tar")
		if err := writeImage(file, one.name, one.entry, one.files, one.links); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// writeImage writes an image of one layer as `docker save` does.
func writeImage(file, name, entry string, files, links map[string]string) error {
	var layer bytes.Buffer
	t := tar.NewWriter(&layer)
	for _, folder := range []string{"bin/", "tmp/", "etc/", "dev/", "proc/", "sys/"} {
		mode := int64(0o755)
		if folder == "tmp/" {
			mode = 0o1777
		}
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: mode}); err != nil {
			return err
		}
	}
	for at, from := range files {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: at, Mode: 0o755, Size: int64(len(data))}); err != nil {
			return err
		}
		if _, err := t.Write(data); err != nil {
			return err
		}
	}
	for at, to := range links {
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: at, Linkname: to}); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config":  map[string]any{"Entrypoint": []string{entry}, "Env": []string{"PATH=/bin"}},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(layer.Bytes())}},
		"history": []any{map[string]any{}},
	})
	if err != nil {
		return err
	}
	configName, layerName := digest(config)+".json", digest(layer.Bytes())+"/layer.tar"
	manifest, err := json.Marshal([]any{map[string]any{"Config": configName, "RepoTags": []string{name},
		"Layers": []string{layerName}}})
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	t = tar.NewWriter(out)
	for _, one := range []struct {
		name string
		data []byte
	}{{configName, config}, {layerName, layer.Bytes()}, {"manifest.json", manifest}} {
		if err := t.WriteHeader(&tar.Header{Name: one.name, Mode: 0o644, Size: int64(len(one.data))}); err != nil {
			return err
		}
		if _, err := t.Write(one.data); err != nil {
			return err
		}
	}
	return t.Close()
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
