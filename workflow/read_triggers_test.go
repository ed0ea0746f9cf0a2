package workflow

import (
	"strings"
	"testing"
	"time"
)

const triggered = "parameters: {day: {type: string}, n: 1}\nsteps: {a: {command: x}}\ngraph: a\n"

func TestTriggers(t *testing.T) {
	w, err := Read("f.yaml", []byte(triggered+`
run_strategy: {rule: parallel, limit: 3, queue: 5}
triggers:
  - {cron: "30 2 * * MON-FRI", zone: Europe/Berlin, catch_up: all, most: 7, parameters: {day: "${trigger.date}"}}
  - {cron: "@hourly", parameters: {day: "${trigger.previous}", n: 2}}
  - {name: behind, after: {workflow: prepare}, parameters: {day: "${trigger.outputs.a.x}"}}
  - {signal: go, parameters: {day: "${trigger.payload.day}-${trigger.name}"}}
  - {file: "s3://bucket/in/*.csv", existing: true, every: 1m, parameters: {day: "${trigger.etag}", n: "${trigger.size}"}}
  - {file: /in/, parameters: {day: "${trigger.file}"}}
  - {sweep: nightly, parameters: {day: "${trigger.winner.params.lr}"}}
  - {sweep: {label: [a, b], state: [failed, stopped]}, parameters: {day: "${trigger.reason}"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if (w.Strategy != Strategy{Concurrent, 3, 5}) || len(w.Triggers) != 8 {
		t.Errorf("%+v", w)
	}
	for i, want := range []struct {
		name  string
		kind  TriggerKind
		catch CatchUp
		most  int
	}{{"cron", OnCron, CatchUpAll, 7}, {"cron-2", OnCron, CatchUpLast, 100}, {"behind", OnRun, "", 0}, {"signal", OnSignal, "", 0}, {"file", OnFile, "", 0}, {"file-2", OnFile, "", 0}, {"sweep", OnSweep, "", 0}, {"sweep-2", OnSweep, "", 0}} {
		if one := w.Triggers[i]; one.Name != want.name || one.Kind != want.kind || one.CatchUp != want.catch || one.Most != want.most {
			t.Errorf("%+v, want %+v", one, want)
		}
	}
	if first, second := w.Triggers[4], w.Triggers[5]; !first.Existing || first.Every != time.Minute || second.Existing || second.Every != 10*time.Second || second.File != "/in/" {
		t.Errorf("%+v, %+v", first, second)
	}
	if first, second := w.Triggers[6].Sweeps.String(), w.Triggers[7].Sweeps.String(); first != "nightly (succeeded)" || second != "(failed, stopped, label a, label b)" {
		t.Errorf("%q, %q", first, second)
	}
	for text, rule := range map[string]Strategy{
		"":                                    {Concurrent, 16, 100},
		"run_strategy: sequential\n":          {Sequential, 1, 100},
		"run_strategy: {rule: latest_only}\n": {LatestOnly, 1, 100},
		"run_strategy: {limit: 2}\n":          {Concurrent, 2, 100},
	} {
		if w, err := Read("f.yaml", []byte(text+triggered)); err != nil || w.Strategy != rule {
			t.Errorf("%q: %+v, %v", text, w, err)
		}
	}
}

func TestWrongTriggers(t *testing.T) {
	for text, want := range map[string]string{
		"run_strategy: last_only":                                                                            "did you mean `latest_only`?",
		"run_strategy: {rule: sequential, limit: 2}":                                                         "one run at a time",
		"run_strategy: {rule: parallel, limit: 0}":                                                           "limit",
		"run_strategy: {rule: paralel}":                                                                      "did you mean `parallel`?",
		"triggers: daily":                                                                                    "a list is needed",
		"triggers: [{cron: '0 0 * * *'}]":                                                                    "parameter `day` has no default",
		"triggers: [{zone: UTC, parameters: {day: x}}]":                                                      "one of `cron`, `after`, `signal`, `file` and `sweep`",
		"triggers: [{cron: '0 0 * * *', signal: x, parameters: {day: x}}]":                                   "one of `cron`, `after`, `signal`, `file` and `sweep`",
		"triggers: [{cron: '0 24 * * *', parameters: {day: x}}]":                                             "hour: `24`",
		"triggers: [{cron: '0 0 * * *', zone: Mars/Base, parameters: {day: x}}]":                             "no time zone `Mars/Base`",
		"triggers: [{cron: '0 0 * * *', zone: ../../x, parameters: {day: x}}]":                               "no time zone",
		"triggers: [{cron: '0 0 * * *', zone: Local, parameters: {day: x}}]":                                 "no time zone",
		"triggers: [{cron: '0 0 * * *', zone: localtime, parameters: {day: x}}]":                             "no time zone `localtime`",
		"triggers: [{cron: '0 0 * * *', zone: posixrules, parameters: {day: x}}]":                            "no time zone `posixrules`",
		"triggers: [{cron: '0 0 * * *', catch_up: some, parameters: {day: x}}]":                              "none of none, last, all",
		"triggers: [{cron: '0 0 * * *', most: 3, parameters: {day: x}}]":                                     "catch_up: all",
		"triggers: [{signal: go, most: 3, parameters: {day: x}}]":                                            "`most` is of cron",
		"triggers: [{signal: 'a b', parameters: {day: x}}]":                                                  "cannot be a signal",
		"triggers: [{after: {}, parameters: {day: x}}]":                                                      "a workflow is missing",
		"triggers: [{signal: go, parameters: {day: x, m: 1}}]":                                               "no parameter `m`",
		"triggers: [{signal: go, parameters: {day: 3}}]":                                                     "is needed",
		"triggers: [{signal: go, parameters: {day: '${trigger.run}'}}]":                                      "there are: trigger.kind",
		"triggers: [{signal: go, parameters: {day: '${day}'}}]":                                              "there is no `day` here",
		"triggers: [{signal: go, parameters: {day: '${trigger.'}}]":                                          "not closed",
		"triggers: [{name: x, signal: a, parameters: {day: a}}, {name: x, signal: b, parameters: {day: a}}]": "two triggers",
		"triggers: [{file: in/*.csv, parameters: {day: x}}]":                                                 "is no absolute path",
		"triggers: [{file: /in/../*.csv, parameters: {day: x}}]":                                             "is no absolute path",
		"triggers: [{file: /, parameters: {day: x}}]":                                                        "is no absolute path",
		"triggers: [{file: '/in/[', parameters: {day: x}}]":                                                  "is no pattern",
		"triggers: [{file: s3://bucket, parameters: {day: x}}]":                                              "names no objects",
		"triggers: [{file: 's3://b*/x', parameters: {day: x}}]":                                              "names no objects",
		"triggers: [{file: /in/x, every: 10ms, parameters: {day: x}}]":                                       "once a second at most",
		"triggers: [{signal: go, existing: true, parameters: {day: x}}]":                                     "`existing` is of file",
		"triggers: [{file: /in/x, parameters: {day: '${trigger.payload}'}}]":                                 "trigger.size",
		"triggers: [{sweep: {state: failed}, parameters: {day: x}}]":                                         "neither a name nor a label",
		"triggers: [{sweep: '', parameters: {day: x}}]":                                                      "neither a name nor a label",
		"triggers: [{sweep: {label: x, state: fialed}, parameters: {day: x}}]":                               "did you mean `failed`?",
		"triggers: [{signal: go, sginal: x, parameters: {day: x}}]":                                          "sginal",
	} {
		_, err := Read("f.yaml", []byte(text+"\n"+triggered))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", text, err, want)
		}
	}
}
