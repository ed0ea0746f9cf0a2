package parse

import (
	"fmt"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// What Python prints of a dict is metrics, as whole as JSON is or not at all.
func TestReadsDictsOfPython(t *testing.T) {
	c, err := NewCollector(&task.Order{Objective: "loss"})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ line, want string }{
		// Hugging Face's Trainer, of version 4 and 5
		{`{'loss': 0.6931, 'grad_norm': 1.25, 'learning_rate': 5e-05, 'epoch': 0.1}`,
			"map[epoch:0.1 grad_norm:1.25 learning_rate:5e-05 loss:0.6931]"},
		{`{'eval_loss': '0.48', 'loss': '0.5', 'epoch': '1'}`, "map[epoch:1 eval_loss:0.48 loss:0.5]"},
		{`2026-12-01 INFO {'loss': 0.5}`, "map[loss:0.5]"},
		{`{'loss': np.float64(0.25), 'n': numpy.int64(3), 'm': np.float32(nan)}`, "map[loss:0.25 m:NaN n:3]"},
		{`{'loss': tensor(0.25), 'b': tensor(1.), 'c': tensor(2., device='cuda:0', grad_fn=<AddBackward0>)}`,
			"map[b:1 c:2 loss:0.25]"},
		{`{'loss': Array(0.5, dtype=float32)}`, "map[loss:0.5]"},
		{`{'ok': True, 'no': False, 'none': None, 'text': 'it\'s "x"', "it's": 1, 'shape': (3, 4), 'one': (1,), 'unit': (), 'loss': inf}`,
			"map[it's:1 loss:+Inf no:0 ok:1]"},
		{`{'val': {'loss': 2}, 'loss': 1, 'step': 7}`, "map[loss:1 val.loss:2]"},
		{`{'a\xe9\u00e9\U0001f600\\\'': 1}`, `map[aéé😀\':1]`},
		{`{'loss': tensor([0.5])}`, "map[]"},
		{`{'loss': tensor(0.5}`, "map[]"},
		{`{'loss': tensor(0.5, dev}`, "map[]"},
		{`{'loss': tensor(0,5)}`, "map[]"},
		{`{'loss': f(0.5)}`, "map[]"},
		{`{'loss': 0.5, 'model': <Model object at 0x7f>}`, "map[]"},
		{`{'loss': 0.5`, "map[]"},
		{`{'loss": 0.5}`, "map[]"},
		{`{'loss': 0,5}`, "map[]"},
		{`{'\U00zz0000': 1, 'loss': 1}`, "map[]"},
		{`{'loss', 0.5}`, "map[]"},
		{`[{'loss': 0.5}]`, "map[]"},
	} {
		m, _, missed := c.Read([]byte(one.line), nil)
		if got := fmt.Sprint(m.Metrics); got != one.want {
			t.Errorf("%s: %s, want %s", one.line, got, one.want)
		}
		if m.Metrics == nil && missed != ReasonShape && one.want == "map[]" && looksLike([]byte(one.line), c.watched) {
			t.Errorf("%s: not counted as unread: %q", one.line, missed)
		}
	}
	hide := mask.New(map[string]string{"S": "s3cret"})
	if m, _, _ := c.Read([]byte(`{'s\x33cret': 1, 'loss': 's3cret'}`), hide); fmt.Sprint(m.Metrics) != "map["+
		mask.Text+":1]" {
		t.Errorf("a secret is in %v", m.Metrics)
	}
}

// Filters that were written for dicts go on reading what is not under the metric's name.
func TestFiltersReadDictsOfPython(t *testing.T) {
	c, err := NewCollector(&task.Order{Objective: "f1", Filters: []string{`'(f1)': \[?([\d.]+)`}})
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		`{'val': {'f1': 0.81}, 'epoch': 3}`: "map[f1:0.81]",
		`{'f1': [0.81, 0.7]}`:               "map[f1:0.81]",
		`{'f1': 0.5, 'epoch': 3}`:           "map[epoch:3 f1:0.5]",
		`{"val": {"f1": 0.81}}`:             "map[val.f1:0.81]", // JSON is read as it is
	} {
		if m, _, _ := c.Read([]byte(line), nil); fmt.Sprint(m.Metrics) != want {
			t.Errorf("%s: %v, want %s", line, m.Metrics, want)
		}
	}
}
