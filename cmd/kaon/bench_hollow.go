package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/hollow"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

type benchHollowCmd struct {
	Count   int           `arg:"" help:"How many nodes."`
	Cluster string        `default:"kubernetes" env:"KAON_CLUSTER" placeholder:"WHERE" help:"kubernetes, or kubernetes://CONTEXT (${default})."`
	Context string        `placeholder:"NAME" help:"Context of the kubeconfig; the current one when left out. Its account has to be one that may create nodes and write pods' status."`
	Time    time.Duration `default:"0s" help:"How long a trial of kaon's takes there (${default})."`
	Points  int           `name:"task-points" default:"0" placeholder:"N" help:"How many points of a metric named loss it reports (${default})."`
	hollowFlags
	JSON bool `name:"json" help:"Print JSON."`
}

func (c *benchHollowCmd) Help() string {
	return "The nodes kaon-hollow-0000 and on have the label " + hollow.Label + "=true and a taint of that key. " +
		"Their pods are told to run, but nothing is run: kaon's executors are simulated, and any " +
		"other pod ends after as many seconds as its annotation " + hollow.Seconds + " says. They are removed " +
		"at the end. What a kill -9 leaves is removed by kubectl delete nodes -l " + hollow.Label + ".\n\n" +
		"kaon run SPEC --cluster 'kubernetes://?nodes=" + hollow.Label + "%3Dtrue&tolerate=" + hollow.Taint +
		"&image=none&executor=/kaon' runs sweeps on them."
}

func (c *benchHollowCmd) Run(ctx context.Context, out *output) error {
	if c.Count < 1 || c.Count > 9999 || c.NodeCPUs < 1 || c.NodeMemory < 1 || c.Time < 0 || c.Points < 0 {
		return usage(errors.New("want from 1 to 9999 nodes, of at least 1 CPU and 1 MB, and neither a negative " +
			"--time nor negative --task-points"))
	}
	if !inPods(c.Cluster) {
		return usage(fmt.Errorf("--cluster %q: want kubernetes, or kubernetes://CONTEXT", c.Cluster))
	}
	conf, err := kubernetes.ParseAddress(c.Cluster)
	if err != nil {
		return usage(fmt.Errorf("--cluster: %w", err))
	}
	account, err := kubernetes.FindAccount(conf.Kubeconfig, cmp.Or(c.Context, conf.Context))
	if err != nil {
		return usage(err)
	}
	api, err := kubernetes.NewAPI(account)
	if err != nil {
		return usage(err)
	}
	defer api.Close()
	nodes, err := hollow.Start(ctx, hollow.Config{API: api, Count: c.Count, CPU: c.NodeCPUs, MemoryMB: c.NodeMemory,
		Listen: c.Kubelet,
		Behave: simulatedTasks{c.Time, c.Points}.behave})
	if err != nil {
		return unreachable(err)
	}
	err = c.ready(ctx, conf)
	if err == nil && c.JSON {
		err = json.NewEncoder(out.stdout).Encode(map[string]any{"nodes": c.Count, "label": hollow.Label,
			"cluster": account.Server})
	} else if err == nil {
		_, err = fmt.Fprintf(out.stdout, "%s at %s, which run nothing, until this ends: %s=true\n",
			plural(c.Count, "hollow node"), account.Server, hollow.Label)
	}
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, nodes.Close())
}

// ready waits until pods may be on all nodes: those that are new have a taint that Kubernetes's controllers take off.
func (c *benchHollowCmd) ready(ctx context.Context, conf kubernetes.Config) error {
	conf.Nodes, conf.Tolerate, conf.Context = hollow.Label, append(slices.Clone(conf.Tolerate), hollow.Taint),
		cmp.Or(c.Context, conf.Context)
	for until := time.Now().Add(nodesReady); ; {
		found, err := kubernetes.Survey(ctx, conf)
		switch {
		case err != nil:
			return unreachable(err)
		case len(found) == c.Count:
			return nil
		case time.Now().After(until):
			return fmt.Errorf("only %d of %d nodes are usable after %v: `kubectl describe node -l %s` shows which "+
				"taints are on the others", len(found), c.Count, nodesReady, hollow.Label)
		}
		if !timer.Sleep(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// nodesReady is how long a cluster may take to let pods on new nodes.
const nodesReady = 3 * time.Minute
