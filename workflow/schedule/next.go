package schedule

import "time"

// farthest is how many days are looked through for the next time: a February 29 on a Monday may be forty years away.
const farthest = 40*366 + 2

// Next is the first instant after another at which it is due; the zero Time: there is none.
func (c *Cron) Next(after time.Time) time.Time {
	local := after.In(c.zone)
	year, month, day := local.Date()
	for n := -1; n < farthest; n++ { // from the day before: clocks may have been set back over midnight
		d := time.Date(year, month, day+n, 0, 0, 0, 0, time.UTC)
		if !c.on(d) {
			continue
		}
		var at time.Time
		if c.everyHour {
			at = c.paced(d, after)
		} else {
			at = c.within(d, after)
		}
		if !at.IsZero() {
			return at.In(c.zone)
		}
	}
	return time.Time{}
}

// on says whether a day is one of its days.
func (c *Cron) on(d time.Time) bool {
	if !has(c.months, int(d.Month())) {
		return false
	}
	day, week := has(c.days, d.Day()), has(c.weeks, int(d.Weekday()))
	if c.anyDay || c.anyWeek {
		return day && week
	}
	return day || week
}

// within is the first instant after another of the times of a day, which is given in UTC; the zero Time: there is none.
func (c *Cron) within(d, after time.Time) time.Time {
	for hour := range 24 {
		if !has(c.hours, hour) {
			continue
		}
		for minute := range 60 {
			if !has(c.minutes, minute) {
				continue
			}
			if at := instant(d.Add(time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute),
				c.zone); at.After(after) {
				return at
			}
		}
	}
	return time.Time{}
}

// paced is the first instant after another in a day at which clocks show one of its minutes, and no second; the zero
// Time: there is none.
func (c *Cron) paced(d, after time.Time) time.Time {
	end := instant(d.AddDate(0, 0, 1), c.zone)
	at := instant(d, c.zone)
	if at.Before(after) {
		at = after
	}
	for at = at.Add(-time.Duration(at.Nanosecond())); at.Before(end); {
		local := at.In(c.zone)
		if local.Second() == 0 && has(c.minutes, local.Minute()) && at.After(after) && local.Day() == d.Day() {
			return at
		}
		at = at.Add(time.Duration(60-local.Second()) * time.Second)
	}
	return time.Time{}
}

// widest is more than any clock differs from UTC.
const widest = 26 * time.Hour

// instant is when clocks of a zone first show a time, which is given as one of UTC, or, when they leave it out, the
// first instant behind the gap.
func instant(wall time.Time, zone *time.Location) time.Time {
	for from := wall.Add(-widest); ; {
		local := from.In(zone)
		start, end := local.ZoneBounds()
		_, offset := local.Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		switch {
		case !start.IsZero() && at.Before(start): // it would have been in the zone before, which has ended
			return start.UTC()
		case end.IsZero() || at.Before(end):
			return at
		}
		from = end
	}
}

// Previous is the last instant before another at which it is due; the zero Time: there is none within some years.
func (c *Cron) Previous(before time.Time) time.Time {
	const day = 24 * time.Hour
	for _, back := range []time.Duration{time.Hour, 2 * day, 35 * day, 400 * day, farthest * day} {
		last := time.Time{}
		for at := c.Next(before.Add(-back)); !at.IsZero() && at.Before(before); at = c.Next(at) {
			last = at
		}
		if !last.IsZero() {
			return last
		}
	}
	return time.Time{}
}
