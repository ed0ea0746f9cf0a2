package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/server"
)

// clusterFlags say where trials run.
type clusterFlags struct {
	Cluster string `default:"local" env:"KAON_CLUSTER" placeholder:"WHERE" help:"local, mesos://[user:secret@]host:port[,host:port…][?options], or kubernetes[://CONTEXT][?options] (${default})."`
	Context string `placeholder:"NAME" help:"Context of the kubeconfig for --cluster kubernetes; the current one when left out."`
	executorFlags
	machineFlags
	Advertise      string        `placeholder:"HOST[:PORT]" help:"Address at which agents and executors reach this process, to fetch files and to leave artifacts; found out when left out."`
	Container      string        `enum:",docker,mesos" default:"" placeholder:"WHICH" help:"Containerizer for trials in an image: docker or mesos; the spec's task.container, else docker, when left out."`
	WorkDir        string        `enum:"auto,spec,sandbox" default:"auto" help:"Where trials without an image start: in the spec's folder, in their own sandbox, or (auto) in the spec's folder when the master is on this machine."`
	ConnectTimeout time.Duration `default:"30s" help:"How long to look for a master before giving up (${default})."`
	PartitionGrace time.Duration `default:"2m" help:"How long an attempt on an unreachable agent may come back before it is replaced (${default})."`
}

// executorFlags say which programs agents run as executors.
type executorFlags struct {
	Executor        string `placeholder:"PLACE" help:"kaon's own binary for agents: a path that exists on every agent, or a URL that they fetch. Left out, this process serves itself to them."`
	ExecutorForeign string `placeholder:"PATH" help:"kaon's binary for the other architecture, arm64 or amd64, to be served to agents of it; kaon-linux-<arch> beside this program when left out."`
}

// machineFlags say what of this machine trials may use.
type machineFlags struct {
	GPUs string `name:"gpus" env:"KAON_GPUS" placeholder:"N|IDS" help:"GPUs of this machine for trials: how many, their ids as in 0,2 or id:3, or none; found out when left out."`
}

// localCluster is what --cluster says for a cluster in this process.
const localCluster = "local"

// cluster is where trials run as a server takes it.
func (f *clusterFlags) cluster() (server.Cluster, error) {
	waited := awaitOwnCluster(f.Cluster, min(f.ConnectTimeout/2, ownClusterWait))
	c, err := clusterAt(f.Cluster, f.executorFlags, f.machineFlags)
	c.Advertise, c.Containerizer, c.WorkDir = f.Advertise, f.Container, f.WorkDir
	c.ConnectTimeout = f.ConnectTimeout - waited
	if c.Mesos != nil {
		c.Mesos.Waited = waited
	}
	if err == nil && f.Context != "" {
		if c.Kubernetes == nil {
			return c, usage(fmt.Errorf("--context %q names a context of the kubeconfig: it goes with --cluster "+
				"kubernetes", f.Context))
		}
		c.Kubernetes.Context = f.Context
	}
	return c, err
}

// inPods tells the address of a Kubernetes.
func inPods(where string) bool {
	return where == kubernetes.Scheme || strings.HasPrefix(where, kubernetes.Scheme+"://")
}

// clusterAt is a cluster by its address.
func clusterAt(where string, e executorFlags, m machineFlags) (server.Cluster, error) {
	c := server.Cluster{Address: where, Executor: e.Executor, ExecutorForeign: e.ExecutorForeign, GPUs: m.GPUs}
	if where == localCluster {
		return c, nil
	}
	if inPods(where) {
		conf, err := kubernetes.ParseAddress(where)
		if err != nil {
			return c, usage(fmt.Errorf("--cluster: %w", err))
		}
		c.Kubernetes = &conf
		return c, nil
	}
	if !strings.HasPrefix(where, "mesos://") {
		return c, usage(fmt.Errorf("--cluster %q: want local, mesos://host:port or kubernetes", where))
	}
	conf, err := parseCluster(where)
	if err != nil {
		return c, usage(fmt.Errorf("--cluster: %w", err))
	}
	c.Mesos = &conf
	return c, nil
}

// flagNames are the flags from which a server's settings are read.
var flagNames = map[string]string{
	"Advertise": "--advertise", "ExecutorForeign": "--executor-foreign", "GPUs": "--gpus",
}
