package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

func TestLinesComeOutHoweverTheyAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z=]{0,12}[\n\r]{1,2}){0,20}[a-z]{0,12}`).Draw(t, "text")
		limit := rapid.IntRange(1, 12).Draw(t, "max")
		l := Lines{Max: limit}
		var got []string
		emit := func(line []byte) { got = append(got, string(line)) }
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			l.Feed(rest[:n], emit)
			rest = rest[n:]
		}
		l.Flush(emit)
		var want []string
		for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if len(line) <= limit {
				want = append(want, line)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q cut into %q, want %q", text, got, want)
		}
		if cap(l.rest) > 64 {
			t.Fatalf("%d bytes kept for lines of at most %d", cap(l.rest), limit)
		}
	})
}

func TestFlatten(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		line string
		want map[string]float64
		step any // nil: none
	}{
		{`{"accuracy": 0.93, "step": 3}`, map[string]float64{"accuracy": .93}, 3},
		{`{"a":{"b":{"c":1},"d":-2e-3}}`, map[string]float64{"a.b.c": 1, "a.d": -2e-3}, nil},
		{`{"loss": NaN, "x": Infinity, "y": -Infinity, "z": nan, "w": -inf}`,
			map[string]float64{"loss": nan, "x": inf, "y": -inf, "z": nan, "w": -inf}, nil},
		{`{"loss": "0.25", "note": "fine", "n": null, "ok": true, "no": false}`,
			map[string]float64{"loss": .25, "ok": 1, "no": 0}, nil},
		{`{"a": 1, "list": [1, {"b": 2}, "x", [NaN]], "c": 3}`, map[string]float64{"a": 1, "c": 3}, nil},
		{`{"_step": 7, "_timestamp": 1.5e9, "timestamp": 3, "v": 1}`, map[string]float64{"v": 1}, 7},
		{`{"_step": 7, "step": 8, "v": 1}`, map[string]float64{"v": 1}, 8},
		{`{"step": 8, "_step": 7, "v": 1}`, map[string]float64{"v": 1}, 8},
		{`{"step": 9007199254740993, "v": 1}`, map[string]float64{"v": 1}, int64(9007199254740993)},
		{`{"step": 1e300, "v": 1}`, map[string]float64{"v": 1}, int64(math.MaxInt64)},
		{`{"step": -99999999999999999999, "v": 1}`, map[string]float64{"v": 1}, int64(math.MinInt64)},
		{`{"step": 2.9, "v": 1}`, map[string]float64{"v": 1}, 2},
		{`{"step": NaN, "v": 1}`, map[string]float64{"v": 1}, nil},
		{`{"sub": {"step": 4}}`, map[string]float64{"sub.step": 4}, nil},
		{`{"a\u00e9\n": 1}`, map[string]float64{"aé\n": 1}, nil},
		{`{"big": 1e999, "dup": 1, "dup": 2}`, map[string]float64{"big": inf, "dup": 2}, nil},
		{`{}`, map[string]float64{}, nil},
		{" {\t} ", map[string]float64{}, nil},
	} {
		m, err := flatten([]byte(c.line))
		got, step, has := m.Metrics, m.Step, m.HasStep
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", c.line, got, c.want)
		}
		if has != (c.step != nil) || has && fmt.Sprint(step) != fmt.Sprint(c.step) {
			t.Errorf("%s: step %d %v, want %v", c.line, step, has, c.step)
		}
	}
	for _, line := range []string{``, `1`, `[1]`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":1 "b":2}`,
		`{a:1}`, `{"a":0x10}`,
		`{"a":1_000}`, `{"a":--1}`, `{"a":[1}`, `{"a":nope}`, `{"a":"x`, "{\"a\x01\":1}", `{"a":"\x"}`} {
		if got, err := flatten([]byte(line)); err == nil {
			t.Errorf("%s: taken as %v", line, got)
		}
	}
	deep := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)
	wide := "{"
	for i := range 2000 {
		wide += fmt.Sprintf(`"m%d":1,`, i)
	}
	for _, line := range []string{deep, wide + `"z":1}`, `{"` + strings.Repeat("n", 300) + `":1}`,
		`{"a":` + strings.Repeat("[", 5000) + "}"} {
		if _, err := flatten([]byte(line)); err != errBounds {
			t.Errorf("%.20s: got %v, want it to be beyond bounds", line, err)
		}
	}
}

// A line that encoding/json reads is read to the same numbers.
func TestNotesAreNoMetrics(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"milestone": "data loaded"}`, `{"step":0,"time_ms":0,"metrics":{},"note":{"milestone":"data loaded"}}`},
		{`{"milestone": "tab\tand \u001b[1mcolour", "loss": 2, "step": 4}`,
			`{"step":4,"time_ms":0,"metrics":{"loss":2},"note":{"milestone":"tab\tand [1mcolour"}}`},
		{`{"artifact": {"name": "model", "value": "s3://b/m"}}`,
			`{"step":0,"time_ms":0,"metrics":{},"note":{"name":"model","value":"s3://b/m"}}`},
		{`{"artifact": {"value": {"rows": 3, "step": 9, "of": [ 1 ]}, "name": "data"}, "milestone": "read"}`,
			`{"step":0,"time_ms":0,"metrics":{},"note":{"milestone":"read","name":"data","value":{"rows":3,"step":9,"of":[1]}}}`},
		{`{"artifact": {"name": "n", "value": null}}`,
			`{"step":0,"time_ms":0,"metrics":{},"note":{"name":"n","value":null}}`},
		{`{"artifact": {"name": "n", "value": 4}, "artifact": {"name": "m", "value": 5}}`,
			`{"step":0,"time_ms":0,"metrics":{},"note":{"name":"m","value":5}}`},
		{`{"milestone": 3, "artifact": {"size": 7}, "sub": {"milestone": "4"}}`,
			`{"step":0,"time_ms":0,"metrics":{"artifact.size":7,"milestone":3,"sub.milestone":4}}`},
		{`{"artifact": {"name": "", "value": 1}}`, `{"step":0,"time_ms":0,"metrics":{"artifact.value":1}}`},
		{`{"milestone": ""}`, `{"step":0,"time_ms":0,"metrics":{}}`},
	} {
		m, err := flatten([]byte(c.line))
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		got, err := json.Marshal(results.Point{Step: m.Step, Metrics: m.Metrics, Note: m.Note})
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.line, got, err, c.want)
		}
	}
	for _, line := range []string{
		`{"artifact": {"name": "` + strings.Repeat("n", results.MaxName+1) + `", "value": 1}}`,
		`{"artifact": {"name": "n", "value": "` + strings.Repeat("v", results.MaxValue) + `"}}`,
	} {
		if _, err := flatten([]byte(line)); err != errBounds {
			t.Errorf("%.40s…: got %v, want %v", line, err, errBounds)
		}
	}
}

func TestFlattenAgreesWithJSON(t *testing.T) {
	leaf := rapid.OneOf(rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.Int32().AsAny(), rapid.Bool().AsAny(),
		rapid.StringMatching(`[a-df-hj-mo-z ]{0,5}`).AsAny(), rapid.Just[any](nil),
		rapid.SliceOfN(rapid.Int8(), 0, 3).AsAny())
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String()
		inner := rapid.MapOfN(name, leaf, 0, 4)
		in := map[string]any{}
		for k, v := range rapid.MapOfN(name, rapid.OneOf(leaf, inner.AsAny()), 0, 6).Draw(t, "object") {
			in[k] = v
		}
		line, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{}
		var read map[string]any
		if err := json.Unmarshal(line, &read); err != nil {
			t.Fatal(err)
		}
		reference(want, "", read)
		for _, special := range []string{"step", "_step", "timestamp", "_timestamp", ""} {
			delete(want, special)
		}
		m, err := flatten(line)
		got := m.Metrics
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if ambiguous(want, in) {
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: got %v, want %v", line, got, want)
		}
	})
}

func reference(out map[string]float64, prefix string, in map[string]any) {
	for k, v := range in {
		name := k
		if prefix != "" {
			name = prefix + "." + k
		}
		switch v := v.(type) {
		case float64:
			out[name] = v
		case bool:
			out[name] = 0
			if v {
				out[name] = 1
			}
		case map[string]any:
			reference(out, name, v)
		}
	}
}

// ambiguous tells names that two members share once dots are put in, or that an empty prefix hides.
func ambiguous(_ map[string]float64, in map[string]any) bool {
	for k, v := range in {
		if _, nested := v.(map[string]any); strings.Contains(k, ".") || (nested && k == "") {
			return true
		}
	}
	return false
}

func TestPairs(t *testing.T) {
	watched := []string{"accuracy", "val/loss", "loss"}
	for _, c := range []struct {
		line string
		want string
	}{
		{"accuracy=0.93", "map[accuracy:0.93]"},
		{"2024-01-01T00:00:00Z INFO epoch 3: accuracy = 0.5, loss=1e-3 step=12",
			"map[accuracy:0.5 loss:0.001] step 12"},
		{"val-accuracy=0.9 myloss=3 x.loss=4", "map[]"},
		{"val/loss=2 loss=3", "map[loss:3 val/loss:2]"},
		{"loss=nan accuracy=-inf", "map[accuracy:-Inf loss:NaN]"},
		{"loss=nano accuracy=infinite", "map[]"},
		{"loss=1 loss=2", "map[loss:2]"},
		{"loss=0.5% accuracy=93,5", "map[]"},
		{"loss== 1", "map[]"},
		{"loss=", "map[]"},
		{"=1", "map[]"},
		{"other=1", "map[]"},
		{"loss: 1", "map[]"},
		{"step=4", "map[] step 4"},
		{strings.Repeat("=", 60000), "map[]"},
	} {
		metrics, step, has, _ := pairs([]byte(c.line), watched)
		got := fmt.Sprint(metrics)
		if has {
			got += fmt.Sprint(" step ", step)
		}
		if got != c.want {
			t.Errorf("%.80s: got %s, want %s", c.line, got, c.want)
		}
	}
}

func TestCollector(t *testing.T) {
	read := func(o task.Order) *Collector {
		c, err := NewCollector(&o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plain := read(task.Order{Objective: "loss", Metrics: []string{"acc"}})
	katib := read(task.Order{Objective: "loss", Filters: []string{`([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)`,
		`\{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)\}`}})
	for _, c := range []struct {
		c    *Collector
		line string
		want string
	}{
		{plain, `{"loss": 1, "other": 2}`, "map[loss:1 other:2]"},
		{plain, `loss=1 other=2`, "map[loss:1]"},
		{plain, `{'loss': 1} acc=2`, "map[acc:2]"},
		{plain, "\x00\xff\xfe\x80loss=3\x00", "map[]"}, // bytes beyond ASCII join names
		{plain, "\x00loss=3\x00", "map[loss:3]"},
		{katib, `{metricName: loss, metricValue: 0.5}`, "map[loss:0.5]"},
		{katib, `loss=0.25, acc=1`, "map[loss:0.25]"},
		{katib, `{"loss": 7}`, "map[loss:7]"},
		{read(task.Order{}), `loss=1`, "map[]"},
		{read(task.Order{Filters: []string{`(\w+) is (\S+)`}}), `loss is 3`, "map[loss:3]"},
	} {
		m, ok, bad := c.c.Read([]byte(c.line), nil)
		if fmt.Sprint(m.Metrics) != c.want || bad == ReasonBounds || ok != (c.want != "map[]") {
			t.Errorf("%q: got %v %v %v, want %s", c.line, m.Metrics, ok, bad, c.want)
		}
	}
	for _, filter := range []string{"(", "no groups", "(one)"} {
		if _, err := NewCollector(&task.Order{Filters: []string{filter}}); err == nil {
			t.Errorf("filter %q taken", filter)
		}
	}
}

func FuzzCollector(f *testing.F) {
	f.Add([]byte(`{"accuracy": 0.93, "step": 3, "a": {"b": [1, "x"]}}`))
	f.Add([]byte("loss = 1e-3, acc=nan step=4"))
	f.Add([]byte("{\"a\\u00e9\": -Infinity}\r\n"))
	for _, seed := range []string{"loss=0,75", "loss=1 250.5", `2026 INFO {"loss": 1}`, "\x1b[31mloss\x1b[0m=1",
		"\ufeffloss=1", `{"loss": "0,75"}`,
		"l\x00o\x00s\x00s\x00=\x001\x00", `loss="0.5"`, "loss=0.5...", "step=3/10 loss=1.", `{"loss": [1], "acc": 0x1}`,
		`"val": {"loss": 1}`} {
		f.Add([]byte(seed))
	}
	c, err := NewCollector(&task.Order{Objective: "loss", Metrics: []string{"acc"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line = Unescaped(line)
		m, ok, missed := c.Read(line, mask.New(map[string]string{"S": "oss"}))
		for name := range m.Metrics {
			if strings.Contains(name, "oss") && strings.HasPrefix(string(bytes.TrimSpace(line)), "{") {
				t.Fatalf("%q: secret in %q", line, name)
			}
		}
		m, ok, missed = c.Read(line, nil)
		bad := missed == ReasonBounds
		if ok && (len(m.Metrics) == 0 || len(m.Metrics) > maxMetrics || bad) {
			t.Fatalf("%q: got %+v %v", line, m, bad)
		}
		for name, x := range m.Metrics {
			if s := string(line); !strings.Contains(s, "{") && !math.IsNaN(x) && !math.IsInf(x, 0) && !wholly(s, x) {
				t.Fatalf("%q: %s=%v is no number of it", line, name, x)
			}
			if len(name) > maxName || name == "" {
				t.Fatalf("%q: name %q", line, name)
			}
		}
		if strictlyJSON(line) && !bad && len(m.Metrics) == 0 {
			var read map[string]any
			if json.Unmarshal(line, &read) == nil {
				if x, isNumber := read["loss"].(float64); isNumber && !math.IsNaN(x) {
					t.Fatalf("%q: loss not found", line)
				}
			}
		}
	})
}

// wholly tells whether a number stands in a text with nothing beside it that numbers are made of.
func wholly(text string, x float64) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("0123456789+-.eE", r)
	}) {
		if got, err := strconv.ParseFloat(strings.TrimRight(word, "."), 64); (err == nil ||
			errors.Is(err, strconv.ErrRange)) && got == x {
			return true
		}
	}
	return false
}

func strictlyJSON(line []byte) bool {
	return len(line) > 0 && strings.HasPrefix(strings.TrimSpace(string(line)), "{") && json.Valid(line)
}

func BenchmarkCollectJSONLine(b *testing.B) {
	c, err := NewCollector(&task.Order{Objective: "loss"})
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(`{"loss": 0.25123, "accuracy": 0.9301, "step": 1234}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, _ := c.Read(line, nil); !ok {
			b.Fatal("not read")
		}
	}
}

// Skimming a chunk changes no metric.
func TestTrimChunkKeepsMetrics(t *testing.T) {
	c, err := NewCollector(&task.Order{Objective: "a"})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`((a=[0-9]|\{"b":[0-9]\}|[xy]{0,4}){0,2}[\n\r]{1,2}){0,20}(a=1|y)?`).Draw(t,
			"text")
		read := func(trim bool) (got []string) {
			l := Lines{Max: 20}
			emit := func(line []byte) {
				if m, ok, _ := c.Read(line, nil); ok {
					got = append(got, fmt.Sprint(m.Metrics))
				}
			}
			for rest := []byte(text); len(rest) > 0; {
				n := min(len(rest), rapid.IntRange(1, 12).Draw(t, "cut"))
				head, tail := rest[:n], []byte(nil)
				if trim {
					head, tail = c.TrimChunk(head)
				}
				l.Feed(head, emit)
				l.Feed(tail, emit)
				rest = rest[n:]
			}
			l.Flush(emit)
			return got
		}
		if plain, trimmed := read(false), read(true); !slices.Equal(plain, trimmed) {
			t.Fatalf("%q: %q, trimmed %q", text, plain, trimmed)
		}
	})
}
