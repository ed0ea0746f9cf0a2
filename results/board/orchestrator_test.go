package board_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/board"
)

func TestWinnerForOrchestrators(t *testing.T) {
	w := board.Winner{Sweep: "s", Params: json.RawMessage(`{"lr":1e-05,"opt":{"name":"adam w","beta-1":0.9},"on":true,"layers":[1,2],"evil":"x'; rm -rf $HOME"}`)}
	for format, want := range map[string]string{
		board.FormatArgo:     "{\n  \"evil\": \"x'; rm -rf $HOME\",\n  \"layers\": \"[1,2]\",\n  \"lr\": \"0.00001\",\n  \"on\": \"true\",\n  \"opt_beta_1\": \"0.9\",\n  \"opt_name\": \"adam w\"\n}\n",
		board.FormatAirflow:  `{"lr":1e-05,"opt":{"name":"adam w","beta-1":0.9},"on":true,"layers":[1,2],"evil":"x'; rm -rf $HOME"}` + "\n",
		board.FormatMetaflow: `--lr 0.00001 --opt_name 'adam w' --opt_beta_1 0.9 --on true --layers '[1,2]' --evil 'x'\''; rm -rf $HOME'` + "\n",
	} {
		if got, err := w.Render(format); err != nil || got != want {
			t.Errorf("%s is\n%s%v, want\n%s", format, got, err, want)
		}
	}
	w.Params = json.RawMessage(`{"a.b":1,"a":{"b":2}}`)
	if _, err := w.Render(board.FormatArgo); err == nil || !strings.Contains(err.Error(), "a_b") {
		t.Errorf("two parameters of one name are %v", err)
	}
}
