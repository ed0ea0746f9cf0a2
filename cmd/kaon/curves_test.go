package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

// A curve that falls goes from the upper left to the lower right, and its label stands at its end.
func TestPlot(t *testing.T) {
	falling, level := plotLine{label: "7"}, plotLine{label: "12"}
	for x := range 41 {
		falling.x, falling.y = append(falling.x, float64(x)), append(falling.y, 1-float64(x)/40)
		level.x, level.y = append(level.x, float64(x)), append(level.y, 1)
	}
	var b bytes.Buffer
	(&plot{width: 10, height: 3, lines: []plotLine{level, falling}}).print(&b, false)
	const want = `1 │⠙⠫⢍⡉⠉⠉⠉⠉⠉⠉ 12
  │   ⠉⠓⢤⣀
0 │      ⠈⠑⠢⢄ 7
   0       40
`
	if got := strings.ReplaceAll(b.String(), "\u2800", " "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, one := range []plot{
		{width: 20, height: 3, lines: []plotLine{{label: "0", x: []float64{5}, y: []float64{-2}}}},
		{width: 20, height: 3, lines: []plotLine{{label: "0", x: []float64{1, 2}, y: []float64{1e17, 1e17}}}},
		{width: 20, height: 3, lines: []plotLine{{label: "0", x: []float64{1, 2}, y: []float64{math.MaxFloat64, math.MaxFloat64}}}},
		{width: 20, height: 3, lines: []plotLine{{label: "0", x: []float64{1796000000000000000}, y: []float64{1}}}},
		{width: 20, height: 3, lines: []plotLine{{label: "0", x: []float64{1, 2, 3}, y: []float64{1.7e308, -1.7e308, 0}}}},
		{width: 20, height: 3, lines: []plotLine{{label: "0", x: []float64{1, 2, 3}, y: []float64{5e-324, 5e-324, 0}}}},
		{width: 20, height: 200, log: true, lines: []plotLine{{label: "0", x: []float64{1, math.MaxInt64}, y: []float64{5e-324, math.MaxFloat64}}}},
	} {
		b.Reset()
		one.print(&b, true)
		if strings.Count(b.String(), "\n") != one.height+1 || !utf8.Valid(b.Bytes()) {
			t.Errorf("drew %q", b.String())
		}
	}
}

func TestCurves(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", `
name: curves
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [1, 2, 3]}}
command: 'for i in 1 2 3 4; do echo "{\"step\": $i, \"loss\": $((${param.x} * 10 / i))}"; done'
`)
	p.kaon("run", "s.yaml", "--quiet").ends(exitDone)
	p.kaon("curves", "--top", "2").ends(exitDone).prints("loss by step", "│", " 0\n", " 1\n")
	p.kaon("curves", "--trials", "9").ends(exitUsage).says("9")
	p.kaon("curves", "--height", "1").ends(exitUsage).says("--height")
	lines := strings.Split(strings.TrimSpace(p.kaon("curves", "--trials", "2,0", "--json").ends(exitDone).stdout), "\n")
	var second trialCurve
	if err := json.Unmarshal([]byte(lines[1]), &second); err != nil || len(lines) != 2 || second.Trial != 0 || len(second.Curve) != 4 || second.Curve[3].Value != 2 {
		t.Errorf("%v: %s", err, lines)
	}
}
