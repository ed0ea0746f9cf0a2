package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the build (-X main.version).
var version = ""

type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

func (c *versionCmd) Run(out *output) error {
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(map[string]string{
			"version": versionString(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		})
	}
	_, err := fmt.Fprintf(out.stdout, "kaon %s (%s, %s/%s)\n", versionString(), runtime.Version(), runtime.GOOS,
		runtime.GOARCH)
	return err
}

func versionString() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}
