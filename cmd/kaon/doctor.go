package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

type doctorCmd struct {
	Only []string `enum:"machine,results,cluster,server" placeholder:"WHAT" help:"Check only machine, results, cluster or server; may be repeated."`
	JSON bool     `help:"Print JSON."`
	doctorFlags
}

func (c *doctorCmd) Help() string {
	return "Checks this machine, the results, the cluster and the server as other commands with the same flags " +
		"would use them, and says what to do. " +
		"It writes and deletes one small object in the results and one empty file in the temporary folder, takes " +
		"offers of a Mesos for two seconds, and changes nothing else. Exit code 1: something has to be mended."
}

func (c *doctorCmd) Run(ctx context.Context, out *output) error {
	all := []finding{}
	for _, part := range []struct {
		name  string
		check func(context.Context, *findings)
	}{{"machine", c.machine}, {"results", c.results}, {"cluster", c.cluster}, {"server", c.server}} {
		if len(c.Only) > 0 && !slices.Contains(c.Only, part.name) {
			continue
		}
		f := &findings{part: part.name}
		part.check(ctx, f)
		if all = append(all, f.list...); ctx.Err() != nil {
			return silently(exitInterrupted)
		}
	}
	if err := c.print(out, all); err != nil {
		return err
	}
	for _, one := range all {
		if one.Verdict == verdictFail {
			return silently(exitFailed)
		}
	}
	return nil
}

func (c *doctorCmd) print(out *output, all []finding) error {
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(all)
	}
	count := map[verdict]int{}
	for _, one := range all {
		count[one.Verdict]++
		if _, err := fmt.Fprintf(out.stdout, "%-4s  %s: %s: %s\n", one.Verdict, one.Part, one.Check,
			one.Text); err != nil {
			return err
		}
		if one.Remedy != "" {
			if _, err := fmt.Fprintf(out.stdout, "      what helps: %s\n", one.Remedy); err != nil {
				return err
			}
		}
	}
	text := "all is well"
	if count[verdictFail]+count[verdictWarn] > 0 {
		text = fmt.Sprintf("%d to be mended, %d to be looked at", count[verdictFail], count[verdictWarn])
	}
	_, err := fmt.Fprintln(out.stdout, text)
	return err
}
