package board_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Trials are sorted by a parameter as by any number: numbers, words behind them, last those without it; in one piece or many.
func TestOrderByParameter(t *testing.T) {
	b := board.New(board.Config{Sweep: "s", Trials: 8})
	for trial, params := range []string{`{"x":3,"o":{"n":"b"}}`, `{"x":1.5,"o":{"n":"a"}}`, `{"x":"wide","o":{"n":"c"}}`, `{"x":-2}`, `{"x":1.5}`, `{"y":0}`} {
		b.Fold(results.Record{Sweep: "s", Trial: trial, Attempt: 1, End: &results.End{
			State: sweep.AttemptSucceeded, Final: true, Params: json.RawMessage(params),
		}})
	}
	for _, c := range []struct {
		query board.Query
		want  []int
	}{
		{board.Query{Sort: "params.x"}, []int{3, 1, 4, 0, 2, 5}},
		{board.Query{Sort: "params.x", Desc: true}, []int{2, 0, 1, 4, 3, 5}},
		{board.Query{Sort: "params.o.n"}, []int{1, 0, 2, 3, 4, 5}},
		{board.Query{Sort: "params.x", All: true}, []int{3, 1, 4, 0, 2, 5, 6, 7}},
		{board.Query{Sort: "params.nothing"}, []int{0, 1, 2, 3, 4, 5}},
		{board.Query{Desc: true, All: true}, []int{7, 6, 5, 4, 3, 2, 1, 0}},
		{board.Query{Sort: "value", All: true}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
	} {
		var whole []int
		for one := range b.Trials(c.query) {
			whole = append(whole, one.Trial)
		}
		o := board.NewOrder(c.query)
		for o.Add(b, 2) {
		}
		pieces := fmt.Sprint(o.All(b, 0))
		if !slices.Equal(whole, c.want) || pieces != fmt.Sprint(c.want) {
			t.Errorf("%+v: %v in one piece and %s in several, want %v", c.query, whole, pieces, c.want)
		}
		if some := fmt.Sprint(o.All(b, 4)); some != fmt.Sprint(c.want[:4]) {
			t.Errorf("%+v: the first four are %s, want %v", c.query, some, c.want[:4])
		}
	}
}
