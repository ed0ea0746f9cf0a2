package workflow

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

const promised = "steps: {a: {command: x}}\ngraph: a\n"

// By when runs are to be done. A time of day that clocks leave out, or show twice, is as for a cron: Berlin leaves out 02:00 to 03:00 on March 29, and
// has it twice on October 25; Samoa left out a whole day.
func TestSLA(t *testing.T) {
	berlin := "triggers: [{cron: '0 1 * * *', zone: Europe/Berlin}, {cron: '0 2 * * *', zone: Europe/Berlin}]\n"
	for _, one := range []struct{ text, from, due, shown string }{
		{"sla: 2h", "2026-03-01T04:00:00Z", "2026-03-01T06:00:00Z", "2h"},
		{"sla: 90", "2026-03-01T04:00:00Z", "2026-03-01T04:01:30Z", "1m30s"},
		{"sla: 1d", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "24h"},
		{"sla: 90m", "2026-03-01T04:00:00Z", "2026-03-01T05:30:00Z", "1h30m"},
		{`sla: "06:00"`, "2026-03-01T04:00:00Z", "2026-03-01T06:00:00Z", "06:00 UTC"},
		{`sla: 06:00`, "2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z", "06:00 UTC"},
		{`sla: "6:30"`, "2026-03-01T05:59:59.999Z", "2026-03-01T06:30:00Z", "06:30 UTC"},
		{`sla: 23:59`, "2026-03-01T23:59:30Z", "2026-03-02T23:59:00Z", "23:59 UTC"},
		{`sla: {by: "06:00"}`, "2026-03-01T04:00:00Z", "2026-03-01T06:00:00Z", "06:00 UTC"},
		{berlin + `sla: "06:00"`, "2026-03-01T04:00:00Z", "2026-03-01T05:00:00Z", "06:00 Europe/Berlin"},
		{berlin + `sla: {by: "06:00", zone: UTC}`, "2026-03-01T04:00:00Z", "2026-03-01T06:00:00Z", "06:00 UTC"},
		{`sla: {by: "02:30", zone: Europe/Berlin}`, "2026-03-28T20:00:00Z", "2026-03-29T01:00:00Z", "02:30 Europe/Berlin"},
		{`sla: {by: "02:30", zone: Europe/Berlin}`, "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "02:30 Europe/Berlin"},
		{`sla: {by: "02:30", zone: Europe/Berlin}`, "2026-10-24T20:00:00Z", "2026-10-25T00:30:00Z", "02:30 Europe/Berlin"},
		{`sla: {by: "02:30", zone: Europe/Berlin}`, "2026-10-25T00:45:00Z", "2026-10-26T01:30:00Z", "02:30 Europe/Berlin"},
		{`sla: {by: "09:00", zone: Pacific/Apia}`, "2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "09:00 Pacific/Apia"},
		{"", "2026-03-01T04:00:00Z", "0001-01-01T00:00:00Z", ""},
	} {
		w, err := Read("f.yaml", []byte(one.text+"\n"+promised))
		if err != nil {
			t.Errorf("%s: %v", one.text, err)
			continue
		}
		from, err := time.Parse(time.RFC3339, one.from)
		if err != nil {
			t.Fatal(err)
		}
		if due := w.SLA.Due(from).UTC().Format(time.RFC3339); due != one.due || w.SLA.String() != one.shown || w.SLA.IsZero() != (one.text == "") {
			t.Errorf("%s from %s: %q is due at %s, want %q at %s", one.text, one.from, w.SLA, due, one.shown, one.due)
		}
	}
}

func TestWrongSLAs(t *testing.T) {
	for text, want := range map[string]string{
		"sla: soon":                             "`soon` is neither a duration nor a time of day",
		"sla: -2h":                              "a duration above 0",
		"sla: 0":                                "a duration above 0",
		"sla: 2 hours":                          "write `2h`",
		"sla: 20y":                              "a duration above 0",
		"sla: 1e300":                            "a duration above 0",
		`sla: "24:00"`:                          `write one from "00:00" to "23:59"`,
		`sla: "06:60"`:                          `write one from "00:00" to "23:59"`,
		`sla: "06:00:00"`:                       `write hours and minutes`,
		`sla: "06:00 CET"`:                      `write hours and minutes`,
		`sla: "٠٦:٠٠"`:                          `is no time of day`,
		`sla: [2h]`:                             "one promise is needed",
		`sla: {}`:                               "`by` is missing",
		`sla: {zone: UTC}`:                      "`by` is missing",
		`sla: {by: 2h}`:                         "`2h` is no time of day",
		`sla: {by: [1]}`:                        "a time of day is needed",
		`sla: {by: "06:00", zone: Mars/Base}`:   "f.yaml:1:26: sla.zone: there is no time zone `Mars/Base`",
		`sla: {by: "06:00", zone: Local}`:       "no time zone",
		`sla: {by: "06:00", zone: localtime}`:   "no time zone",
		`sla: {by: "06:00", zone: posixrules}`:  "no time zone",
		`sla: {by: "06:00", zone: ../../etc/x}`: "no time zone",
		`sla: {by: "06:00", zon: UTC}`:          "did you mean `zone`?",
		"triggers: [{cron: '0 0 * * *', zone: Europe/Berlin}, {cron: '0 0 * * *'}]\nsla: '06:00'": `say in which it is: sla: {by: "06:00", zone: Europe/Berlin}`,
		"slo: 2h": "did you mean `sla`?",
	} {
		_, err := Read("f.yaml", []byte(text+"\n"+promised))
		var all sweep.Errors
		if !errors.As(err, &all) || len(all) != 1 || !strings.Contains(err.Error(), want) || all[0].Remedy == "" || all[0].Line == 0 {
			t.Errorf("%s: %v, want %q in it", text, err, want)
		}
	}
}
