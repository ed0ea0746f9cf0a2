package ledger

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Amount is what runs contend for.
type Amount struct {
	CPUs resource.Milli `json:"cpus"` // thousandths of one
	Mem  resource.Milli `json:"mem"`  // thousandths of a MB
	GPUs []string       `json:"gpus,omitempty"`
}

// Entry is what a run says of itself to the others.
type Entry struct {
	PID     int    `json:"pid"`
	Name    string `json:"sweep"`
	Began   int64  `json:"began"`   // ns since 1970: who began first is served first
	Machine Amount `json:"machine"` // what there is for it, if it is alone
	Need    Need   `json:"need"`    // of its largest trial
	Trials  int    `json:"trials"`  // how many it would run at once at most
	Claim   Amount `json:"claim"`
}

// Need is what one trial needs.
type Need struct {
	CPUs resource.Milli `json:"cpus"`
	Mem  resource.Milli `json:"mem"`
	GPUs int            `json:"gpus,omitempty"`
}

func (n Need) plus(o Need) Need   { return Need{n.CPUs + o.CPUs, n.Mem + o.Mem, n.GPUs + o.GPUs} }
func (n Need) within(o Need) bool { return n.CPUs <= o.CPUs && n.Mem <= o.Mem && n.GPUs <= o.GPUs }

func (a Amount) size() Need { return Need{a.CPUs, a.Mem, len(a.GPUs)} }

// part is what a run should have, and for how many trials.
type part struct {
	Need
	trials int
}

// mostRounds bounds the trials per run that are counted: no machine holds more, unless they need nothing.
const mostRounds = 4096

// order sorts entries by who is served first.
func order(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Began, b.Began), cmp.Compare(a.PID, b.PID), cmp.Compare(a.Name, b.Name))
	})
}

// pool is the machine as the run with the widest view of it sees it.
func pool(entries []Entry) Amount {
	var all Amount
	for _, e := range entries {
		all.CPUs, all.Mem = max(all.CPUs, e.Machine.CPUs), max(all.Mem, e.Machine.Mem)
		for _, id := range e.Machine.GPUs {
			if !slices.Contains(all.GPUs, id) {
				all.GPUs = append(all.GPUs, id)
			}
		}
	}
	return all
}

// plan says what each of the runs, in order, should have. A run in whose way others are that came before gets
// nothing; it comes first when they have ended.
func plan(entries []Entry) []part {
	parts := make([]part, len(entries))
	if len(entries) == 1 {
		parts[0] = part{entries[0].Machine.size(), entries[0].Trials}
		return parts
	}
	all := pool(entries).size()
	var taken Need
	grow := func(i int) bool {
		e, p := &entries[i], &parts[i]
		next := p.plus(e.Need)
		if p.trials >= min(e.Trials, mostRounds) || !next.within(e.Machine.size()) ||
			!taken.plus(e.Need).within(all) {
			return false
		}
		p.Need, p.trials, taken = next, p.trials+1, taken.plus(e.Need)
		return true
	}
	for i := range parts {
		grow(i)
	}
	for more := true; more; {
		more = false
		for i := range parts {
			more = parts[i].trials > 0 && grow(i) || more
		}
	}
	// What is left is too little for anybody's largest trial. Smaller ones may fit.
	for i, e := range entries {
		if p := &parts[i]; p.trials > 0 && p.trials < e.Trials {
			own := e.Machine.size()
			rest := Need{
				min(all.CPUs-taken.CPUs, own.CPUs-p.CPUs),
				min(all.Mem-taken.Mem, own.Mem-p.Mem),
				min(all.GPUs-taken.GPUs, own.GPUs-p.GPUs),
			}
			p.Need, taken = p.plus(rest), taken.plus(rest)
		}
	}
	return parts
}

// share is what a run may use now: its part, of what the others do not claim. Devices in use come first, then
// those that it claimed before.
func share(me Entry, others []Entry, used []string) (may Amount, want part) {
	entries := append(slices.Clone(others), me)
	order(entries)
	at := slices.IndexFunc(entries, func(e Entry) bool {
		return e.PID == me.PID && e.Began == me.Began && e.Name == me.Name
	})
	want = plan(entries)[at]
	free := pool(entries)
	for _, o := range others {
		free.CPUs -= o.Claim.CPUs
		free.Mem -= o.Claim.Mem
		free.GPUs = slices.DeleteFunc(free.GPUs, func(id string) bool { return slices.Contains(o.Claim.GPUs, id) })
	}
	may.CPUs, may.Mem = max(0, min(want.CPUs, free.CPUs)), max(0, min(want.Mem, free.Mem))
	for _, ids := range [][]string{used, me.Claim.GPUs, me.Machine.GPUs} {
		for _, id := range ids {
			if len(may.GPUs) < want.GPUs && slices.Contains(free.GPUs, id) &&
				slices.Contains(me.Machine.GPUs, id) && !slices.Contains(may.GPUs, id) {
				may.GPUs = append(may.GPUs, id)
			}
		}
	}
	return may, want
}

// claim is what a run must be left: what it may use, and what it uses still.
func claim(may, used Amount) Amount {
	c := Amount{CPUs: max(may.CPUs, used.CPUs), Mem: max(may.Mem, used.Mem), GPUs: slices.Clone(may.GPUs)}
	for _, id := range used.GPUs {
		if !slices.Contains(c.GPUs, id) {
			c.GPUs = append(c.GPUs, id)
		}
	}
	return c
}
