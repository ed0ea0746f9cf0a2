package main

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
)

// origin is where a sweep comes from as `kaon status --json` prints it.
type origin struct {
	File string   `json:"file,omitempty"`
	Set  []string `json:"set,omitempty"`
	store.Provenance
}

// printProvenance says where a sweep comes from.
func printProvenance(w io.Writer, p origin) {
	if len(p.Runs) > 0 {
		first, last := p.Runs[0], p.Runs[len(p.Runs)-1]
		fmt.Fprintf(w, "started %s by %s on %s in %s with: %s\n", moment(first.Started), first.User, first.Host,
			first.Dir, first.Command)
		if len(p.Runs) > 1 {
			fmt.Fprintf(w, "last worked on from %s to %s with: %s\n", moment(last.Started),
				moment(cmp.Or(last.Ended, "now or its death")), last.Command)
		}
	}
	for _, set := range p.Set {
		fmt.Fprintf(w, "set: %s\n", set)
	}
	if p.File != "" {
		commit := ""
		if g := p.Git; g != nil {
			commit = ", at commit " + g.Commit[:min(len(g.Commit), 12)]
			if g.Dirty {
				commit += " with changes"
			}
		}
		fmt.Fprintf(w, "spec: %s%s, kaon %s\n", p.File, commit, p.Kaon)
	}
}

// moment is a time for people, where it is one.
func moment(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return at.Local().Format(time.DateTime)
}
