package accounting

import (
	"cmp"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// part is what attempts of one sweep used in one queue on one day.
type part struct {
	day   int64 // since 1970, in UTC
	queue string
	UsageAmounts
}

// attemptID is an attempt of the sweep that is counted.
type attemptID struct{ trial, attempt int32 }

func (a attemptID) compare(b attemptID) int {
	return cmp.Or(cmp.Compare(a.trial, b.trial), cmp.Compare(a.attempt, b.attempt))
}

// attemptTime is when an attempt ran.
type attemptTime struct {
	task, id   attemptID // task: the attempt whose task it ran in
	start, end int64     // Unix milliseconds
	demand     int32     // index into tally.used
}

// tally adds up what the attempts of a sweep used.
type tally struct {
	demands demands
	times   []attemptTime
	used    []demanded
	index   map[demanded]int32
}

// Times beyond these are of a clock or a record that is wrong.
const (
	longestAttempt = 3650 * dayMillis
	latestEnd      = 100_000 * dayMillis // of the year 2243
)

// add counts a record. One that was added before, and one that ends a trial which did not run then, changes nothing.
func (t *tally) add(r results.Record) {
	end := r.End
	if end == nil || end.State == sweep.AttemptCached || end.StartMs <= 0 || max(end.StartMs, end.EndMs) > latestEnd {
		return
	}
	if end.Agent == "" && end.EndMs <= end.StartMs {
		return // the trial waited, for its first attempt or the next
	}
	d := t.demands.of(end)
	d.known = d.known && end.EndMs-end.StartMs <= longestAttempt
	n, ok := t.index[d]
	if !ok {
		if t.index == nil {
			t.index = map[demanded]int32{}
		}
		n = int32(len(t.used))
		t.used, t.index[d] = append(t.used, d), n
	}
	one := attemptTime{id: attemptID{int32(r.Trial), int32(r.Attempt)}, start: end.StartMs,
		end: max(end.StartMs, end.EndMs), demand: n}
	one.task = one.id
	if _, trial, attempt, ok := cluster.TaskID(end.Task).Parse(); ok {
		one.task = attemptID{int32(trial), int32(attempt)}
	}
	t.times = append(t.times, one)
}

// parts is the sum by day and queue. Attempts of one task had its resources one after the other: those that were
// launched and lost before their turn add nothing to what the others had.
func (t *tally) parts() []part {
	slices.SortFunc(t.times, func(a, b attemptTime) int {
		return cmp.Or(a.task.compare(b.task), cmp.Compare(a.start, b.start), a.id.compare(b.id),
			cmp.Compare(a.end, b.end))
	})
	type place struct {
		day   int64
		queue string
	}
	sums := map[place]*UsageAmounts{}
	at := func(millis int64, queue string) *UsageAmounts {
		where := place{millis / dayMillis, queue}
		if sums[where] == nil {
			sums[where] = new(UsageAmounts)
		}
		return sums[where]
	}
	reached := int64(0) // until when what the task had is counted
	for i, one := range t.times {
		used := t.used[one.demand]
		if i == 0 || t.times[i-1].task != one.task {
			reached = 0
		}
		if last := max(i-1, 0); i == 0 || t.times[last].id != one.id || t.times[last].start != one.start {
			sum := at(max(one.start, one.end-1), used.queue)
			sum.Attempts++
			if !used.known {
				sum.Unknown++
			}
		}
		if !used.known {
			continue
		}
		for start := max(one.start, reached); start < one.end; {
			next := min(one.end, (start/dayMillis+1)*dayMillis)
			at(start, used.queue).add(used.hours(next - start))
			start = next
		}
		reached = max(reached, one.end)
	}
	out := make([]part, 0, len(sums))
	for where, sum := range sums {
		out = append(out, part{where.day, where.queue, *sum})
	}
	slices.SortFunc(out, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.queue, b.queue))
	})
	return out
}

// hours is what so many milliseconds of it are.
func (d demanded) hours(millis int64) UsageAmounts {
	const hour, mbOfGB = 3_600_000, 1024
	h := float64(millis) / hour
	of := func(m resource.Milli) float64 { return h * float64(m) / float64(resource.Unit) }
	return UsageAmounts{Hours: h, CPU: of(d.cpus), GB: of(d.mem) / mbOfGB, GPU: of(d.gpus)}
}

const dayMillis = 24 * 60 * 60 * 1000

// dayText is a day, of those since 1970, as people write it.
func dayText(day int64) string { return time.UnixMilli(day * dayMillis).UTC().Format(time.DateOnly) }
