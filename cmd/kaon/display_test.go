package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

func TestPipeGetsPlainLines(t *testing.T) {
	var out bytes.Buffer
	d := newDisplay(&out, 240, false)
	d.say("running digits-x7k2")
	d.show(progress{total: 240, done: 1, running: 2, elapsed: time.Second})
	d.show(progress{total: 240, done: 60, running: 2, failed: 3, elapsed: 6 * time.Second, best: "accuracy 0.97 (trial 7)"})
	d.show(progress{total: 240, done: 61, running: 2, elapsed: 7 * time.Second})
	d.close(progress{total: 240, done: 240, elapsed: 24 * time.Second, best: "accuracy 0.98 (trial 9)"})
	want := strings.TrimLeft(`
running digits-x7k2
60/240 trials · 2 running · 3 failed · 10/s · ETA 18s · best accuracy 0.97 (trial 7)
240/240 trials · 0 running · 10/s · best accuracy 0.98 (trial 9)
`, "\n")
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}

func TestRateLeavesOutWhatWasDoneBefore(t *testing.T) {
	perSecond, left := progress{total: 100, done: 60, doneBefore: 50, elapsed: 10 * time.Second}.rate()
	if perSecond != 1 || left != 40*time.Second {
		t.Errorf("rate %v, left %v: want 1 per second, 40s", perSecond, left)
	}
}

func TestLineFitsTheTerminal(t *testing.T) {
	p := progress{total: 240, done: 60, running: 2, failed: 3, elapsed: 6 * time.Second, best: "accuracy 0.97 (trial 7)"}
	for _, tt := range []struct {
		width int
		want  string
	}{
		{120, "▕███████░░░░░░░░░░░░░░░░░░░░░░░▏ 60/240 · 2 running · 3 failed · 10/s · ETA 18s · best accuracy 0.97 (trial 7)"},
		{80, "▕████░░░░░░░░░░░░░░▏ 60/240 · 3 failed · ETA 18s · best accuracy 0.97 (trial 7)"},
		{70, "▕██░░░░░░▏ 60/240 · 3 failed · ETA 18s · best accuracy 0.97 (trial 7)"},
		{42, "▕██░░░░░░░░░▏ 60/240 · 3 failed · ETA 18s"},
		{20, "60/240 · ETA 18s"},
		{10, "60/240"},
		{1, "60/240"},
	} {
		if got := p.line(tt.width); got != tt.want {
			t.Errorf("%d columns:\n%s\nwant:\n%s", tt.width, got, tt.want)
		}
	}
	p = progress{}
	if got := p.line(40); !strings.Contains(got, "0/0") {
		t.Errorf("nothing known yet: %q", got)
	}
}

func TestBriefNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 51573: "51573", 123456789: "123456789", -3: "-3", 0.1: "0.1", 1e-5 / 3: "3.33333e-06", 1234.56789: "1234.57", 1e300: "1e+300",
		math.NaN(): "NaN", math.Inf(-1): "-Inf",
	} {
		if got := formatValue(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

// Letters that take two places, and accents that take none, leave columns where they are.
func TestTableOfWideText(t *testing.T) {
	var out bytes.Buffer
	var tab table
	tab.row("METRIC", "VALUE")
	tab.row("損失", 1)
	tab.row("größe", 2)
	tab.row("gro\u0308ße", 3)
	tab.row("🙂", "")
	if err := tab.print(&out); err != nil {
		t.Fatal(err)
	}
	want := "METRIC  VALUE\n損失    1\ngröße   2\ngro\u0308ße   3\n🙂\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWideTextFitsItsTerminal(t *testing.T) {
	p := progress{total: 8, done: 3, running: 2, elapsed: time.Second, best: "損失損失損失損失損失損失 0.123 (trial 3)"}
	for width := 20; width <= 120; width += 5 {
		if got := columns(p.line(width)); got >= width {
			t.Errorf("%d columns of %d", got, width)
		}
	}
}

// A table for a narrow screen says in its heads what tells them apart, and names whole what it left out.
func TestTableThatFits(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
		left  string
	}{
		{100, "ID  model.encoder.width  model.encoder.act  other.act  text\n1   64                   gelu               relu       " + strings.Repeat("x", 40) + "\n", ""},
		{70, "ID  …width  …encoder.act  other.act  text\n1   64      gelu          relu       " + strings.Repeat("x", 31) + "…\n", ""},
		{44, "ID  …width  …encoder.act  other.act\n1   64      gelu          relu\n", "text"},
		{12, "ID  …width\n1   64\n", "model.encoder.act other.act text"},
		{4, "ID\n1\n", "model.encoder.width model.encoder.act other.act text"},
	} {
		var tab table
		tab.row("ID", "model.encoder.width", "model.encoder.act", "other.act", "text")
		tab.row(1, 64, "gelu", "relu", strings.Repeat("x", 40))
		left := tab.fit(c.width)
		var out bytes.Buffer
		if err := tab.print(&out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(left, " "); out.String() != c.want || got != c.left {
			t.Errorf("%d columns:\n%swithout %q; want\n%swithout %q", c.width, out.String(), got, c.want, c.left)
		}
	}
}

// A long value makes no line of a pipe endless.
func TestTableOfLongText(t *testing.T) {
	var out bytes.Buffer
	var tab table
	tab.row("TRIAL", "text")
	tab.row(1, strings.Repeat("x", 1<<20))
	if err := tab.print(&out); err != nil || out.Len() > 300 || !strings.Contains(out.String(), "xxx…") {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}
