package importance

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// A report is read as it was written, with whole floats and values that are no numbers.
func TestReportIsReadAsItWasWritten(t *testing.T) {
	all := []Range{
		{Parameter: "a", Low: 1.0, High: math.Inf(1), Narrowed: 0.5, Trials: 3}, {Parameter: "b", Low: int64(1), High: int64(7)},
		{Parameter: "c", Values: []ValueCount{{math.NaN(), 1}, {nil, 2}, {"x", 1}, {[]sweep.Value{int64(1), 2.0}, 1}, {2.0, 1}, {true, 1}}},
	}
	text, err := json.Marshal(Report{Region: all})
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	all[0].High, all[2].Values[0].Value = "Infinity", "NaN"
	if got, want := fmt.Sprintf("%#v", again.Region), fmt.Sprintf("%#v", all); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}
