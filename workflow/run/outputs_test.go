package run

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// A step that does not put out what something reads has failed, by the output's name; what nothing reads is said.
func TestOutputsThatAreMissing(t *testing.T) {
	const text = "steps:\n  a: {%s, outputs: [auc, model]}\n  b: {type: notify, message: 'it is %s'}\ngraph: \"%s\"\n"
	const command, python = "type: command, command: 'true'", "type: python, file: a.py"
	for _, c := range []struct{ step, message, graph, want, said string }{
		{command, "${steps.a.outputs.auc}", "a -> b",
			"it did not put out `auc`, which it declares and what follows reads; it put out f1: " +
				"write {\"auc\": …} to the file $KAON_OUTPUT", ""},
		{python, "${steps.a.outputs.auc}", "a -> b", `return {"auc": …} from its function`, ""},
		{command, "done", "a -> [steps.a.outputs.auc > 1] b", "did not put out `auc`", ""},
		{command, "${steps.a.outputs.auc}", "**(n = [1, 2]) --< a >-- b", "2 of 2 iterations failed", ""},
		{command, "${n}", "a -> **(n = steps.a.outputs.auc) --< b >-- c", "did not put out `auc`", ""},
		{command, "${steps.a.outputs.auc ?? 7}", "a -> b", "", "it is 7"},
		{command, "done", "a -> b", "", "it is done"},
	} {
		file := fmt.Sprintf(text, c.step, c.message, c.graph)
		r, cfg := newTestRun(t, file, cluster(func(steps.Job) (steps.Done, error) {
			return steps.Done{Phase: sweep.PhaseSucceeded, Output: []byte(`{"f1": 1}`)}, nil
		}))
		if c.want != "" {
			if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, c.want) {
				t.Errorf("%s, %s: it failed since %s", c.graph, c.message, view.Reason)
			}
			continue
		}
		work(t, r, engine.Succeeded)
		if said := Talk(cfg.Folder, "r", "b"); len(said) != 1 || said[0].Text != c.said {
			t.Errorf("%s: b said %v", c.message, said)
		}
		const notice = "it did not put out what it declares, and nothing needs: auc, model"
		if said := Talk(cfg.Folder, "r", "a"); len(said) != 1 || said[0].Text != notice {
			t.Errorf("%s: a said %v", c.message, said)
		}
	}
}

// What an earlier run did not put out, since nothing read it there, does not stand for what something reads.
func TestCachedOutputsThatAreMissing(t *testing.T) {
	const text = "steps:\n  a: {type: command, command: './names', cache: {scope: global}, outputs: [x]}\n" +
		"  b: {type: notify, message: '%s'}\ngraph: a -> b\n"
	out, ran := `{}`, 0
	first, cfg := newTestRun(t, fmt.Sprintf(text, "done"), cluster(func(steps.Job) (steps.Done, error) {
		ran++
		return steps.Done{Phase: sweep.PhaseSucceeded, Output: []byte(out)}, nil
	}))
	work(t, first, engine.Succeeded)
	out = `{"x": 1}`
	for i, message := range []string{"done", "${steps.a.outputs.x}"} {
		wf, err := Parse(first.flow.File, []byte(fmt.Sprintf(text, message)))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Create(cfg, fmt.Sprint("again", i), "", wf, nil)
		if err != nil {
			t.Fatal(err)
		}
		if work(t, r, engine.Succeeded); ran != 1+i {
			t.Errorf("with %s, it ran %d times", message, ran)
		}
	}
}

// A number that is none costs no other output, and fails the step where a number was declared, by its name.
func TestOutputsThatAreNotFinite(t *testing.T) {
	const text = "steps:\n  a: {type: command, command: 'true', outputs: %s}\n" +
		"  b: {type: notify, message: '${steps.a.outputs.loss} ${steps.a.outputs.name}'}\ngraph: a -> b\n"
	const put = `{"loss": NaN, "list": [1, -Infinity, Infinity], "name": "NaN, \"Infinity"}`
	c := cluster(func(steps.Job) (steps.Done, error) {
		return steps.Done{Phase: sweep.PhaseSucceeded, Output: []byte(put)}, nil
	})
	for outputs, want := range map[string]string{
		"{loss: any, name: string}":    "",
		"{loss: number, name: string}": "its output `loss` is NaN: a number is needed",
	} {
		wf := fmt.Sprintf(text, outputs)
		r, cfg := newTestRun(t, wf, c)
		if want != "" {
			if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, want) {
				t.Errorf("%s: it failed since %s", outputs, view.Reason)
			}
			continue
		}
		work(t, r, engine.Succeeded)
		if said := Talk(cfg.Folder, "r", "b"); len(said) != 1 || said[0].Text != `NaN NaN, "Infinity` {
			t.Errorf("%s: b said %v", outputs, said)
		}
	}
}
