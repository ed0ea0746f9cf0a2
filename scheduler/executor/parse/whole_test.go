package parse

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// A number is read whole or not at all; what follows it decides.
func TestNumbersAreReadWhole(t *testing.T) {
	for text, want := range map[string]string{
		"0.75": "0.75", "0.75 x": "0.75", "0.75\tx": "0.75", "-1e-3": "-1e-3", "+.5": "+.5", "5.": "5.",
		"1E+05,": "1E+05", "nan": "nan", "-inf": "-inf",
		"0.75, acc=1": "0.75", "0.75,acc=1": "0.75", "0.75;acc=1": "0.75", "0.75|acc=1": "0.75", "0.75&acc=1": "0.75",
		"0.75)": "0.75", "0.75]": "0.75",
		"0.75}.": "0.75", "0.75. Then": "0.75", "0.75.": "0.75", "0.75!": "0.75", "0.75: done": "0.75",
		"0.75: 3": "0.75", "0.75)[x": "0.75",
		`0.75"`: "0.75", `"0.75"`: "0.75", `'0.75', x`: "0.75", `" 0.75 "`: "0.75", "0.75</b>": "0.75",
		"0.75，准确率": "0.75", "0.75。": "0.75", `0.75\n'`: "0.75",
		"0.75\x00\x00": "0.75", "12 ms": "12", "1 2": "1", "0 125": "0", "1.5 250": "1.5", "1 2500": "1",
		strings.Repeat("1", 300): strings.Repeat("1", 300),

		"0,75": "", "1,250.5": "", "1,250": "", "1.250,5": "", "12:30": "", "12:30:45": "", "1e5x": "", "0x1p3": "",
		"0x10": "", "1_000": "", "50%": "", "50 %": "",
		"3/10": "", "3 / 10": "", "1.2.3": "", "12ms": "", "2026-11-29": "", "1-2": "", "1e": "", "1e-": "",
		"0.75f": "", "1'250.5": "", "1’250": "", "1 250.5": "",
		"1 250 000": "", "1\u00a0250": "", "1\u202f250": "", "0 ,75": "", "0.75...": "", "0.75…": "", "5..": "",
		"0.5±0.1": "", "0.5+-0.1": "", "0.5(3)": "",
		"0.5*2": "", "1d-3": "", "1=2": "", "0.75;0.5": "", "0.75|0.5": "", "0.75,-1": "", "0.75,nan": "",
		"0.75->0.5": "", `"0,75"`: "", `"0.75`: "", `"0.75"x`: "",
		"1 x 10^5": "", "1 x 10^-6": "", "1 x10^5": "", "1 X 10": "", "1 × 10⁵": "", "1·10^5": "", "1 · 10^5": "",
		"1 * 10^5": "", "1 ** 5": "", "10^5": "",
		"1 \\times 10^5": "", "5 e-3": "", "5 e -3": "", "5 e−3": "", "1 E5": "", "1 E+05": "", "1 d-3": "", "1e 5": "",
		"2 10^5": "", "2 ⁵": "", "2⁵": "", "2 ^ 5": "",
		"1 k": "", "1 K,": "", "2 M": "", "3 G (best)": "", "1.5 million": "", "3 dozen": "", "3 Gi": "", "3 bn": "",
		"1 M/s": "", "0.5 - 0.7, x": "", "3 万": "", "50 percent": "", "5 ‰": "", "5 ppm": "",
		"50\t%": "", "50 ％": "", "3 of 10": "", "3 out of 10": "", "3 ⁄ 10": "", "1 ½": "", "1½": "", "1 1/2": "",
		"0.5 ± 0.1": "", "0.5 +/- 0.1": "", "0.5 +- 0.1": "",
		"0.5 - 0.7": "", "0.5 – 0.7": "", "0.5 to 0.7": "", "0.5 .. 0.7": "", "0.5 … 0.7": "", "0.5 ~ 0.7": "",
		"0.5 -> 0.4": "", "0.5 → 0.4": "", "12 : 30": "",
		"1 + 2i": "", "1 -2j": "", "1 << 3": "", "1 h 30 min": "", "1 day, 2:30:00": "", "7 days, 0:00:01.5": "",
		"2 days": "2", "1 d 3 h": "", "5 ft 6 in": "", "0. 75": "", "1 250e3": "", "1 250k": "",
		"1 00 000": "", "12\b": "",
		"1.#INF": "", "~0.5": "", "≈0.5": "", "<0.5": "", "0x1p-2": "", "0b101": "", "1,5e-3": "", "1,５": "",
		"1,−5": "", "½": "", "٣": "", "１": "", "∞": "", `"5" %`: "",
		`"1 x 10^5"`: "",

		"1 x": "1", "1 e": "1", "1 k=3": "1", "1 e1=3": "1", "1 x1=3": "1", "1 x = 3": "1", "0.5 *": "0.5",
		"0.5 - acc=0.3": "0.5", "0.5 - 3s": "0.5",
		"0.5 ...": "0.5", "0.5 ... done": "0.5", "0.5 (best)": "0.5", "0.5 (0.4)": "0.5", "0.5 | 3 |": "0.5",
		"0.5 -3": "0.5", "1.5 GB": "1.5", "0.5 to disk": "0.5",
		"0.5 of": "0.5", "0.5 Mean": "0.5", "0.5 d": "0.5", "0.5 - 2026-11-29": "0.5", "0.5 3/10": "0.5", "007": "007",
		"5 s": "5", "0.5, 3": "0.5",

		"0.75\x005": "", "0.75é": "", "nano": "", "infinite": "", "nan(ind)": "", "": "", "x": "", "tensor(0.5)": "",
		"[0.5]": "", "−0.5": "", "1,2,3": "",
		strings.Repeat("1", 2000): "",
	} {
		got, ok := wholeNumber([]byte(text))
		if got != want && ok || ok != (want != "") {
			t.Errorf("%.40q: got %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestWhatLooksLikeMetricsIsTold(t *testing.T) {
	plain := task.Order{Objective: "loss", Metrics: []string{"acc"}}
	katib := task.Order{Objective: "loss", Filters: []string{`([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)`}}
	for _, c := range []struct {
		order  task.Order
		line   string
		want   string // metrics
		missed string
	}{
		{plain, "loss=0,75", "", ReasonShape},
		{plain, "loss=0,75 acc=1", "acc:1", ReasonShape},
		{plain, "loss: 0.5", "", ReasonShape},
		{plain, "{'loss': 0.5}", "loss:0.5", ReasonNone},
		{plain, "{loss: 0.5}", "", ReasonShape},
		{plain, `{"loss": 0.5,}`, "", ReasonShape},
		{plain, `{"loss": 0.5} done`, "", ReasonShape},
		{plain, `{"loss": 0.5}{"loss": 0.4}`, "", ReasonShape},
		{plain, `{"loss": 0,75}`, "", ReasonShape},
		{plain, `{"loss": "0,75"}`, "", ReasonShape},
		{plain, `{"loss": "12ms", "acc": 1}`, "acc:1", ReasonShape},
		{plain, `{"loss": [0.5]}`, "", ReasonShape},
		{plain, `{"loss": 0.5`, "", ReasonShape},
		{plain, `  "loss": 0.5,`, "", ReasonShape},
		{plain, `{"msg": "loss=0.5"}`, "", ReasonShape},
		{plain, "loss=tensor(0.5, device='cuda:0')", "", ReasonShape},
		{plain, "loss=½", "", ReasonShape},
		{plain, "loss=٣", "", ReasonShape},
		{plain, "loss=１ acc=2", "acc:2", ReasonShape},
		{plain, "loss=−0.5", "", ReasonShape},
		{plain, "loss=~ 0.5", "", ReasonShape},
		{plain, "loss=− 0.5", "", ReasonShape},
		{plain, "loss=[ 0.5 ]", "", ReasonShape},
		{plain, "loss=tensor( 0.5)", "", ReasonShape},
		{plain, "loss=-∞", "", ReasonShape},
		{plain, "loss=1 x 10^5 acc=1", "acc:1", ReasonShape},
		{plain, "loss=5 e-3", "", ReasonShape},
		{plain, "loss=1 k acc=2", "acc:2", ReasonShape},
		{plain, `{"loss": 01}`, "", ReasonShape},
		{plain, `{"loss": -00.5}`, "", ReasonShape},
		{plain, `{"loss": "½", "acc": 1}`, "acc:1", ReasonShape},
		{plain, `{"loss": ½}`, "", ReasonShape},
		{plain, `{"loss": "5 e-3"}`, "", ReasonShape},
		{plain, `{"loss": .5, "acc": -0.5}`, "acc:-0.5 loss:0.5", ReasonNone},
		{plain, "step=3 of 10 loss=0.5", "loss:0.5 step 3", ReasonNone},
		{katib, "loss=1 x 10^5", "", ReasonShape},
		{katib, "loss=5 e-3", "", ReasonShape},
		{task.Order{Objective: "loss", Filters: []string{`(loss) is (\S+)`}}, "loss is ½", "", ReasonShape},
		{task.Order{Objective: "loss", Filters: []string{`(loss) is (\d+ ?)`}}, "loss is 1 250", "", ReasonShape},
		{plain, "loss=mse", "", ReasonNone},
		{plain, "if loss == 3:", "", ReasonNone},
		{plain, "gloss=3,5 loss.x=3,5", "", ReasonNone},
		{plain, "step=3/10 loss=0.5", "loss:0.5 step 3", ReasonNone},
		{plain, `{"lr": "1e-3x", "loss": 2}`, "loss:2", ReasonNone},
		{plain, "l\x00o\x00s\x00s\x00=\x001\x00", "", ReasonUTF16},

		{plain, `2026-11-29 INFO {"loss": 1, "lr": 2}`, "loss:1 lr:2", ReasonNone},
		{plain, `INFO:root:{"loss": 1}`, "loss:1", ReasonNone},
		{plain, `train metrics: {"loss": 1, "step": 4}`, "loss:1 step 4", ReasonNone},
		{plain, `2026-11-29 INFO config {"lr": 1}`, "", ReasonNone},
		{plain, `  "val": {"loss": 1}`, "", ReasonShape},
		{plain, `[{"loss": 1}`, "", ReasonShape},
		{plain, `{"train": {"loss": 1}, "val": {"loss": 2}`, "", ReasonShape},
		{plain, `val={"loss": 1}`, "", ReasonShape},

		{plain, "\ufeff{\"loss\": 1}", "loss:1", ReasonNone},
		{plain, "\ufeffloss=1", "loss:1", ReasonNone},
		{plain, "\x1b[32mloss\x1b[0m=\x1b[1;31m0.5\x1b[0m", "loss:0.5", ReasonNone},
		{plain, "\x1b[38;5;208m{\"loss\": \x1b[1m2\x1b[0m}\x1b[0m\x1b[K", "loss:2", ReasonNone},
		{plain, "loss=0.\x1b[31m75\x1b[0m", "loss:0.75", ReasonNone},
		{plain, "\x1b]0;title\x07loss=1\x1b[10Gacc=2\u009b0m", "acc:2 loss:1", ReasonNone},
		{plain, "\x1b]8;;http://x\x1b\\loss=1\x1b]8;;\x1b\\", "loss:1", ReasonNone},

		{katib, "loss=0.5", "loss:0.5", ReasonNone},
		{katib, "loss=0,75", "", ReasonShape},
		{katib, "loss=12:30", "", ReasonShape},
		{katib, "loss=50%", "", ReasonShape},
		{katib, "loss=1e5x", "", ReasonShape},
		{task.Order{Objective: "t", Filters: []string{`(t) took (\d+)ms`}}, "t took 12ms", "t:12", ReasonNone},
		{task.Order{}, "loss=0,75", "", ReasonNone},
	} {
		collect, err := NewCollector(&c.order)
		if err != nil {
			t.Fatal(err)
		}
		m, ok, missed := collect.Read(Unescaped([]byte(c.line)), nil)
		got := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(m.Metrics), "map["), "]")
		if m.HasStep {
			got += fmt.Sprint(" step ", m.Step)
		}
		if got != c.want || ok != (c.want != "") || missed != c.missed {
			t.Errorf("%q: got %q, %v, %q; want %q, %q", c.line, got, ok, missed, c.want, c.missed)
		}
	}
}

// A line that is nothing but names without values takes about as long as the same in short lines: what comes behind a
// name is not looked through to the end of the line.
func TestLinesOfManyNames(t *testing.T) {
	text := bytes.Repeat([]byte("a="), 15_000)
	least := func(width int) time.Duration {
		best := time.Hour
		for range 10 {
			began := time.Now()
			for line := range slices.Chunk(text, width) {
				if looksLike(line, []string{"a"}) {
					t.Fatal("it looks like metrics")
				}
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	if long, short := least(len(text)), least(60); long > 12*short { // it was 27 times
		t.Errorf("one line took %v, and %v in short ones", long, short)
	} else {
		t.Logf("%v, %v", long, short)
	}
}
