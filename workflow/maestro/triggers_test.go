package maestro

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/workflow"
)

// What begins runs, and how many there are at once, is carried; of what is not, it is said that it begins none.
func TestTriggersAndStrategies(t *testing.T) {
	const rest = `"steps": [{"step": {"id": "a", "type": "NoOp"}}]`
	for _, c := range [][2]string{
		{`"run_strategy": "sequential"`, `run_strategy {"rule":"sequential"}`},
		{`"run_strategy": {"rule": "PARALLEL", "workflow_concurrency": 3}`,
			`run_strategy {"limit":3,"rule":"parallel"}`},
		{`"run_strategy": {"rule": "last_only", "workflow_concurrency": 1}`,
			`run_strategy {"rule":"latest_only"}`},
		{`"run_strategy": "SERIAL_LATEST_ONLY"`, `run_strategy {"rule":"latest_only"}`},
		{`"run_strategy": "first_only"`, `run_strategy {"rule":"first_only"}`},
		{`"run_strategy": "strict_sequential"`, `a run that has failed does not hold up the next`},
		{`"run_strategy": "whim"`, "run_strategy: there is no `whim` here"},
		{`"time_triggers": [{"type": "CRON", "cron": "5 4 * * MON-FRI"}]`,
			`triggers [{"cron":"5 4 * * MON-FRI","zone":"UTC"}]`},
		{`"time_triggers": [{"cron": "0 0 12 1/1 * ? *", "timezone": "US/Pacific"}]`,
			`{"cron":"0 12 1/1 * *","zone":"US/Pacific"}`},
		{`"time_triggers": [{"cron": "0 30 6 ? * 2-6"}]`, `{"cron":"30 6 * * 1-5","zone":"UTC"}`},
		{`"time_triggers": [{"expression": "@daily", "type": "PREDEFINED"}]`,
			`{"cron":"@daily","zone":"UTC"}`},
		{`"time_triggers": [{"cron": "30 0 12 * * ?"}]`,
			"time_triggers.0: `30 0 12 * * ?`: it has 6 fields"},
		{`"time_triggers": [{"cron": "0 0 12 ? * 6L"}]`, "it begins no runs"},
		{`"time_triggers": [{"cron": "@daily", "timezone": "Nowhere"}]`,
			"there is no time zone `Nowhere`: it begins no runs"},
		{`"signal_triggers": [{"definitions": {"db/table": {}}}]`, `triggers [{"signal":"db_table"}]`},
		{`"signal_triggers": [{"definitions": {"a": {}, "b": {}}}]`,
			"it begins no runs, for it waits for 2 signals together: a, b"},
		{`"signal_triggers": [{"definitions": {"a": {"match_params": {"x": 1}}}}]`,
			"it begins no runs, for not every signal `a` would"},
		{`"timeout": "0s"`, "`0s` is not carried"},
	} {
		keys, want := c[0], c[1]
		for _, src := range []string{
			`{"properties": {` + keys + `}, "workflow": {"id": "w", ` + rest + `}}`,
			`{"workflow": {"id": "w", ` + keys + `, ` + rest + `}}`,
		} {
			file, left, err := Read([]byte(src))
			if err != nil {
				t.Errorf("%s: %v", keys, err)
				continue
			}
			if _, err := workflow.Read("w", file); err != nil {
				t.Errorf("%s: it cannot be read: %v", keys, err)
			}
			var read map[string]json.RawMessage
			if err := json.Unmarshal(file, &read); err != nil {
				t.Fatal(err)
			}
			told := strings.Join(left, "\n")
			for key, v := range read {
				var line bytes.Buffer
				if err := json.Compact(&line, v); err != nil {
					t.Fatal(err)
				}
				told += "\n" + key + " " + line.String()
			}
			if !strings.Contains(told, want) {
				t.Errorf("%s: it becomes\n%s\nwant %s", keys, told, want)
			}
		}
	}
}

// A step begins behind the signals that it waits for.
func TestSignalsThatStepsWaitFor(t *testing.T) {
	const src = `{"workflow": {"id": "w", "steps": [
		{"step": {"id": "a", "type": "NoOp", "transition": {"successors": {"b": "true"}}}},
		{"step": {"id": "b", "type": "NoOp", "signal_dependencies": %}},
		{"foreach": {"id": "c", "params":
				{"loop_params": {"value": {"i": {"value": [1], "type": "LONG_ARRAY"}}, "type": "MAP"}},
			"signal_dependencies": [{"name": "go"}], "steps": [{"step": {"id": "d", "type": "NoOp"}}]}}]}}`
	for _, dependencies := range []string{
		`[{"name": "x/y", "match_params": {"p": {"param": {"value": 1}}}}, {"name": "z"}]`,
		`{"definitions": [{"name": "x/y"}, {"name": "z"}]}`,
	} {
		file, left, err := Read([]byte(strings.Replace(src, "%", dependencies, 1)))
		if err != nil {
			t.Fatal(err)
		}
		w, err := workflow.Read("w", file)
		if err != nil {
			t.Fatal(err)
		}
		const graph = "a -> b_signal -> b_signal_2 -> b; c_signal -> **(i = [1]) --< (c -> d) >--"
		want, err := workflow.ParseGraph(graph)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.Steps) != 3 || !w.Graph.Equal(want) {
			t.Errorf("%s: it becomes %s, want %s", dependencies, w.Graph, graph)
		}
		const will = "any signal `x_y` that is sent to the run will do"
		if told := strings.Join(left, "\n"); !strings.Contains(told, will) {
			t.Errorf("it says %s", told)
		}
	}
	_, _, err := Read([]byte(strings.Replace(src, "%", `[{}]`, 1)))
	if err == nil || !strings.Contains(err.Error(), "name of a signal is missing") {
		t.Errorf("a signal without a name: %v", err)
	}
}
