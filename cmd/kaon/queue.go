package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/sweep"
)

type queueCmd struct {
	List  queueListCmd  `cmd:"" help:"List the queues and how they stand."`
	Set   queueSetCmd   `cmd:"" help:"Make a queue, or change one."`
	Rm    queueRmCmd    `cmd:"" help:"Take a queue away that no sweep is in."`
	Usage queueUsageCmd `cmd:"" help:"Say what sweeps used, by queue, user, sweep or day, and what it cost."`
}

type queueListCmd struct {
	JSON bool `help:"Print JSON."`
	serverFlags
}

func (c *queueListCmd) Run(ctx context.Context, out *output) error {
	from, err := c.client(ctx)
	if err != nil {
		return err
	}
	all, err := from.Queues(ctx)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(all)
	}
	return printQueues(out.stdout, all.Queues)
}

func printQueues(w io.Writer, all []api.Queue) error {
	tab := table{keep: []int{0}}
	tab.row("QUEUE", "WEIGHT", "FAIR", "HAS", "RUNNING", "WAITING", "SWEEPS", "GUARANTEE", "LIMIT", "EACH USER")
	for _, q := range all {
		fair := "-"
		if q.Sweeps > 0 {
			fair = shareText(q.Fair)
		}
		tab.row(q.Name, formatValue(q.Weight), fair, shareText(q.Share), int(q.Used[fairness.Trials]), q.Waiting,
			q.Sweeps, orDash(q.Guarantee), orDash(q.Limit), orDash(q.UserLimit))
	}
	return printFitting(w, &tab, "kaon queue list --json")
}

func shareText(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func orDash(a fairness.Amounts) string {
	if len(a) == 0 {
		return "-"
	}
	return a.String()
}

type queueSetCmd struct {
	Queue     string   `arg:"" help:"Its name: words with a slash between, as in eng/ml."`
	Weight    *float64 `placeholder:"W" help:"Its part beside the other queues below the same one: one of weight 2 gets twice what one of weight 1 gets (1)."`
	Limit     *string  `placeholder:"AMOUNTS" help:"The most that runs in it and below, as in cpus=32,memory=64GB,gpus=2,trials=20; none for no limit."`
	UserLimit *string  `name:"user-limit" placeholder:"AMOUNTS" help:"The most that each user runs there, likewise."`
	Guarantee *string  `placeholder:"AMOUNTS" help:"What it gets before shares are asked about, likewise; where it wants that, trials of queues that have more than theirs are ended and run again later."`
	JSON      bool     `help:"Print the queue as one JSON object."`
	serverFlags
}

func (c *queueSetCmd) Help() string {
	return "What is not given stays as it is. It holds at once; a limit ends nothing that runs."
}

func (c *queueSetCmd) Run(ctx context.Context, out *output) error {
	change := api.QueueChange{Name: c.Queue, Weight: c.Weight}
	for _, one := range []struct {
		flag string
		text *string
		to   **fairness.Amounts
	}{{"--limit", c.Limit, &change.Limit}, {"--user-limit", c.UserLimit, &change.UserLimit},
		{"--guarantee", c.Guarantee, &change.Guarantee}} {
		if one.text == nil {
			continue
		}
		amounts, err := parseAmounts(*one.text)
		if err != nil {
			return usage(fmt.Errorf("%s %s: %w", one.flag, *one.text, err))
		}
		*one.to = &amounts
	}
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	q, err := to.SetQueue(ctx, change)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(q)
	}
	text := fmt.Sprintf("queue %s: weight %s", q.Name, formatValue(q.Weight))
	if len(q.Guarantee) > 0 {
		text += ", guaranteed " + q.Guarantee.String()
	}
	if len(q.Limit) > 0 {
		text += ", at most " + q.Limit.String()
	}
	if len(q.UserLimit) > 0 {
		text += ", each user at most " + q.UserLimit.String()
	}
	_, err = fmt.Fprintln(out.stdout, text)
	return err
}

// parseAmounts reads NAME=AMOUNT,NAME=AMOUNT.
func parseAmounts(text string) (fairness.Amounts, error) {
	all := fairness.Amounts{}
	if text == "none" {
		return all, nil
	}
	for one := range strings.SplitSeq(text, ",") {
		name, amount, ok := strings.Cut(strings.TrimSpace(one), "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q: want NAME=AMOUNT, as in cpus=32,memory=64GB,trials=20, or none", one)
		}
		if name == "mem" {
			name = "memory"
		}
		n, err := strconv.ParseFloat(amount, 64)
		if name == "memory" || name == "disk" {
			n, err = sweep.ParseMB(amount)
		}
		if err != nil {
			return nil, fmt.Errorf("%s=%s: want a number, or of memory and disk an amount as 512MB or 64GB",
				name, amount)
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		all[name] = n
	}
	return all, nil
}

type queueRmCmd struct {
	Queue string `arg:"" help:"Its name."`
	serverFlags
}

func (c *queueRmCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	if err := to.RemoveQueue(ctx, c.Queue); err != nil {
		return answered(err)
	}
	_, err = fmt.Fprintf(out.stdout, "queue %s is gone\n", c.Queue)
	return err
}
