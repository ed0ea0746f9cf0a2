package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// noServer is what --server says for a run that no server is to have, and for results that none is asked for.
const noServer = "none"

// oneServer has what is typed say where a command looks: a place of this machine that is typed counts more than the
// server that the environment names, and none names no server. A server and other results, both typed, are refused.
func oneServer(command *kong.Context) error {
	var server, results *kong.Flag
	typed := map[string]bool{}
	for _, f := range command.Flags() {
		switch f.Name {
		case "server":
			server = f
		case "results":
			results = f
		}
	}
	for _, p := range command.Path {
		if p.Flag != nil && !p.Resolved && p.Flag.Target.Kind() == reflect.String { // --state of lists is no place
			typed[p.Flag.Name] = true
		}
	}
	undecided := !typed["server"] && !typed["results"] && !typed["state"] && !typed["state-dir"]
	if server == nil || results == nil || command.Selected().Name == "doctor" { // which looks at both
		return nil
	}
	reads, anywhere := command.Selected().Target.Addr().Interface().(interface{ nothingSaysWhere() })
	if anywhere && undecided && server.Target.String() == "" && results.Target.String() == usualResults {
		reads.nothingSaysWhere()
	}
	switch named := server.Target.String(); {
	case named == noServer && !knowsNone(command):
		server.Target.SetString("")
	case named == "" || named == noServer:
	case typed["server"] && typed["results"]:
		return usage(fmt.Errorf("--server %s has results of its own, and --results %s are others: leave one of "+
			"the two out", named, results.Target.String()))
	case !typed["server"] && (typed["results"] || typed["state"] || typed["state-dir"] || typed["cluster"]):
		server.Target.SetString("")
	}
	return nil
}

// knowsNone tells whether a command does another thing when no server is to be asked than when none is named.
func knowsNone(command *kong.Context) bool {
	first, _, _ := strings.Cut(command.Command(), " ")
	return slices.Contains([]string{"run", "sweep", "map", "plan", "workflow"}, first)
}
