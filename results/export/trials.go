package export

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// fixed is the columns of every trials table; param.<name> and metric.<name> follow.
var fixed = []column{
	{"trial", integer}, {"state", text}, {"value", real}, {"attempt", integer}, {"attempts", integer},
	{"seed", unsigned}, {"start", instant}, {"end", instant}, {"seconds", real}, {"exit", integer},
	{"signal", integer}, {"agent", text}, {"reason", text},
}

// Trials writes one row per trial, by index, those that never started too: trial, state, value of the
// objective, the attempt that counts and how many there were, seed, start and end of that attempt, its
// seconds, exit code, signal, agent and reason; then the parameters as param.<name>, nested ones with dots,
// and the metrics by their reduce as metric.<name>. A parameter that is an integer in some trials and a float
// in others is a float; other mixtures, and lists, are JSON. The board is read twice, first for the columns.
func Trials(w io.Writer, f Format, b *board.Board) error {
	params := paramColumns(b)
	metrics := b.Metrics()
	columns := append([]column(nil), fixed...)
	placed := placeColumns(b)
	for _, c := range params {
		columns = append(columns, column{"param." + c.name, c.kind})
	}
	for _, name := range metrics {
		columns = append(columns, column{"metric." + name, real})
	}
	behind := len(columns)
	columns = append(columns, placed...)
	t, err := newTable(w, f, columns)
	if err != nil {
		return fmt.Errorf("export trials: %w", err)
	}
	cells := make([]any, len(columns))
	for trial := range b.Trials(board.Query{All: true}) {
		clear(cells)
		fixedCells(cells, trial)
		paramCells(cells[len(fixed):], params, trial)
		metricCells(cells[len(fixed)+len(params):], metrics, trial)
		placeCells(cells[behind:], placed, trial)
		if err := t.row(cells); err != nil {
			return fmt.Errorf("export trial %d: %w", trial.Trial, err)
		}
	}
	if err := t.close(); err != nil {
		return fmt.Errorf("export trials: %w", err)
	}
	return nil
}

func fixedCells(cells []any, t board.Trial) {
	cells[0], cells[1], cells[3], cells[4] = int64(t.Trial), t.State.String(), int64(t.Attempt), int64(len(t.Attempts))
	if t.Value != nil {
		cells[2] = float64(*t.Value)
	}
	cells[12] = textOrNil(t.Reason)
	try := t.Decisive()
	if try == nil || try.End == nil {
		return
	}
	e := try.End
	if t.Params != nil {
		cells[5] = t.Seed
	}
	cells[6], cells[7] = e.StartMs, e.EndMs
	cells[8], cells[9] = float64(e.EndMs-e.StartMs)/1000, int64(e.Exit)
	if e.Signal != 0 {
		cells[10] = int64(e.Signal)
	}
	cells[11], cells[12] = textOrNil(e.Agent), textOrNil(e.Reason)
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func metricCells(cells []any, names []string, t board.Trial) {
	values := make(map[string]results.Number, len(t.Metrics))
	for _, s := range t.Metrics {
		values[s.Name] = s.Value
	}
	for i, name := range names {
		if v, ok := values[name]; ok {
			cells[i] = float64(v)
		}
	}
}

// Params is a trial's parameters by dotted name. Parameters that are not an object give none.
func Params(t board.Trial) sweep.Point {
	var p sweep.Point
	if len(t.Params) == 0 || json.Unmarshal(t.Params, &p) != nil {
		return nil
	}
	return p.Flat()
}

// paramColumns is the parameters of all trials, in the order they are first met, each with the narrowest type
// that holds all its values.
func paramColumns(b *board.Board) (columns []column) {
	at := map[string]int{}
	const unknown = kind(255)
	for t := range b.Trials(board.Query{}) {
		for _, p := range Params(t) {
			i, ok := at[p.Name]
			if !ok {
				i = len(columns)
				at[p.Name] = i
				columns = append(columns, column{p.Name, unknown})
			}
			k := kindOf(p.Value)
			switch have := columns[i].kind; {
			case p.Value == nil || have == k:
			case have == unknown:
				columns[i].kind = k
			case have == integer && k == real || have == real && k == integer:
				columns[i].kind = real
			default:
				columns[i].kind = document
			}
		}
	}
	for i := range columns {
		if columns[i].kind == unknown {
			columns[i].kind = text // nothing but null
		}
	}
	return columns
}

func kindOf(v sweep.Value) kind {
	switch v.(type) {
	case int64:
		return integer
	case float64:
		return real
	case bool:
		return boolean
	case string:
		return text
	}
	return document
}

func paramCells(cells []any, columns []column, t board.Trial) {
	values := map[string]sweep.Value{}
	for _, p := range Params(t) {
		values[p.Name] = p.Value
	}
	for i, c := range columns {
		v, ok := values[c.name]
		if !ok || v == nil {
			continue
		}
		if n, isInt := v.(int64); isInt && c.kind == real {
			v = float64(n)
		}
		if c.kind == document {
			v = asDocument(v)
		}
		cells[i] = v
	}
}

// asDocument is a value as JSON, in the words of package sweep: it knows what JSON has no number for.
func asDocument(v sweep.Value) any {
	wrapped, err := sweep.Point{{Name: "v", Value: v}}.MarshalJSON()
	if err != nil {
		return nil
	}
	return json.RawMessage(wrapped[len(`{"v":`) : len(wrapped)-1])
}
