package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
)

// byRule is how many trials were ended early, for people: "31 by asha, 2 by plateau".
func byRule(n map[sweep.StopRule]int) string {
	var parts []string
	for _, rule := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%d by %s", n[rule], rule))
	}
	return strings.Join(parts, ", ")
}

// losers are those of them that count as stopped: the others had all they could have.
func losers(n map[sweep.StopRule]int) (sum int) {
	for rule, k := range n {
		if rule != sweep.Plateau && rule != sweep.Budget {
			sum += k
		}
	}
	return sum
}

// endedEarly is how a table says that a trial was ended early; empty: it was not.
func endedEarly(t board.Trial) string {
	a := t.Decisive()
	if a == nil || a.End == nil || a.End.Stop == nil {
		return ""
	}
	if a.End.Stop.Rule == sweep.Racing { // it never began
		return " by racing"
	}
	return fmt.Sprintf(" by %s, step %d", a.End.Stop.Rule, a.End.Stop.Step)
}

// printEarly says what ends trials early, and what a sweep would cost with it.
func printEarly(w io.Writer, p plan.Plan) {
	for _, e := range p.Early {
		fmt.Fprintln(w, e.Sentence)
	}
}
