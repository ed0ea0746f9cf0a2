package workflow

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

var keysOfSLA = []string{"by", "zone"}

const slaExample = `write a duration, sla: 2h, a time of day, sla: "06:00", or sla: {by: "06:00", zone: Europe/Berlin}`

// sla reads a duration, a time of day, or {by: "06:00", zone: Europe/Berlin}. The triggers of the workflow are read.
func (r *reading) sla(t *sweep.Tree) (s SLA) {
	switch {
	case !present(t):
		return s
	case t.List:
		r.Fail(t, "sla", "one promise is needed, not a list", slaExample)
		return s
	case t.Mapping:
		r.Keys(t, "sla", keysOfSLA)
		by := t.Get("by")
		if !present(by) {
			r.Fail(t, "sla", "`by` is missing, a time of day", slaExample)
			return s
		}
		var zone *time.Location
		if v := t.Get("zone"); present(v) {
			zone = r.zone(v, "sla.zone")
		}
		return r.clock(by, "sla.by", zone)
	case strings.Contains(t.Text, ":"):
		return r.clock(t, "sla", nil)
	case !startsWithDigit.MatchString(t.Text):
		r.Fail(t, "sla", fmt.Sprintf("`%s` is neither a duration nor a time of day", clipped(t.Text)), slaExample)
		return s
	}
	return SLA{Within: r.Duration(t, "sla")}
}

var (
	startsWithDigit = regexp.MustCompile(`^[-+]?[0-9.]`)
	timeOfDay       = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})$`)
)

// clock reads a time of day; without a zone in that of the workflow's crons, or in UTC.
func (r *reading) clock(t *sweep.Tree, field string, zone *time.Location) (s SLA) {
	if t.List || t.Mapping {
		r.Fail(t, field, "a time of day is needed", slaExample)
		return s
	}
	m := timeOfDay.FindStringSubmatch(strings.TrimSpace(t.Text))
	if m == nil {
		r.Fail(t, field, fmt.Sprintf("`%s` is no time of day", clipped(t.Text)),
			`write hours and minutes, as "06:00" or "18:30"`)
		return s
	}
	hour, _ := strconv.Atoi(m[1]) // of digits
	minute, _ := strconv.Atoi(m[2])
	if hour > 23 || minute > 59 {
		r.Fail(t, field, fmt.Sprintf("`%s` is no time of day", clipped(t.Text)), `write one from "00:00" to "23:59"`)
		return s
	}
	if zone == nil {
		zone = r.cronZone(t, field)
	}
	s, err := newClock(hour, minute, zone)
	if err != nil {
		r.Fail(t, field, err.Error(), slaExample)
	}
	return s
}

// cronZone is the zone of the workflow's crons, which have one together; without any UTC.
func (r *reading) cronZone(t *sweep.Tree, field string) *time.Location {
	zone := time.UTC
	first := true
	for _, one := range r.w.Triggers {
		if one.Cron == nil {
			continue
		}
		if its := one.Cron.Zone(); first {
			zone, first = its, false
		} else if its.String() != zone.String() {
			r.Fail(t, field, fmt.Sprintf("the crons of the file are in different zones, %s and %s", zone, its),
				fmt.Sprintf(`say in which it is: sla: {by: "06:00", zone: %s}`, zone))
			return zone
		}
	}
	return zone
}
