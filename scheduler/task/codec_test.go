package task_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

func Example() {
	data := task.Encode(task.Order{Sweep: "digits", Trial: 7, Argv: []string{"./train", "--lr=0.1"}, Timeout: time.Minute})
	order, err := task.Decode[task.Order](data)
	fmt.Println(data[0], order.Sweep, order.Trial, order.Argv, order.Timeout, err)
	data[0] = 9
	_, err = task.Decode[task.Order](data)
	fmt.Println(errors.Is(err, task.ErrVersion))
	// Output:
	// 1 digits 7 [./train --lr=0.1] 1m0s <nil>
	// true
}

func points(t *rapid.T) []results.Point {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) results.Point {
		return results.Point{
			Step:    rapid.Int64().Draw(t, "step"),
			Millis:  rapid.Int64().Draw(t, "millis"),
			Metrics: rapid.MapOfN(rapid.String(), rapid.Float64(), 1, 5).Draw(t, "metrics"),
			Note:    &results.Note{Milestone: rapid.String().Draw(t, "milestone"), Name: "n", Value: []byte(`{"a":[1]}`)},
		}
	}), 1, 20).Draw(t, "points")
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := task.Order{
			Sweep:   rapid.String().Draw(t, "sweep"),
			Trial:   rapid.Int().Draw(t, "trial"),
			Attempt: rapid.Int().Draw(t, "attempt"),
			Argv:    rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "argv"),
			Params:  []byte(rapid.String().Draw(t, "params") + "}"),
			Seed:    rapid.Uint64().Draw(t, "seed"),
			Files:   []task.File{{Name: "a", Data: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "data")}},
			Timeout: time.Duration(rapid.Int64().Draw(t, "timeout")),
		}
		same(t, order)
		same(t, task.Report{
			First:  rapid.Uint64().Draw(t, "first"),
			Points: points(t),
			End:    &task.End{Exit: rapid.Int().Draw(t, "exit"), Stderr: []string{rapid.String().Draw(t, "line")}},
		})
		same(t, task.Control{Task: "a.1.0", Body: []byte("{}"), Progress: rapid.Float64().Draw(t, "progress")})
	})
}

func same[M task.Message](t *rapid.T, in M) {
	out, err := task.Decode[M](task.Encode(in))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in, out) {
		t.Fatalf("in  %#v\nout %#v", in, out)
	}
}

func TestNaNAndInfinitiesSurvive(t *testing.T) {
	in := task.Report{Points: []results.Point{{Metrics: map[string]float64{
		"a": math.NaN(), "b": math.Inf(1), "c": math.Inf(-1), "d": math.Copysign(0, -1)}}}}
	out, err := task.Decode[task.Report](task.Encode(in))
	if err != nil {
		t.Fatal(err)
	}
	m := out.Points[0].Metrics
	if !math.IsNaN(m["a"]) || !math.IsInf(m["b"], 1) || !math.IsInf(m["c"], -1) || !math.Signbit(m["d"]) {
		t.Fatalf("got %v", m)
	}
}

func TestRefusals(t *testing.T) {
	good := task.Encode(task.Report{First: 3, Points: []results.Point{{Step: 1, Metrics: map[string]float64{"a": 1}}}})
	for name, data := range map[string][]byte{
		"nothing":           nil,
		"only a version":    {task.Version},
		"another version":   append([]byte{task.Version + 1}, good[1:]...),
		"cut short":         good[:len(good)-3],
		"bytes left over":   append(bytes.Clone(good), 0xc0),
		"too long":          append([]byte{task.Version}, make([]byte, task.MaxBytes)...),
		"too deep":          append([]byte{task.Version, 0x81, 0xa1, 'x'}, bytes.Repeat([]byte{0x91}, 1000)...),
		"a promise of 4 Gi": {task.Version, 0x81, 0xa6, 'p', 'o', 'i', 'n', 't', 's', 0xdd, 0xff, 0xff, 0xff, 0xff},
		"text":              []byte("\x01hello"),
	} {
		if _, err := task.Decode[task.Report](data); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	// {"first": 3, "news": {"a": [1, 2]}}
	data := []byte("\x01\x82\xa5first\x03\xa4news\x81\xa1a\x92\x01\x02")
	r, err := task.Decode[task.Report](data)
	if err != nil || r.First != 3 {
		t.Fatalf("got %+v, %v", r, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(task.Encode(task.Order{Sweep: "s", Argv: []string{"a"}, Params: []byte("{}")}))
	f.Add(task.Encode(task.Report{Points: []results.Point{{Metrics: map[string]float64{"a": 1}}}, End: &task.End{}}))
	f.Add(task.Encode(task.Control{Task: "a.1.0", Progress: 3}))
	f.Add([]byte("\x01\x81\xa6points\xdd\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if r, err := task.Decode[task.Report](data); err == nil {
			if _, err := task.Decode[task.Report](task.Encode(r)); err != nil {
				t.Fatalf("decoded, but not its own encoding: %v", err)
			}
		}
		_, _ = task.Decode[task.Order](data)
		_, _ = task.Decode[task.Control](data)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20+2000*uint64(len(data)) {
			t.Fatalf("%d bytes made decode allocate %d", len(data), grown)
		}
	})
}

func BenchmarkReport1000Points(b *testing.B) {
	r := task.Report{Points: make([]results.Point, 1000)}
	for i := range r.Points {
		r.Points[i] = results.Point{Step: int64(i), Millis: 1795401878518, Metrics: map[string]float64{"loss": 0.25, "accuracy": 0.5}}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := task.Decode[task.Report](task.Encode(r)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/point")
}
