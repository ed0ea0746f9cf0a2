package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/accounting"
)

type queueUsageCmd struct {
	By      string `enum:"sweep,queue,user,day" default:"queue" placeholder:"WHAT" help:"Divided by sweep, queue, user or day (${default})."`
	Since   string `default:"30d" placeholder:"AGE" help:"From the day on that was so long ago: 30d, 12h; or all (${default})."`
	Price   string `type:"path" placeholder:"FILE" help:"YAML with any of cpu_hour, gb_hour, gpu_hour and currency: what it cost."`
	JSON    bool   `help:"Print one JSON object."`
	Results string `placeholder:"PLACE" help:"Read these results, a folder or s3://bucket/prefix, and ask no server."`
	serverFlags
}

func (c *queueUsageCmd) Help() string {
	return "Hours of cpus, memory and GPUs of attempts that have ended, however they did: what they asked for, " +
		"times how long they " +
		"ran. What they really took is not measured. Days are those of UTC."
}

func (c *queueUsageCmd) Run(ctx context.Context, out *output) error {
	var since time.Time
	if c.Since != "all" {
		age, err := parseAge(c.Since)
		if err != nil {
			return usage(fmt.Errorf("--since %s: %w, or all", c.Since, err))
		}
		since = time.Now().Add(-age)
	}
	var price *prices
	if c.Price != "" {
		p, err := readPrices(c.Price)
		if err != nil {
			return usage(err)
		}
		price = &p
	}
	used, err := c.used(ctx, since)
	if err != nil {
		return err
	}
	c.warn(out.stderr, used)
	all := price.of(used)
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(all)
	}
	if len(all.Items) == 0 {
		fmt.Fprintln(out.stderr, "kaon: no attempt has ended"+sinceText(used.Since))
		return nil
	}
	return printUsage(out.stdout, all)
}

// used asks the server, or reads results.
func (c *queueUsageCmd) used(ctx context.Context, since time.Time) (accounting.Usage, error) {
	if c.Results == "" {
		from, err := c.client(ctx)
		if errors.Is(err, errNoServer) {
			return accounting.Usage{}, usage(fmt.Errorf("%w; --results PLACE reads results without one", errNoServer))
		}
		if err != nil {
			return accounting.Usage{}, err
		}
		used, err := from.Usage(ctx, c.By, since)
		return used, answered(err)
	}
	if err := resultsAt(c.Results); err != nil {
		return accounting.Usage{}, err
	}
	bucket, err := openBucket(ctx, c.Results, nil)
	if err != nil {
		return accounting.Usage{}, err
	}
	used, err := accounting.Stored(ctx, bucket, c.By, since, func(id string) string {
		return source{id: id, place: c.Results}.stateFolder()
	})
	if err != nil {
		return used, unreachable(err)
	}
	return used, nil
}

// warn tells what does not count.
func (c *queueUsageCmd) warn(w io.Writer, used accounting.Usage) {
	const named = 5
	for i, gap := range used.Gaps {
		if i == named {
			fmt.Fprintf(w, "kaon: and %s more; --json names them\n", plural(len(used.Gaps)-named, "sweep"))
			break
		}
		fmt.Fprintf(w, "kaon: sweep %s counts in part: %s\n", escaped(gap.Sweep), bounded(escaped(gap.Reason)))
	}
	if n := used.Total.Unknown; n > 0 {
		fmt.Fprintf(w, "kaon: %s of %d without hours: what was asked for is not known\n", plural(n, "attempt"),
			used.Total.Attempts)
	}
}

func sinceText(day string) string {
	if day == "" {
		return ""
	}
	return " since " + day
}

// pricedUsage is what was used, with what it cost.
type pricedUsage struct {
	accounting.Usage
	Items    []pricedRow `json:"items"`
	Cost     *float64    `json:"cost,omitempty"` // of the total
	Currency string      `json:"currency,omitempty"`
}

type pricedRow struct {
	accounting.UsageRow
	Cost *float64 `json:"cost,omitempty"`
}

// of is what was used by a table of prices, the dearest first; nil: without.
func (p *prices) of(used accounting.Usage) pricedUsage {
	out := pricedUsage{Usage: used, Items: []pricedRow{}}
	for _, row := range used.Items {
		out.Items = append(out.Items, pricedRow{UsageRow: row})
	}
	if p == nil {
		return out
	}
	total := p.cost(used.Total)
	out.Cost, out.Currency = &total, p.currency
	for i := range out.Items {
		cost := p.cost(out.Items[i].UsageAmounts)
		out.Items[i].Cost = &cost
	}
	if used.By != "day" {
		slices.SortStableFunc(out.Items, func(a, b pricedRow) int { return cmp.Compare(*b.Cost, *a.Cost) })
	}
	return out
}

func printUsage(w io.Writer, all pricedUsage) error {
	tab := table{keep: []int{0}}
	head := []any{strings.ToUpper(all.By), "ATTEMPTS", "HOURS", "CPU HOURS", "GB HOURS", "GPU HOURS"}
	if all.Cost != nil {
		head = append(head, strings.TrimSpace("COST "+all.Currency))
		tab.keep = append(tab.keep, len(head)-1)
	}
	tab.row(head...)
	row := func(key string, a accounting.UsageAmounts, cost *float64) {
		cells := []any{key, a.Attempts, hundredths(a.Hours), hundredths(a.CPU), hundredths(a.GB), hundredths(a.GPU)}
		if cost != nil {
			cells = append(cells, hundredths(*cost))
		}
		tab.row(cells...)
	}
	for _, one := range all.Items {
		row(cmp.Or(one.Key, "-"), one.UsageAmounts, one.Cost)
	}
	if len(all.Items) > 1 {
		row("TOTAL", all.Total, all.Cost)
	}
	return printFitting(w, &tab, "kaon queue usage --json")
}

// hundredths is an amount to two digits.
func hundredths(v float64) string {
	const least = 0.005
	if v > 0 && v < least {
		return "<0.01"
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
