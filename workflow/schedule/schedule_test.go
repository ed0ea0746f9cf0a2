package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have none

	"pgregory.net/rapid"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func parse(t interface{ Fatal(...any) }, text, in string) *Cron {
	c, err := Parse(text, zone(t, in))
	if err != nil {
		t.Fatal(text, err)
	}
	return c
}

// What is due from an instant on, in UTC.
func TestNext(t *testing.T) {
	for _, one := range []struct{ text, zone, after, want string }{
		{"30 2 * * *", "UTC", "2026-03-01T02:30:00Z", "03-02T02:30 03-03T02:30"},
		{"*/20 9-10 * * MON-FRI", "UTC", "2026-03-06T10:30:00Z", "03-06T10:40 03-09T09:00 03-09T09:20"},
		{"0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", "02-29T00:00 02-29T00:00"},
		{"0 0 13 * 5", "UTC", "2026-03-01T00:00:00Z", "03-06T00:00 03-13T00:00 03-20T00:00"},
		{"0 0 * * 7", "UTC", "2026-03-01T00:00:00Z", "03-08T00:00"},
		{"@monthly", "UTC", "2026-01-31T12:00:00Z", "02-01T00:00 03-01T00:00"},
		{"0 0 1,15 JAN,jul *", "UTC", "2026-03-01T00:00:00Z", "07-01T00:00 07-15T00:00 01-01T00:00"},
		{"5/25 * * * *", "UTC", "2026-03-01T00:00:00Z", "03-01T00:05 03-01T00:30 03-01T00:55 03-01T01:05"},
		// Berlin leaves out 02:00 to 03:00 on March 29, and has it twice on October 25.
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", "03-28T01:30 03-29T01:00 03-30T00:30"},
		{"*/15 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "03-29T01:00 03-30T00:00"},
		{"0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "03-29T01:00 03-30T00:00"},
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "10-25T00:30 10-26T01:30"},
		{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "10-26T01:30"},
		{"30 * * * *", "Europe/Berlin", "2026-03-28T23:40:00Z", "03-29T00:30 03-29T01:30 03-29T02:30"},
		{"30 * * * *", "Europe/Berlin", "2026-10-24T23:40:00Z", "10-25T00:30 10-25T01:30 10-25T02:30"},
		// Midnight is left out in Beirut on March 29; Lord Howe moves by half an hour; Samoa left out a whole day.
		{"0 0 * * *", "Asia/Beirut", "2026-03-27T23:00:00Z", "03-28T22:00 03-29T21:00"},
		{"15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00:00Z", "10-03T15:30 10-04T15:15"},
		{"0 9 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", "12-29T19:00 12-30T10:00 12-30T19:00 12-31T19:00"},
		{"45 5 * * *", "Asia/Kathmandu", "2026-03-01T00:00:00Z", "03-02T00:00"},
	} {
		at, err := time.Parse(time.RFC3339, one.after)
		if err != nil {
			t.Fatal(err)
		}
		c := parse(t, one.text, one.zone)
		var got []string
		for range strings.Fields(one.want) {
			at = c.Next(at)
			got = append(got, at.UTC().Format("01-02T15:04"))
		}
		if strings.Join(got, " ") != one.want {
			t.Errorf("%s in %s after %s: %v, want %s", one.text, one.zone, one.after, got, one.want)
		}
	}
}

func TestWrongExpressions(t *testing.T) {
	for _, text := range []string{
		"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "-1 * * * *", "+1 * * * *", "1- * * * *",
		"5-1 * * * *", "*/0 * * * *", "*/x * * * *", "a * * * *", "1,,2 * * * *", "? * * * *", "* * L * *", "* * * * MON#2", "0 0 31 2 *", "0 0 30,31 2 *",
		"@often", "@reboot", strings.Repeat("1,", 200) + "1 * * * *", "* * * JANUARY *",
	} {
		if c, err := Parse(text, time.UTC); err == nil {
			t.Errorf("%q is %+v", text, c)
		}
	}
}

var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "America/Caracas",
}

// Over ten years and all their transitions: each day has each of its times once, in the order of the clock, at what the clock shows or, when
// that is left out, right behind the gap; and what has a pace keeps it by real time.
func TestEveryTransition(t *testing.T) {
	from, to := time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	transitions := 0
	for _, name := range zones {
		z := zone(t, name)
		for at := from; at.Before(to); {
			_, end := at.In(z).ZoneBounds()
			if end.IsZero() {
				break
			}
			transitions++
			checkAround(t, z, end)
			at = end
		}
	}
	if transitions < 120 {
		t.Errorf("there are %d transitions", transitions)
	}
}

// checkAround holds an expression of all quarters of all hours against a walk over the minutes around a transition.
func checkAround(t *testing.T, z *time.Location, at time.Time) {
	const around = 30 * time.Hour
	want := walk(z, at.Add(-around), at.Add(around))
	c, err := Parse("*/15 0-23 * * *", z)
	if err != nil {
		t.Fatal(err)
	}
	var got []time.Time
	for one := c.Next(at.Add(-around)); !one.After(at.Add(around)); one = c.Next(one) {
		got = append(got, one.UTC())
	}
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("%v around %v: %d are due, want %d:\n%v\n%v", z, at, len(got), len(want), got, want)
	}
	pace, err := Parse("7 * * * *", z)
	if err != nil {
		t.Fatal(err)
	}
	for one := at.Add(-around); one.Before(at.Add(around)); {
		next := pace.Next(one)
		for minute := one.Truncate(time.Minute).Add(time.Minute); minute.Before(next); minute = minute.Add(time.Minute) {
			if minute.In(z).Minute() == 7 {
				t.Fatalf("%v is due in %v, and %v is next", minute, z, next)
			}
		}
		if next.In(z).Minute() != 7 || next.In(z).Second() != 0 {
			t.Fatalf("%v is due in %v", next, z)
		}
		one = next
	}
}

// walk finds what is due by looking at the clock each minute: quarters that it shows for the first time, and the first minute behind what it
// leaves out, when a quarter was in it.
func walk(z *time.Location, from, to time.Time) (due []time.Time) {
	seen := map[string]bool{}
	wall := func(at time.Time) time.Time { // as one of UTC
		_, offset := at.In(z).Zone()
		return at.UTC().Add(time.Duration(offset) * time.Second)
	}
	start := from.Truncate(time.Minute).Add(-30 * time.Hour)
	highest := wall(start)
	for at := start; !at.After(to); at = at.Add(time.Minute) {
		is, now := false, wall(at)
		for w := highest.Add(time.Minute); !w.After(now); w = w.Add(time.Minute) {
			if w.Minute()%15 == 0 && !seen[w.String()] {
				seen[w.String()], is = true, true
			}
		}
		if now.After(highest) {
			highest = now
		}
		if is && at.After(from) {
			due = append(due, at)
		}
	}
	return due
}

// Next is after what it was asked for, due itself, and the same wherever between the two it is asked from.
func TestNextIsNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := func(least, most int, label string) string {
			n := rapid.IntRange(least, most).Draw(t, label)
			text := time.Duration(n).String()
			text = strings.TrimSuffix(text, "ns")
			return rapid.SampledFrom([]string{"*", text, "*/" + strings.ReplaceAll(text, "0", "1"), text + "," + text}).Draw(t, label+" text")
		}
		text := strings.Join([]string{part(0, 59, "minute"), part(0, 23, "hour"), part(1, 28, "day"), part(1, 12, "month"), part(0, 6, "week")}, " ")
		c, err := Parse(text, zone(t, rapid.SampledFrom(zones).Draw(t, "zone")))
		if err != nil {
			t.Skip(err.Error())
		}
		after := time.Unix(rapid.Int64Range(1_200_000_000, 1_900_000_000).Draw(t, "after"), 0)
		next := c.Next(after)
		if next.IsZero() || !next.After(after) {
			t.Fatalf("%s: %v is next after %v", text, next, after)
		}
		between := time.Unix(rapid.Int64Range(after.Unix(), next.Unix()-1).Draw(t, "between"), 0)
		if other := c.Next(between); !other.Equal(next) {
			t.Fatalf("%s: %v after %v, and %v after %v", text, next, after, other, between)
		}
	})
}
