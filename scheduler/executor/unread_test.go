package executor

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
		{plain, "loss=0,75", "", missShape},
		{plain, "loss=0,75 acc=1", "acc:1", missShape},
		{plain, "loss: 0.5", "", missShape},
		{plain, "{'loss': 0.5}", "", missShape},
		{plain, `{"loss": 0.5,}`, "", missShape},
		{plain, `{"loss": 0.5} done`, "", missShape},
		{plain, `{"loss": 0.5}{"loss": 0.4}`, "", missShape},
		{plain, `{"loss": 0,75}`, "", missShape},
		{plain, `{"loss": "0,75"}`, "", missShape},
		{plain, `{"loss": "12ms", "acc": 1}`, "acc:1", missShape},
		{plain, `{"loss": [0.5]}`, "", missShape},
		{plain, `{"loss": 0.5`, "", missShape},
		{plain, `  "loss": 0.5,`, "", missShape},
		{plain, `{"msg": "loss=0.5"}`, "", missShape},
		{plain, "loss=tensor(0.5, device='cuda:0')", "", missShape},
		{plain, "loss=mse", "", missNone},
		{plain, "if loss == 3:", "", missNone},
		{plain, "gloss=3,5 loss.x=3,5", "", missNone},
		{plain, "step=3/10 loss=0.5", "loss:0.5 step 3", missNone},
		{plain, `{"lr": "1e-3x", "loss": 2}`, "loss:2", missNone},
		{plain, "l\x00o\x00s\x00s\x00=\x001\x00", "", missUTF16},

		{plain, `2026-11-29 INFO {"loss": 1, "lr": 2}`, "loss:1 lr:2", missNone},
		{plain, `INFO:root:{"loss": 1}`, "loss:1", missNone},
		{plain, `train metrics: {"loss": 1, "step": 4}`, "loss:1 step 4", missNone},
		{plain, `2026-11-29 INFO config {"lr": 1}`, "", missNone},
		{plain, `  "val": {"loss": 1}`, "", missShape},
		{plain, `[{"loss": 1}`, "", missShape},
		{plain, `{"train": {"loss": 1}, "val": {"loss": 2}`, "", missShape},
		{plain, `val={"loss": 1}`, "", missShape},

		{plain, "\ufeff{\"loss\": 1}", "loss:1", missNone},
		{plain, "\ufeffloss=1", "loss:1", missNone},
		{plain, "\x1b[32mloss\x1b[0m=\x1b[1;31m0.5\x1b[0m", "loss:0.5", missNone},
		{plain, "\x1b[38;5;208m{\"loss\": \x1b[1m2\x1b[0m}\x1b[0m\x1b[K", "loss:2", missNone},
		{plain, "loss=0.\x1b[31m75\x1b[0m", "loss:0.75", missNone},
		{plain, "\x1b]0;title\x07loss=1\x1b[10Gacc=2\u009b0m", "acc:2 loss:1", missNone},
		{plain, "\x1b]8;;http://x\x1b\\loss=1\x1b]8;;\x1b\\", "loss:1", missNone},

		{katib, "loss=0.5", "loss:0.5", missNone},
		{katib, "loss=0,75", "", missShape},
		{katib, "loss=12:30", "", missShape},
		{katib, "loss=50%", "", missShape},
		{katib, "loss=1e5x", "", missShape},
		{task.Order{Objective: "t", Filters: []string{`(t) took (\d+)ms`}}, "t took 12ms", "t:12", missNone},
		{task.Order{}, "loss=0,75", "", missNone},
	} {
		collect, err := newCollector(&c.order)
		if err != nil {
			t.Fatal(err)
		}
		m, ok, missed := collect.line(unescaped([]byte(c.line)), nil)
		got := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(m.metrics), "map["), "]")
		if m.hasStep {
			got += fmt.Sprint(" step ", m.step)
		}
		if got != c.want || ok != (c.want != "") || missed != c.missed {
			t.Errorf("%q: got %q, %v, %q; want %q, %q", c.line, got, ok, missed, c.want, c.missed)
		}
	}
}

// What an attempt said in vain is told at its end, by count and bound.
func TestUnreadLinesAreTold(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("s.1.1", task.Order{Objective: "loss", Shell: `echo loss=0,75; echo loss=0,5; echo loss: 3; echo "loss=0.5"
head -c 70000 /dev/zero | tr '\0' x; echo
i=0; while [ $i -lt 1100 ]; do l="$l,\"m$i\":$i"; i=$((i+1)); done; echo "{\"a\":1$l}"
echo 'ERROR loss=7' >&2; echo 'epoch 1' >&2
printf '{"acc": 1,}\nhello\n\n{"none": "x"}\n' >> $KAON_METRICS`})
	a.launch("s.2.1", task.Order{Objective: "loss", Shell: `echo 'INFO {"loss": 1}' >&2; echo '{"loss": 2}' >&2; echo fine >&2`})
	o := a.finished("s.1.1")
	var got []string
	for _, u := range o.end.Unread {
		got = append(got, u.String())
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{"5 lines looked like metrics and were not read, first: ", "1 line was longer than 65536 bytes and not read for metrics, first: xxx",
		"1 line had more than 1024 metrics, "} {
		if !strings.Contains(all, want) {
			t.Errorf("lacks %q:\n%s", want, all)
		}
	}
	if len(o.points) != 1 || o.points[0].Metrics["loss"] != 0.5 || strings.Contains(all, "standard error") {
		t.Errorf("%+v\n%s", o.points, all)
	}
	o = a.finished("s.2.1")
	if len(o.end.Unread) != 1 || !strings.HasPrefix(o.end.Unread[0].String(), "2 lines on standard error looked like metrics and were not read") {
		t.Errorf("%+v", o.end.Unread)
	}
}

// The last line of a program that was ended may be the beginning of one.
func TestCutLinesAreNotRead(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("s.1.1", task.Order{Objective: "loss", Shell: `echo loss=1; printf 'loss=0.7'; kill -9 $$`})
	a.launch("s.2.1", task.Order{Objective: "loss", Shell: `printf '{"loss": 0.7}' >> $KAON_METRICS; printf '{"loss": 0.5}'; kill -9 $$`})
	a.launch("s.3.1", task.Order{Objective: "loss", Shell: `printf 'loss=0.7'; printf 'loss=0.5' >> $KAON_METRICS; exit 3`})
	a.launch("s.4.1", task.Order{Objective: "loss", Shell: `printf '{"loss": 1}\nloss=0.7' >> $KAON_METRICS; kill -9 $$`})
	for id, want := range map[string]struct{ points, unread int }{"s.1.1": {1, 1}, "s.2.1": {2, 0}, "s.3.1": {2, 0}, "s.4.1": {1, 1}} {
		if o := a.finished(id); len(o.points) != want.points || len(o.end.Unread) != want.unread {
			t.Errorf("%s: %+v, %+v", id, o.points, o.end.Unread)
		}
	}
}
