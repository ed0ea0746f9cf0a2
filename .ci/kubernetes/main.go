// Command kubernetes gives a command a real Kubernetes: etcd, kube-apiserver, kube-controller-manager, kube-scheduler,
// and nodes of containerd and kubelet, on loopback, for as long as the command runs.
//
//	kubernetes [-nodes 2] [-keep] [-- COMMAND...]
//
// The programs are built from the Go module proxy once, which takes ten minutes on two idle cores, 25 at worst, and 6
// GB in between; what is kept is 0.6 GB in the user's cache folder, kaon-kubernetes. Starting takes half a minute. It
// needs root, Linux, and containerd, runc, busybox and CNI plugins of the machine; it names what is missing, and
// installs nothing. At its end, by a signal too, processes, mounts, cgroups, bridges and files are as they were; -keep
// leaves the run folder with its logs.
//
// COMMAND gets KUBECONFIG and KAON_KUBERNETES (the same file), KAON_KUBERNETES_IMAGE (with a shell),
// KAON_KUBERNETES_KAON_IMAGE (with /kaon) and KAON_KUBERNETES_KUBECTL and KAON_KUBERNETES_RUN, a folder with a NAME.pid
// for every daemon: one that is killed is started again. Without COMMAND it waits for ^C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	nodes := flag.Int("nodes", 2, "how many nodes, at most 9")
	keep := flag.Bool("keep", false, "leave the run folder")
	build := flag.Bool("build", false, "build what is missing, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	code, err := run(ctx, min(max(*nodes, 1), 9), *keep, *build, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(ctx context.Context, nodes int, keep, buildOnly bool, command []string) (code int, err error) {
	if err := able(); err != nil && !buildOnly {
		return 1, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return 1, err
	}
	programs := filepath.Join(cache, "kaon-kubernetes", kubernetesVersion)
	if err := buildAll(ctx, programs); err != nil || buildOnly {
		return 0, err
	}
	folder, err := os.MkdirTemp("", "kaon-kubernetes-")
	if err != nil {
		return 1, err
	}
	w := &world{folder: folder, programs: programs, daemons: map[string]*daemon{}}
	defer func() {
		if wrong := w.close(keep); wrong != nil {
			err = errors.Join(err, wrong)
		}
	}()
	if err := w.open(ctx, nodes); err != nil {
		return 1, err
	}
	env := append(os.Environ(), "KUBECONFIG="+w.kubeconfig("admin"), "KAON_KUBERNETES="+w.kubeconfig("admin"),
		"KAON_KUBERNETES_RUN="+folder,
		"KAON_KUBERNETES_KUBECTL="+w.program("kubectl"), "KAON_KUBERNETES_IMAGE="+shellImage,
		"KAON_KUBERNETES_KAON_IMAGE="+kaonImage)
	if len(command) == 0 {
		fmt.Printf("export KUBECONFIG=%s\n%s get nodes\n", w.kubeconfig("admin"), filepath.Join(programs, "kubectl"))
		<-ctx.Done()
		return 0, nil
	}
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr, c.Env = os.Stdin, os.Stdout, os.Stderr, env
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = closePatience
	err = c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	return 0, err
}
