package executor

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

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
