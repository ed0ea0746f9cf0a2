package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/hollow"
	"github.com/kaon-sweep/kaon/server"
)

type benchKubernetesCmd struct {
	Cluster string        `default:"kubernetes" env:"KAON_CLUSTER" placeholder:"WHERE" help:"kubernetes, or kubernetes://CONTEXT?options as of kaon run: namespace, image, rate and so on (${default}). The rows of others need an account that may create pods and jobs."`
	Context string        `placeholder:"NAME" help:"Context of the kubeconfig; the current one when left out."`
	Trials  int           `default:"200" help:"Trials of each row (${default})."`
	Few     int           `default:"0" placeholder:"N" help:"Trials of the rows that have a pod for each trial; as many when left out."`
	Time    time.Duration `default:"0s" help:"How long a trial takes: it sleeps (${default}: true)."`
	CPUs    float64       `name:"cpus" default:"0.1" help:"Of every trial (${default})."`
	Memory  int           `default:"16" placeholder:"MB" help:"Of every trial (${default})."`
	Only    []string      `placeholder:"ROW" enum:"pilot,pods,items,job" help:"Only this row: pilot, pods, items or job; may be repeated."`
	Wait    time.Duration `default:"30m" help:"How long a row may take (${default})."`
	Quiet   time.Duration `default:"10s" help:"For how long the idle API server's CPU is measured first, to be taken off (${default})."`
	Hollow  int           `placeholder:"N" help:"Add N nodes that run nothing, and use those alone: trials are timers in another process here, which the API server has to reach."`
	hollowFlags
	JSON           bool          `name:"json" help:"Print JSON."`
	ConnectTimeout time.Duration `default:"30s" help:"How long to look for the API server before giving up (${default})."`
}

// hollowFlags say what hollow nodes are like.
type hollowFlags struct {
	NodeCPUs   int    `name:"node-cpus" default:"4" help:"CPUs of a hollow node (${default})."`
	NodeMemory int    `name:"node-memory" default:"8192" placeholder:"MB" help:"Memory of a hollow node (${default})."`
	Kubelet    string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where the kubelet of hollow nodes listens, for the API server (${default})."`
}

func (c *benchKubernetesCmd) Help() string {
	return "The same trials run in four ways, one after the other: by kaon in pilot pods, which run trial after " +
		"trial; by kaon with a pod for each; with a pod for each that a client " +
		"creates, watches and removes, as Argo Workflows does for a list of items; and as completions of one " +
		"Indexed Job. Others' pods are kube-scheduler's to place. " +
		"Image and nodes are those of --cluster. With --hollow no image is needed. What a kill -9 leaves is removed " +
		"by kaon kubernetes uninstall, and by " +
		"kubectl delete jobs,pods -l kaon.dev/bench."
}

func (c *benchKubernetesCmd) Run(ctx context.Context, out *output) error {
	if c.Trials < 1 || c.Few < 0 || c.CPUs <= 0 || c.Memory < 1 || c.Time < 0 || c.Hollow < 0 || c.Quiet < 0 {
		return usage(errors.New("--trials, --cpus and --memory: want more than 0; --few, --time, --quiet and " +
			"--hollow: at least 0"))
	}
	if !inPods(c.Cluster) {
		return usage(fmt.Errorf("--cluster %q: want kubernetes, or kubernetes://CONTEXT?options", c.Cluster))
	}
	where := clusterFlags{Cluster: c.Cluster, Context: c.Context, ConnectTimeout: c.ConnectTimeout, WorkDir: "sandbox"}
	cluster, err := where.cluster()
	if err != nil {
		return err
	}
	conf := cluster.Kubernetes
	if c.Hollow > 0 {
		stop, err := c.nodes(ctx, conf, out.stderr)
		if err != nil {
			return err
		}
		defer stop()
		conf.Nodes, conf.Image, conf.KaonImage, conf.Executor = hollow.Label+"=true", "hollow", "", "/kaon"
		conf.Tolerate = append(conf.Tolerate, hollow.Taint)
	}
	if conf.Image == "" {
		return usage(fmt.Errorf("--cluster %q: others' pods need an image with a shell, too: "+
			"kubernetes://CONTEXT?image=NAME, or --hollow N for nodes that run nothing", c.Cluster))
	}
	folder, err := os.MkdirTemp("", "kaon-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	report, err := bench.Kubernetes(ctx, bench.KubernetesConfig{
		Trials: c.Trials, Few: c.Few, Time: c.Time, CPUs: c.CPUs, Mem: c.Memory, Only: c.Only, Hollow: c.Hollow > 0,
		Wait: c.Wait, Quiet: c.Quiet,
		Server: server.Config{Folder: folder, Bucket: &bucket.Memory{}, Cluster: cluster,
			FrameworkName: "kaon bench kubernetes", Log: newLog(out.stderr, "error", logText)},
	})
	if err != nil {
		return unreachable(err)
	}
	if c.JSON {
		return report.WriteJSON(out.stdout)
	}
	return report.WriteText(out.stdout)
}

// nodes starts hollow nodes in a process of their own, whose CPU is not kaon's.
func (c *benchKubernetesCmd) nodes(
	ctx context.Context, conf *kubernetes.Config, stderr io.Writer,
) (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program's file: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "bench", "hollow", fmt.Sprint(c.Hollow), "--cluster", c.Cluster, "--context",
		c.Context, "--time", c.Time.String(),
		"--node-cpus", fmt.Sprint(c.NodeCPUs), "--node-memory", fmt.Sprint(c.NodeMemory), "--kubelet", c.Kubelet)
	cmd.Stderr = stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	runtime.LockOSThread() // the kernel takes the death of this thread for that of the parent
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start the hollow nodes: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait()
		runtime.UnlockOSThread()
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		stop()
		return nil, fmt.Errorf("start the hollow nodes: they ended early, with %q",
			cmp.Or(strings.TrimSpace(line), cmd.ProcessState.String()))
	}
	return stop, nil
}
