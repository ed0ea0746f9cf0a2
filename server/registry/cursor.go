package registry

import (
	"slices"
	"strconv"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
)

// mostSeen is how many ends are known one by one. Those of two runs may become known in another order than they came.
const mostSeen = 1000

// onTime is how late an instant may be taken that was not missed.
const onTime = time.Minute

// whatOf is what a trigger waits for.
func whatOf(t workflow.Trigger) string {
	switch t.Kind {
	case workflow.OnCron:
		return t.Cron.String() + " " + t.Cron.Zone().String()
	case workflow.OnRun:
		return t.Workflow
	case workflow.OnFile:
		return t.File
	case workflow.OnSweep:
		return t.Sweeps.String()
	}
	return t.Signal
}

// cursorsOf are the cursors of a workflow's triggers; those of triggers that are new begin now.
func (e *entry) cursorsOf(wf *workflow.Workflow, now time.Time) (all map[string]cursor, changed bool) {
	all = map[string]cursor{}
	for _, t := range wf.Triggers {
		c, known := e.Cursors[t.Name]
		if !known || c.What != whatOf(t) {
			c, changed = cursor{What: whatOf(t), At: now.UnixMilli(), File: t.Kind == workflow.OnFile,
				Based: t.Existing}, true
		}
		all[t.Name] = c
	}
	return all, changed
}

// fromNow are cursors from which on what is due by then is not taken: files stay known, others begin anew.
func fromNow(all map[string]cursor) map[string]cursor {
	left := map[string]cursor{}
	for name, c := range all {
		if c.File {
			c.Based = false
			left[name] = c
		}
	}
	return left
}

// isAhead tells whether what is due was taken up to a time that is to come: the clock has been set back since, and
// nothing would run until then.
func (c *cursor) isAhead(now time.Time) bool {
	return !c.File && c.At > now.Add(onTime).UnixMilli()
}

// ofAhead tells of an end, behind the cursor, whether it is of when the clock was ahead.
func (c *cursor) ofAhead(ended int64, now time.Time) bool {
	return c.Ahead && ended > now.Add(onTime).UnixMilli()
}

// endKey is of an end of a run or a sweep; one that is run again has another.
func endKey(id string, ended int64) string { return id + "@" + strconv.FormatInt(ended, 10) }

// has tells whether an end was taken, or is of before.
func (c *cursor) has(id string, ended int64) bool {
	return ended <= c.At || slices.Contains(c.Seen, endKey(id, ended))
}

// take has what was seen be taken.
func (c *cursor) take(t workflow.Trigger, s sighting) {
	if t.Kind == workflow.OnSweep {
		c.add(s.source, s.at.UnixMilli())
		return
	}
	c.see(s.key)
}

// see has a file be known.
func (c *cursor) see(key string) { c.Seen = append(c.Seen, key) }

// mostFiles is how many files are known at least: those that are gone may come back, as with a disk that was away.
const mostFiles = 20_000

// forget lets go of the oldest files that are there no more, beyond some.
func (c *cursor) forget(now map[string]bool) (changed bool) {
	over := len(c.Seen) - mostFiles
	if over <= 0 {
		return false
	}
	c.Seen = slices.DeleteFunc(slices.Clone(c.Seen), func(key string) bool {
		if over == 0 || now[key] {
			return false
		}
		over--
		return true
	})
	return true
}

// add has an end be taken.
func (c *cursor) add(id string, ended int64) {
	c.Seen, c.Ends = append(slices.Clip(c.Seen), endKey(id, ended)), append(slices.Clip(c.Ends), ended)
	if len(c.Seen) <= mostSeen {
		return
	}
	order := make([]int, len(c.Ends))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(c.Ends[a] - c.Ends[b]) })
	var next cursor
	for n, i := range order {
		if n < mostSeen/2 {
			c.At = max(c.At, c.Ends[i])
			continue
		}
		if c.Ends[i] > c.At {
			next.Seen, next.Ends = append(next.Seen, c.Seen[i]), append(next.Ends, c.Ends[i])
		}
	}
	c.Seen, c.Ends = next.Seen, next.Ends
}
