package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	kubernetesVersion = "v1.37.2"
	etcdVersion       = "v3.7.3"
)

// programsOf are the commands of Kubernetes's module that a cluster needs, those that are quick to build first.
var programsOf = []string{"kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler", "kubelet"}

// buildAll builds what is not yet in a folder.
func buildAll(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	work := filepath.Join(folder, "build")
	built := false
	etcd := filepath.Join(folder, "etcd")
	if !exists(etcd) {
		built = true
		say("building etcd %s", etcdVersion)
		module := "module build\n\ngo 1.26.0\n\nrequire go.etcd.io/etcd/server/v3 " + etcdVersion +
			"\n\ntool go.etcd.io/etcd/server/v3\n"
		at, err := writeModule(filepath.Join(work, "etcd"), module, "")
		if err != nil {
			return err
		}
		if err := compile(ctx, work, at, "go.etcd.io/etcd/server/v3", etcd, ""); err != nil {
			return err
		}
	}
	at := ""
	for _, name := range programsOf {
		out := filepath.Join(folder, name)
		if exists(out) {
			continue
		}
		if !built {
			built = true
		}
		if at == "" {
			say("building Kubernetes %s: ten minutes on two idle cores, once", kubernetesVersion)
			module, sums, err := kubernetesModule(ctx)
			if err != nil {
				return err
			}
			if at, err = writeModule(filepath.Join(work, "kubernetes"), module, sums); err != nil {
				return err
			}
		}
		begun := time.Now()
		const version = "k8s.io/component-base/version"
		_, minor, _ := strings.Cut(strings.TrimPrefix(kubernetesVersion, "v"), ".")
		minor, _, _ = strings.Cut(minor, ".")
		flags := fmt.Sprintf("-X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=1 -X %[1]s.gitMinor=%[3]s -X "+
			"%[1]s.gitTreeState=clean", version, kubernetesVersion, minor)
		if err := compile(ctx, work, at, "k8s.io/kubernetes/cmd/"+name, out, flags); err != nil {
			return err
		}
		say("  %s in %v", name, time.Since(begun).Round(time.Second))
	}
	if built { // gigabytes that are good for nothing more
		return os.RemoveAll(work)
	}
	return nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func writeModule(folder, module, sums string) (string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(folder, "go.sum"), []byte(sums), 0o644); err != nil {
		return "", err
	}
	return folder, os.WriteFile(filepath.Join(folder, "go.mod"), []byte(module), 0o644)
}

// compile builds a package as seen by a module into a file. Its cache is its own, so that it can be thrown away.
func compile(ctx context.Context, work, module, pkg, out, flags string) error {
	c := exec.CommandContext(ctx, "nice", "-n", "10", "go", "build", "-mod=mod", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w "+flags, "-o", out+".new", pkg)
	c.Dir, c.Stdout, c.Stderr = module, os.Stderr, os.Stderr
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOCACHE="+filepath.Join(work, "cache"))
	if err := c.Run(); err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return os.Rename(out+".new", out)
}

// kubernetesModule is a go.mod by which Kubernetes's commands build from the module proxy: its own names the modules of
// its repository by folders, which the proxy has as modules of the matching version.
func kubernetesModule(ctx context.Context) (module, sums string, err error) {
	var at struct{ Dir string }
	if err := goJSON(ctx, &at, "mod", "download", "-json", "k8s.io/kubernetes@"+kubernetesVersion); err != nil {
		return "", "", err
	}
	type path struct{ Path, Version string }
	var own struct {
		Go      string
		Godebug []struct{ Key, Value string }
		Require []path
		Replace []struct{ Old, New path }
	}
	if err := goJSON(ctx, &own, "mod", "edit", "-json", filepath.Join(at.Dir, "go.mod")); err != nil {
		return "", "", err
	}
	staging := "v0." + strings.TrimPrefix(kubernetesVersion, "v1.")
	local := map[string]bool{}
	var b bytes.Buffer
	fmt.Fprintf(&b, "module build\n\ngo %s\n\n", own.Go)
	for _, g := range own.Godebug {
		fmt.Fprintf(&b, "godebug %s=%s\n", g.Key, g.Value)
	}
	for _, r := range own.Replace {
		if strings.HasPrefix(r.New.Path, "./staging/") {
			local[r.Old.Path] = true
			fmt.Fprintf(&b, "replace %s => %s %s\n", r.Old.Path, r.Old.Path, staging)
		} else {
			fmt.Fprintf(&b, "replace %s => %s %s\n", r.Old.Path, r.New.Path, r.New.Version)
		}
	}
	fmt.Fprintf(&b, "require k8s.io/kubernetes %s\n", kubernetesVersion)
	for _, r := range own.Require {
		if local[r.Path] {
			r.Version = staging
		}
		fmt.Fprintf(&b, "require %s %s\n", r.Path, r.Version)
	}
	for _, name := range programsOf {
		fmt.Fprintf(&b, "tool k8s.io/kubernetes/cmd/%s\n", name)
	}
	text, err := os.ReadFile(filepath.Join(at.Dir, "go.sum"))
	return b.String(), string(text), err
}

func goJSON(ctx context.Context, into any, args ...string) error {
	c := exec.CommandContext(ctx, "go", args...)
	c.Stderr, c.Dir = os.Stderr, os.TempDir()
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return json.Unmarshal(out, into)
}
