package workflow

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/workflow/schedule"
)

// SLA is the promise of when a run is done: one that is not done by then is late, and goes on. The zero SLA promises
// nothing.
type SLA struct {
	Within time.Duration // behind what it counts from; 0: Clock has it
	Clock  string        // a time of day, as 06:00; empty: Within has it

	daily *schedule.Cron // of Clock: each day at that time, in its zone
}

// newClock is the promise of a time of day.
func newClock(hour, minute int, zone *time.Location) (SLA, error) {
	daily, err := schedule.Parse(fmt.Sprintf("%d %d * * *", minute, hour), zone)
	return SLA{Clock: fmt.Sprintf("%02d:%02d", hour, minute), daily: daily}, err
}

// IsZero says whether nothing is promised.
func (s SLA) IsZero() bool { return s.Within == 0 && s.daily == nil }

// Zone is where Clock is shown; nil: there is no Clock.
func (s SLA) Zone() *time.Location {
	if s.daily == nil {
		return nil
	}
	return s.daily.Zone()
}

// Due is when a run is to be done that counts from an instant: Clock's is the next behind it. A time of day that clocks
// leave out is the first instant behind the gap, one that comes twice its first, as for a cron. The zero Time: nothing
// is promised.
func (s SLA) Due(from time.Time) time.Time {
	switch {
	case s.daily != nil:
		return s.daily.Next(from)
	case s.Within > 0:
		return from.Add(s.Within)
	}
	return time.Time{}
}

// String is the promise for people: 2h, or 06:00 Europe/Berlin. Empty: there is none.
func (s SLA) String() string {
	switch {
	case s.daily != nil:
		return s.Clock + " " + s.daily.Zone().String()
	case s.Within > 0:
		text := s.Within.String()
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	}
	return ""
}
