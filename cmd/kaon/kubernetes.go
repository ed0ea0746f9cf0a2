package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
)

type kubernetesCmd struct {
	Uninstall kubernetesUninstallCmd `cmd:"" help:"Delete the pods that kaon has left in a Kubernetes, and what keeps them there."`
}

type kubernetesUninstallCmd struct {
	Cluster    string `default:"kubernetes" env:"KAON_CLUSTER" placeholder:"WHERE" help:"kubernetes, or kubernetes://CONTEXT?namespace=NAME (${default})."`
	Context    string `placeholder:"NAME" help:"Context of the kubeconfig; the current one when left out."`
	Everywhere bool   `short:"A" name:"all-namespaces" help:"In all namespaces, and not in one."`
	Owner      string `placeholder:"NAME" help:"Only those that one state folder has made, by the name in its file kubernetes/owner."`
	Dry        bool   `name:"dry-run" help:"Say what would be deleted, and delete nothing."`
	JSON       bool   `help:"Print one JSON object a pod."`
}

func (c *kubernetesUninstallCmd) Help() string {
	return "Deletes every pod that carries kaon's labels, also those that a finalizer of kaon's keeps because " +
		"their state folder is gone. Pods are all that kaon " +
		"makes in a cluster; what deploy/kubernetes made goes by kubectl delete -k. End servers and sweeps first: " +
		"to those that still run it is as if their " +
		"pods were drained, and they start others."
}

// leftPod is what `kaon kubernetes uninstall --json` prints of each pod: a contract for scripts.
type leftPod struct {
	kubernetes.Leftover
	Dry bool `json:"dry_run,omitempty"`
}

func (c *kubernetesUninstallCmd) Run(ctx context.Context, out *output) error {
	if !inPods(c.Cluster) {
		return usage(fmt.Errorf("--cluster %q: want kubernetes, or kubernetes://CONTEXT?namespace=NAME", c.Cluster))
	}
	conf, err := kubernetes.ParseAddress(c.Cluster)
	if err != nil {
		return usage(fmt.Errorf("--cluster: %w", err))
	}
	if c.Context != "" {
		conf.Context = c.Context
	}
	left, err := kubernetes.FindLeftovers(ctx, conf, c.Everywhere)
	if err != nil {
		return unreachable(err)
	}
	defer left.Close()
	tab := table{keep: []int{0, 1}}
	tab.row("NAMESPACE", "POD", "NODE", "SWEEP", "PHASE", "AGE")
	var wrong []error
	none := true
	for _, one := range left.Found {
		if c.Owner != "" && one.Owner != c.Owner {
			continue
		}
		none = false
		if !c.Dry {
			if err := left.Remove(ctx, one); err != nil {
				wrong = append(wrong, err)
				continue
			}
		}
		if !c.JSON {
			tab.row(one.Namespace, one.Pod, one.Node, one.Sweep, one.Phase,
				age(one.Created.Format(time.RFC3339), time.Now()))
		} else if err := json.NewEncoder(out.stdout).Encode(leftPod{one, c.Dry}); err != nil {
			return err
		}
	}
	switch {
	case none:
		fmt.Fprintln(out.stderr, "kaon: no pods of kaon's are there")
	case !c.JSON:
		if err := tab.print(out.stdout); err != nil {
			return err
		}
		if c.Dry {
			fmt.Fprintln(out.stderr, "kaon: none of these was deleted; without --dry-run they are")
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return unreachable(err)
	}
	return nil
}
