package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// latestVersion is what stands behind @ for the newest version.
const latestVersion = "latest"

// versionAt cuts NAME@VERSION; 0: none is named.
func versionAt(text string) (name string, version int, latest bool, err error) {
	name, at, named := strings.Cut(text, "@")
	if !named || at == latestVersion {
		return name, 0, named, nil
	}
	version, err = strconv.Atoi(at)
	if err != nil || version < 1 {
		return "", 0, false, usage(fmt.Errorf("%s: behind @ stands a version, from 1, or latest", text))
	}
	return name, version, false, nil
}

type workflowVersionsCmd struct {
	Name   string `arg:"" help:"Name of a registered workflow; with @VERSION and --source, that version."`
	Source bool   `help:"Print the file of a version: the one that runs when none is named."`
	JSON   bool   `help:"Print one JSON object a line."`
	flowServer
}

func (c *workflowVersionsCmd) Run(ctx context.Context, out *output) error {
	to, err := c.registered(ctx)
	if err != nil {
		return err
	}
	name, version, latest, err := versionAt(c.Name)
	if err != nil {
		return err
	}
	list, err := to.WorkflowVersions(ctx, name)
	if err != nil {
		return answered(err)
	}
	if latest {
		version = list[0].Version
	}
	if c.Source {
		text, err := to.VersionSource(ctx, name, version)
		if err != nil {
			return answered(err)
		}
		_, err = out.stdout.Write(text)
		return err
	}
	var tab table
	tab.row("VERSION", "RUNS", "BY", "REGISTERED", "HASH", "TAGS", "DESCRIPTION")
	for _, v := range list {
		if version != 0 && v.Version != version {
			continue
		}
		if c.JSON {
			if err := json.NewEncoder(out.stdout).Encode(v); err != nil {
				return err
			}
			continue
		}
		runs := ""
		if v.Current {
			runs = "yes"
		}
		tab.row(fmt.Sprintf("%s@%d", name, v.Version), runs, v.By, timeText(v.Created), v.Hash[:12],
			strings.Join(v.Tags, " "), oneLineText(v.Description))
	}
	if c.JSON {
		return nil
	}
	return tab.print(out.stdout)
}
