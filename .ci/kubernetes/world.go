package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	closePatience = 20 * time.Second
	startPatience = 3 * time.Minute // of each daemon, on a busy machine
	// calls a second of controllers and scheduler, whose 20 and 50 would be all that comparisons measure
	apiRate = "1000"
)

// world is the cluster: its daemons, and what has to be undone.
type world struct {
	folder, programs string
	daemons          map[string]*daemon
	nodes            int
	serial           int64
	ports            struct{ api, etcd, peer, controllers, scheduler int }
	before           machine
}

func (w *world) start(name string, argv ...string) (*daemon, error) {
	d := &daemon{name: name, argv: argv, log: w.path(name + ".log"), pid: w.path(name + ".pid")}
	w.daemons[name] = d
	return d, d.begin()
}

func (w *world) program(name string) string { return filepath.Join(w.programs, name) }

func (w *world) kubectl(args ...string) (string, error) {
	out, err := exec.Command(w.program("kubectl"),
		append([]string{"--kubeconfig", w.kubeconfig("admin"), "--request-timeout=10s"}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// freePort is a port that nobody has at the moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (w *world) open(ctx context.Context, nodes int) (err error) {
	for _, p := range []*int{&w.ports.api, &w.ports.etcd, &w.ports.peer, &w.ports.controllers, &w.ports.scheduler} {
		if *p, err = freePort(); err != nil {
			return err
		}
	}
	if w.before, err = lookAt(); err != nil {
		return err
	}
	if err := w.credentials(nodes); err != nil {
		return err
	}
	images, err := w.images(ctx)
	if err != nil {
		return err
	}
	if err := w.control(); err != nil {
		return err
	}
	for n := 1; n <= nodes && ctx.Err() == nil; n++ {
		w.nodes = n
		if err := w.node(n, images); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// control starts what keeps the objects.
func (w *world) control() error {
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", w.ports.etcd), fmt.Sprintf("http://127.0.0.1:%d", w.ports.peer)
	etcd, err := w.start("etcd", w.program("etcd"), "--name", "one", "--data-dir", w.path("etcd"),
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "one="+peer,
		"--log-level", "warn")
	if err != nil {
		return err
	}
	if err := etcd.await(startPatience, func() error {
		c, err := net.Dial("tcp", strings.TrimPrefix(client, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err
	}); err != nil {
		return err
	}
	api, err := w.start("apiserver", w.program("kube-apiserver"), "--etcd-servers", client, "--bind-address",
		"127.0.0.1", "--advertise-address", "127.0.0.1",
		"--secure-port", fmt.Sprint(w.ports.api), "--endpoint-reconciler-type", "none", "--service-cluster-ip-range",
		"10.96.0.0/24",
		"--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction", "--allow-privileged",
		"--tls-cert-file", w.path("apiserver.crt"), "--tls-private-key-file", w.path("apiserver.key"),
		"--client-ca-file", w.path("ca.crt"),
		"--token-auth-file", w.path("tokens.csv"), "--kubelet-client-certificate", w.path("to-kubelets.crt"),
		"--kubelet-client-key", w.path("to-kubelets.key"),
		"--service-account-issuer", fmt.Sprintf("https://127.0.0.1:%d", w.ports.api), "--service-account-key-file",
		w.path("accounts.pub"),
		"--service-account-signing-key-file", w.path("accounts.key"))
	if err != nil {
		return err
	}
	if err := api.await(startPatience, func() error {
		_, err := w.kubectl("get", "--raw", "/readyz")
		return err
	}); err != nil {
		return err
	}
	controllers, err := w.start("controllers", w.program("kube-controller-manager"), "--kubeconfig",
		w.kubeconfig("controllers"),
		"--authentication-kubeconfig", w.kubeconfig("controllers"), "--authorization-kubeconfig",
		w.kubeconfig("controllers"),
		"--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(w.ports.controllers), "--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file", w.path("accounts.key"), "--root-ca-file", w.path("ca.crt"),
		"--allocate-node-cidrs=false",
		"--kube-api-qps", apiRate, "--kube-api-burst", apiRate)
	if err != nil {
		return err
	}
	if err := controllers.await(startPatience, func() error {
		_, err := w.kubectl("get", "-n", "default", "serviceaccount", "default")
		return err
	}); err != nil {
		return err
	}
	_, err = w.start("scheduler", w.program("kube-scheduler"), "--kubeconfig", w.kubeconfig("scheduler"),
		"--authentication-kubeconfig", w.kubeconfig("scheduler"),
		"--authorization-kubeconfig", w.kubeconfig("scheduler"), "--bind-address", "127.0.0.1", "--secure-port",
		fmt.Sprint(w.ports.scheduler), "--leader-elect=false",
		"--kube-api-qps", apiRate, "--kube-api-burst", apiRate)
	return err
}

// close ends all of it, and leaves the machine as it was found.
func (w *world) close(keep bool) error {
	var wrong []error
	if w.daemons["apiserver"] != nil && w.nodes > 0 {
		w.clear()
	}
	for n := w.nodes; n > 0; n-- {
		wrong = append(wrong, w.endNode(n))
	}
	for _, name := range []string{"scheduler", "controllers", "apiserver", "etcd"} {
		if d := w.daemons[name]; d != nil {
			d.stop()
		}
	}
	wrong = append(wrong, w.before.restore(w.folder))
	if keep {
		say("logs are in %s", w.folder)
	} else {
		wrong = append(wrong, os.RemoveAll(w.folder))
	}
	return errors.Join(wrong...)
}

// clear deletes all pods, so that kubelets take their networks and mounts away.
func (w *world) clear() {
	names, err := w.kubectl("get", "pods", "-A", "--no-headers", "-o",
		`jsonpath={range .items[*]}{.metadata.namespace}{" "}{.metadata.name}{"\n"}{end}`)
	if err != nil {
		return // the nodes' own ends do what they can
	}
	for line := range strings.Lines(names) {
		namespace, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		_, _ = w.kubectl("-n", namespace, "patch", "pod", name, "--type=merge", "-p",
			`{"metadata":{"finalizers":null}}`)
		_, _ = w.kubectl("-n", namespace, "delete", "pod", name, "--grace-period=1", "--wait=false",
			"--ignore-not-found")
	}
	for until := time.Now().Add(closePatience); time.Now().Before(until); time.Sleep(300 * time.Millisecond) {
		busy := false
		for n := 1; n <= w.nodes; n++ {
			out, err := w.ctr(n, "containers", "ls", "-q")
			busy = busy || err == nil && strings.TrimSpace(out) != ""
		}
		if !busy {
			return
		}
	}
}
