package ledger

import (
	"fmt"
	"slices"
	"strings"
)

// standing is how a run stands to the others, for people.
type standing struct {
	kind  string // the line of the same kind need not be said again; empty: it is alone
	line  string
	waits string // for whom; empty: it has room for a trial
}

func stand(me Entry, may Amount, mine part, others []Entry) standing {
	if len(others) == 0 {
		return standing{line: "no other kaon run is on this machine any more: this one has all of it"}
	}
	who := names(others)
	if me.Trials == 0 || me.Need.within(may.size()) {
		return standing{kind: "shares with " + who, line: "sharing this machine with " + who}
	}
	s := standing{kind: "makes way for " + who, waits: fmt.Sprintf("%s %s", who, using(me, others))}
	if mine.trials > 0 {
		s.line = fmt.Sprintf("waiting: %s; this one starts as trials there end, and shares the machine then", s.waits)
		return s
	}
	s.kind = "waits for " + who
	s.line = fmt.Sprintf("waiting: %s; this one starts when there is room for its trials", s.waits)
	return s
}

// names are the runs, in the order in which they began.
func names(entries []Entry) string {
	entries = slices.Clone(entries)
	order(entries)
	var all []string
	for _, e := range entries {
		all = append(all, fmt.Sprintf("pid %d, sweep %s", e.PID, e.Name))
	}
	if len(all) == 1 {
		return "another kaon run (" + all[0] + ")"
	}
	return "other kaon runs (" + strings.Join(all, "; ") + ")"
}

// using is what the others have of that which a run lacks.
func using(me Entry, others []Entry) string {
	all := pool(append(slices.Clone(others), me))
	var have Need
	for _, o := range others {
		have = have.plus(o.Claim.size())
	}
	verb := "uses"
	if len(others) > 1 {
		verb = "use"
	}
	const thousand = 1000
	switch {
	case all.CPUs-have.CPUs < me.Need.CPUs:
		return fmt.Sprintf("%s %g of %g cpus", verb, float64(have.CPUs)/thousand, float64(all.CPUs)/thousand)
	case len(all.GPUs)-have.GPUs < me.Need.GPUs:
		return fmt.Sprintf("%s %d of %d gpus", verb, have.GPUs, len(all.GPUs))
	}
	return fmt.Sprintf("%s %d of %d MB of memory", verb, have.Mem/thousand, all.Mem/thousand)
}
