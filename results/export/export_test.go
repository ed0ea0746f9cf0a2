package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// records is a small sweep with what makes tables hard: nested, conditional and mixed parameters, names and
// texts with commas, quotes, line ends and formulas, a retry, NaN, a trial without a word.
func records() []results.Record {
	point := func(step int64, m map[string]float64) results.Point {
		return results.Point{Step: step, Millis: 1_700_000_000_000 + step, Metrics: m}
	}
	end := func(state sweep.Outcome, final bool, points uint64, params string) *results.End {
		return &results.End{State: state, Final: final, Points: points, Params: json.RawMessage(params), Seed: math.MaxUint64,
			StartMs: 1_700_000_000_000, EndMs: 1_700_000_001_500, Agent: "host,1"}
	}
	lost := end(sweep.AttemptLost, false, 1, `{"lr":1,"opt":{"name":"x","eps":1e-08},"mixed":1,"on":true}`)
	lost.Reason = "agent \"lost\"\nand gone"
	failed := end(sweep.AttemptFailed, true, 0, `{"lr":0.5,"opt":{"name":"=cmd|' /C calc'!A0","eps":0.1},"mixed":["a",1],"on":false}`)
	failed.Reason, failed.Exit, failed.Signal = "@SUM(A1) \"killed\"\nby hand", -1, 9
	return []results.Record{
		{Sweep: "s", Trial: 0, Points: []results.Point{point(0, map[string]float64{"a,b": 9})}, End: lost},
		{Sweep: "s", Trial: 0, Attempt: 1, First: 1, Points: []results.Point{point(2, map[string]float64{"loss": 0.25, "a,b": -1})},
			End: end(sweep.AttemptSucceeded, true, 2, `{"lr":1,"opt":{"name":"日本","eps":1e-08},"mixed":1,"on":true}`)},
		{Sweep: "s", Trial: 0, Attempt: 1, Points: []results.Point{point(1, map[string]float64{"loss": 0.5})}},
		{Sweep: "s", Trial: 1, End: failed},
		{Sweep: "s", Trial: 3, Points: []results.Point{point(0, map[string]float64{"loss": math.NaN()})}},
		{Sweep: "s", Trial: 3, Points: []results.Point{point(0, map[string]float64{"loss": math.NaN()}),
			point(1, map[string]float64{"loss": math.Inf(1)})}},
		{Sweep: "s", Trial: results.ThenTrial, Attempt: 1, Points: []results.Point{point(3, map[string]float64{"loss": 7, "final": 1})}}, // in no table
	}
}

func stored(t *testing.T) (*board.Board, bucket.Bucket) {
	t.Helper()
	return storedOf(t, records())
}

// halfStored is the same where every other record is not in the bucket yet; fresh has those, and one that is.
func halfStored(t *testing.T) (b *board.Board, in bucket.Bucket, fresh []results.Record) {
	t.Helper()
	var there []results.Record
	for i, r := range records() {
		if i%2 == 0 {
			there = append(there, r)
		} else {
			fresh = append(fresh, r)
		}
	}
	b, in = storedOf(t, there)
	fresh = append(fresh, there[0])
	for _, r := range fresh {
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	return b, in, fresh
}

func storedOf(t *testing.T, records []results.Record) (*board.Board, bucket.Bucket) {
	t.Helper()
	var bucket bucket.Memory
	s := store.Sweep{ID: "s", Trials: 4, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}}
	if err := store.WriteSweep(t.Context(), &bucket, s); err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		batch, err := store.Encode([]results.Record{r})
		if err != nil {
			t.Fatal(err)
		}
		if err := bucket.Put(t.Context(), results.BatchName("s", uint64(i), ""), bytes.NewReader(batch)); err != nil {
			t.Fatal(err)
		}
	}
	board, damage, err := store.Load(t.Context(), &bucket, "s")
	if err != nil || damage != nil {
		t.Fatal(err, damage)
	}
	return board, &bucket
}

// tables is both tables in one format.
func tables(t *testing.T, f export.Format) (trials, points []byte) {
	t.Helper()
	board, bucket := stored(t)
	var one, two bytes.Buffer
	if err := export.Trials(&one, f, board); err != nil {
		t.Fatal(err)
	}
	if damage, err := export.Points(t.Context(), &two, f, bucket, "s", nil, board.Metrics()); err != nil || damage != nil {
		t.Fatal(err, damage)
	}
	return one.Bytes(), two.Bytes()
}

func TestGolden(t *testing.T) {
	for _, f := range []export.Format{export.CSV, export.JSON} {
		trials, points := tables(t, f)
		for name, got := range map[string][]byte{"trials": trials, "points": points} {
			testkit.Golden(t, filepath.Join("testdata", name+"."+string(f)), got)
		}
	}
}

func TestCSVRunsNoFormula(t *testing.T) {
	trials, _ := tables(t, export.CSV)
	rows, err := csv.NewReader(bytes.NewReader(trials)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 5 { // with the one that has not begun
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+@\t\r") || strings.HasPrefix(cell, "-") && cell != "-1" && cell != "-5" {
				t.Errorf("cell %q would run", cell)
			}
		}
	}
}

// Parquet is read back by the library, as one object per row, and must be what JSON Lines says.
func TestParquetHoldsWhatJSONSays(t *testing.T) {
	inJSON := map[string][]byte{}
	inJSON["trials"], inJSON["points"] = tables(t, export.JSON)
	inParquet := map[string][]byte{}
	inParquet["trials"], inParquet["points"] = tables(t, export.Parquet)
	for name := range inJSON {
		var want []map[string]any
		dec := json.NewDecoder(bytes.NewReader(inJSON[name]))
		for {
			var row map[string]any
			if err := dec.Decode(&row); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			want = append(want, row)
		}
		got := readParquet(t, inParquet[name])
		if len(got) != len(want) {
			t.Fatalf("%s: %d rows, want %d", name, len(got), len(want))
		}
		for i := range want {
			if fmt.Sprint(got[i]) != fmt.Sprint(texts(want[i])) {
				t.Errorf("%s row %d:\n%v\nwant\n%v", name, i, got[i], texts(want[i]))
			}
		}
	}
}

// texts is a JSON row with every value as JSON text, times as they are.
func texts(row map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range row {
		if f, ok := v.(float64); ok {
			v = results.Number(f)
		}
		text, _ := json.Marshal(v)
		if k == "seed" {
			text = []byte("18446744073709551615") // beyond a float64
		}
		out[k] = string(text)
	}
	return out
}

func readParquet(t *testing.T, data []byte) (rows []map[string]string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	columns := f.Schema().Columns()
	for _, g := range f.RowGroups() {
		r := g.Rows()
		buf := make([]parquet.Row, 1)
		for {
			n, err := r.ReadRows(buf)
			if n == 1 {
				row := map[string]string{}
				for i, v := range buf[0] {
					if !v.IsNull() {
						row[columns[i][0]] = cellText(f.Schema().Fields()[i], v)
					}
				}
				rows = append(rows, row)
			}
			if err != nil {
				break
			}
		}
		r.Close()
	}
	return rows
}

func cellText(field parquet.Field, v parquet.Value) string {
	var cell any
	switch logical := fmt.Sprint(field.Type()); {
	case strings.HasPrefix(logical, "TIMESTAMP"):
		cell = stamp(v.Int64())
	case logical == "JSON":
		cell = json.RawMessage(v.ByteArray())
	case field.Name() == "seed":
		cell = v.Uint64()
	case v.Kind() == parquet.Double:
		cell = results.Number(v.Double())
	case v.Kind() == parquet.Int64:
		cell = v.Int64()
	case v.Kind() == parquet.Boolean:
		cell = v.Boolean()
	default:
		cell = string(v.ByteArray())
	}
	text, _ := json.Marshal(cell)
	return string(text)
}

func stamp(millis int64) string {
	return fmt.Sprintf("2023-11-14T22:13:%02d.%03dZ", 20+(millis-1_700_000_000_000)/1000, millis%1000)
}

func TestParquetKeepsTypesAndOrder(t *testing.T) {
	trials, _ := tables(t, export.Parquet)
	f, err := parquet.OpenFile(bytes.NewReader(trials), int64(len(trials)))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	var names []string
	for _, field := range f.Schema().Fields() {
		kinds[field.Name()] = field.Type().String()
		names = append(names, field.Name())
	}
	for name, want := range map[string]string{"param.lr": "DOUBLE", "param.opt.name": "STRING", "param.on": "BOOLEAN",
		"param.mixed": "JSON", "trial": "INT(64,true)", "seed": "INT(64,false)", "metric.a,b": "DOUBLE"} {
		if kinds[name] != want {
			t.Errorf("%s is %s, want %s", name, kinds[name], want)
		}
	}
	if !slices.Equal(names[:3], []string{"trial", "state", "value"}) || names[len(names)-1] != "metric.a,b" {
		t.Errorf("columns in the order %q", names)
	}
}

// Many rows make many row groups, so that memory does not grow with the table.
func TestParquetGroupsRows(t *testing.T) {
	board := board.New(board.Config{Sweep: "s"})
	const trials = 45_000
	for i := range trials {
		if err := board.Fold(results.Record{Sweep: "s", Trial: i}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := export.Trials(&out, export.Parquet, board); err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if f.NumRows() != trials || len(f.RowGroups()) != 3 {
		t.Errorf("%d rows in %d groups", f.NumRows(), len(f.RowGroups()))
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestFullDiskIsAnError(t *testing.T) {
	board, bucket := stored(t)
	for _, f := range []export.Format{export.CSV, export.JSON, export.Parquet} {
		if err := export.Trials(full{}, f, board); err == nil {
			t.Errorf("%s: trials written to a full disk", f)
		}
		if _, err := export.Points(t.Context(), full{}, f, bucket, "s", nil, nil); err == nil {
			t.Errorf("%s: points written to a full disk", f)
		}
	}
}

// A trial whose last attempt was not launched has the parameters and the seed of the one before; one that never was has neither.
func TestTrialsThatWereNotLaunched(t *testing.T) {
	b := board.New(board.Config{Sweep: "s", Trials: 2})
	failed := &results.End{State: sweep.AttemptFailed, Params: json.RawMessage(`{"lr":0.5}`), Seed: 11, EndMs: 1}
	stopped := &results.End{State: sweep.AttemptStopped, Final: true, Reason: "by hand", StartMs: 2, EndMs: 2}
	for _, r := range []results.Record{
		{Sweep: "s", Trial: 0, Attempt: 2, End: stopped}, {Sweep: "s", Trial: 0, Attempt: 1, End: failed}, {Sweep: "s", Trial: 1, Attempt: 1, End: stopped},
	} {
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := export.Trials(&out, export.JSON, b); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ Seed, LR any }{{11., 0.5}, {nil, nil}} {
		line, err := out.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil || row["seed"] != want.Seed || row["param.lr"] != want.LR || row["reason"] != "by hand" {
			t.Errorf("trial %d: %s, %v; want %v", i, line, err, want)
		}
	}
}
