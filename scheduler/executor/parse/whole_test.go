package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// A number is read whole or not at all; what follows it decides.
func TestNumbersAreReadWhole(t *testing.T) {
	for text, want := range map[string]string{
		"0.75": "0.75", "0.75 x": "0.75", "0.75\tx": "0.75", "-1e-3": "-1e-3", "+.5": "+.5", "5.": "5.", "1E+05,": "1E+05", "nan": "nan", "-inf": "-inf",
		"0.75, acc=1": "0.75", "0.75,acc=1": "0.75", "0.75;acc=1": "0.75", "0.75|acc=1": "0.75", "0.75&acc=1": "0.75", "0.75)": "0.75", "0.75]": "0.75",
		"0.75}.": "0.75", "0.75. Then": "0.75", "0.75.": "0.75", "0.75!": "0.75", "0.75: done": "0.75", "0.75: 3": "0.75", "0.75)[x": "0.75",
		`0.75"`: "0.75", `"0.75"`: "0.75", `'0.75', x`: "0.75", `" 0.75 "`: "0.75", "0.75</b>": "0.75", "0.75，准确率": "0.75", "0.75。": "0.75", `0.75\n'`: "0.75",
		"0.75\x00\x00": "0.75", "12 ms": "12", "1 2": "1", "0 125": "0", "1.5 250": "1.5", "1 2500": "1", strings.Repeat("1", 300): strings.Repeat("1", 300),

		"0,75": "", "1,250.5": "", "1,250": "", "1.250,5": "", "12:30": "", "12:30:45": "", "1e5x": "", "0x1p3": "", "0x10": "", "1_000": "", "50%": "", "50 %": "",
		"3/10": "", "3 / 10": "", "1.2.3": "", "12ms": "", "2026-11-29": "", "1-2": "", "1e": "", "1e-": "", "0.75f": "", "1'250.5": "", "1’250": "", "1 250.5": "",
		"1 250 000": "", "1\u00a0250": "", "1\u202f250": "", "0 ,75": "", "0.75...": "", "0.75…": "", "5..": "", "0.5±0.1": "", "0.5+-0.1": "", "0.5(3)": "",
		"0.5*2": "", "1d-3": "", "1=2": "", "0.75;0.5": "", "0.75|0.5": "", "0.75,-1": "", "0.75,nan": "", "0.75->0.5": "", `"0,75"`: "", `"0.75`: "", `"0.75"x`: "",
		"0.75\x005": "", "0.75é": "", "nano": "", "infinite": "", "nan(ind)": "", "": "", "x": "", "tensor(0.5)": "", "[0.5]": "", "−0.5": "", "1,2,3": "",
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
		{plain, "{'loss': 0.5}", "", ReasonShape},
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
