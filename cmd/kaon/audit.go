package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

type auditCmd struct {
	Since   string `default:"7d" placeholder:"TIME" help:"From then on: 30d, 12h, a time, or all (${default})."`
	Subject string `placeholder:"NAME" help:"What this caller did, or was done to this id."`
	JSON    bool   `help:"Print one JSON object a line, as the server's audit.jsonl has them."`
	serverFlags
}

func (c *auditCmd) Help() string {
	return "Says of every request that may have changed something who made it, what was asked and how it was " +
		"answered, the oldest first. For admins. A time is written as 2026-11-30T00:00:00Z."
}

func (c *auditCmd) Run(ctx context.Context, out *output) error {
	query := url.Values{}
	if c.Subject != "" {
		query.Set("subject", c.Subject)
	}
	if c.Since != "all" {
		since, err := time.Parse(time.RFC3339Nano, c.Since)
		if err != nil {
			age, err := parseAge(c.Since)
			if err != nil {
				return usage(fmt.Errorf("--since %s: %w, a time as 2026-11-30T00:00:00Z, or all", c.Since, err))
			}
			since = time.Now().Add(-age)
		}
		query.Set("since", since.UTC().Format(time.RFC3339Nano))
	}
	from, err := c.client(ctx)
	if err != nil {
		return err
	}
	tab := table{keep: []int{0, 1, 4}}
	tab.row("TIME", "CALLER", "ROLE", "FROM", "OPERATION", "PATH", "STATUS")
	n, enc := 0, json.NewEncoder(out.stdout)
	damaged, err := from.Audit(ctx, query, func(l api.AuditLine) error {
		n++
		if c.JSON {
			return enc.Encode(l)
		}
		at := l.Time
		if when, err := time.Parse(time.RFC3339Nano, l.Time); err == nil {
			at = when.Local().Format(time.DateTime)
		}
		tab.row(at, l.Caller, string(l.Role), l.From, l.Operation, l.Path, l.Status)
		return nil
	})
	if damaged > 0 {
		fmt.Fprintf(out.stderr, "kaon: warning: %s of the audit log cannot be read\n", plural(damaged, "line"))
	}
	switch {
	case err != nil:
		return answered(err)
	case c.JSON:
		return nil
	case n == 0:
		fmt.Fprintln(out.stderr, "kaon: nothing of that is in the audit log")
		return nil
	}
	return printFitting(out.stdout, &tab, "kaon audit --json")
}
