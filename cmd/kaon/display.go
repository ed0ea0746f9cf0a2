package main

import (
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/format"
)

// progress is what a watcher sees of a running sweep.
type progress struct {
	total, running int
	done           int           // trials that have run to their end, well or not
	failed         int           // of those
	early          int           // of them, those that early stopping has ended
	stopped        int           // trials that have ended besides: most of them never started
	best           string        // "accuracy 0.9721 (trial 57)"; empty when there is none yet
	percent        string        // how far running trials are in the mean, "47 %"; empty when none says
	paused         bool          // no more trials start
	elapsed        time.Duration // since this process began to run the sweep
	doneBefore     int           // trials that were done when this process began
}

// display shows a sweep while it runs. All methods are called by one goroutine.
type display interface {
	say(line string)  // a line that stays
	show(p progress)  // the latest state; replaces the last one
	close(p progress) // the final state; nothing follows
}

// newDisplay chooses: a live bar on a terminal, plain lines in a pipe, nothing but said lines when quiet.
func newDisplay(w io.Writer, total int, quiet bool) display {
	if quiet {
		return &quietDisplay{w}
	}
	if onTerminal(w) && os.Getenv("TERM") != "dumb" {
		return newBarDisplay(fileOf(w), total)
	}
	return &lineDisplay{w: w, every: plainInterval}
}

// plainInterval keeps a log of an hours-long sweep readable, and still shows a minute-long one moving.
const plainInterval = 5 * time.Second

// rate is trials ended per second by this process, and how long the rest takes at that rate; zero when unknown.
func (p progress) rate() (perSecond float64, left time.Duration) {
	ended := p.done - p.doneBefore
	if ended <= 0 || p.elapsed <= 0 {
		return 0, 0
	}
	perSecond = float64(ended) / p.elapsed.Seconds()
	return perSecond, time.Duration(float64(p.left()) / perSecond * float64(time.Second)).Round(time.Second)
}

// left is how many trials have not ended.
func (p progress) left() int { return p.total - p.done - p.stopped }

// part is one thing to tell, and how early it is left out when there is no room; 0 is never.
type part struct {
	text  string
	spare int
}

// parts is everything beside the bar, in one order for terminal and pipe.
func (p progress) parts() []part {
	parts := []part{{fmt.Sprintf("%d running", p.running), 4}}
	if p.percent != "" && p.running > 0 {
		parts[0].text += " (" + p.percent + ")"
	}
	if p.paused {
		parts = append(parts, part{"paused", 0})
	}
	if p.failed > 0 {
		parts = append(parts, part{fmt.Sprintf("%d failed", p.failed), 2})
	}
	if p.early > 0 {
		parts = append(parts, part{fmt.Sprintf("%d stopped early", p.early), 2})
	}
	if p.stopped > 0 {
		parts = append(parts, part{fmt.Sprintf("%d stopped", p.stopped), 2})
	}
	if perSecond, left := p.rate(); perSecond > 0 {
		parts = append(parts, part{speed(perSecond), 5})
		if p.left() > 0 {
			parts = append(parts, part{"ETA " + left.String(), 1})
		}
	}
	if p.best != "" {
		parts = append(parts, part{"best " + clean(p.best), 3})
	}
	return parts
}

// speed is a rate for people: below one in two seconds by what each takes.
func speed(perSecond float64) string {
	if perSecond >= 1000 {
		return format.Grouped(big.NewInt(int64(math.Round(perSecond)))) + "/s"
	}
	if perSecond >= 0.5 {
		return fmt.Sprintf("%.3g/s", perSecond)
	}
	each := time.Duration(float64(time.Second) / perSecond)
	if each < time.Minute {
		return fmt.Sprintf("%.1f s each", each.Seconds())
	}
	return each.Round(time.Second).String() + " each"
}

func (p progress) details() string { return join(p.parts()) }

const separator = " · "

func join(parts []part) string {
	texts := make([]string, len(parts))
	for i := range parts {
		texts[i] = parts[i].text
	}
	return strings.Join(texts, separator)
}

// fit leaves parts out, those most easily spared first, until the rest fits or is worth too much.
func fit(parts []part, width, sparing int) []part {
	for len(parts) > 0 && columns(join(parts)) > width {
		most := slices.MaxFunc(parts, func(a, b part) int { return a.spare - b.spare })
		if most.spare < sparing {
			break
		}
		parts = slices.DeleteFunc(parts, func(x part) bool { return x == most })
	}
	return parts
}

// line fills one line of a terminal that is width characters wide: the count, what else there is room for, and
// before it a bar if room is left.
func (p progress) line(width int) string {
	const (
		barMost, barLeast = 32, 10
		barBefore         = 4 // a bar is worth more than parts this easily spared
	)
	parts := append([]part{{fmt.Sprintf("%d/%d", p.done, p.total), 0}}, p.parts()...)
	room := width - 1 // the last column would wrap on some terminals
	parts = fit(parts, room-barLeast-1, barBefore)
	parts = fit(parts, room, 1)
	text := join(parts)
	size := min(barMost, room-1-columns(text))
	if size < barLeast {
		return text
	}
	inner := size - 2
	full := 0
	if p.total > 0 {
		full = inner * p.done / p.total
	}
	return "▕" + strings.Repeat("█", full) + strings.Repeat("░", inner-full) + "▏ " + text
}

// lineDisplay prints a line now and then: for logs and pipes.
type lineDisplay struct {
	w     io.Writer
	every time.Duration
	last  progress
	since time.Duration // elapsed when the last line was printed
}

func (d *lineDisplay) say(line string) { fmt.Fprintln(d.w, line) }

func (d *lineDisplay) show(p progress) {
	changed := p.done != d.last.done || p.stopped != d.last.stopped || p.running != d.last.running ||
		p.percent != d.last.percent || p.paused != d.last.paused
	if changed && p.elapsed-d.since >= d.every {
		d.print(p)
	}
}

func (d *lineDisplay) close(p progress) {
	if p.done != d.last.done || p.stopped != d.last.stopped {
		d.print(p)
	}
}

func (d *lineDisplay) print(p progress) {
	d.last, d.since = p, p.elapsed
	fmt.Fprintf(d.w, "%d/%d trials · %s\n", p.done, p.total, p.details())
}

// quietDisplay prints only lines that were said.
type quietDisplay struct{ w io.Writer }

func (d *quietDisplay) say(line string) { fmt.Fprintln(d.w, line) }
func (d *quietDisplay) show(progress)   {}
func (d *quietDisplay) close(progress)  {}

// barDisplay keeps a bar on the last line of a terminal. Between two drawings the cursor stands at the beginning of
// that line: what the terminal itself puts there, such as ^C, is overdrawn, and when a narrower window breaks the line
// in pieces, all of them lie behind the cursor and are erased.
type barDisplay struct {
	w      *os.File
	latest progress // that is on the screen
}

const toStart, eraseAll = "\r", "\x1b[J" // the rest of the screen, as the cursor is on its last line

func newBarDisplay(w *os.File, total int) *barDisplay {
	d := &barDisplay{w: w}
	d.show(progress{total: total})
	return d
}

func (d *barDisplay) say(line string) {
	d.write(toStart + eraseAll + clean(line) + "\n" + d.line() + toStart)
}

func (d *barDisplay) show(p progress) {
	d.latest = p
	d.write(toStart + d.line() + eraseAll + toStart)
}

func (d *barDisplay) close(p progress) {
	d.latest = p
	d.write(toStart + d.line() + eraseAll + "\n")
}

// line is the bar for the window as it is now.
func (d *barDisplay) line() string { return d.latest.line(widthOf(d.w)) }

// write is one write, so that nothing of others comes between. A terminal that is gone has no reader to tell.
func (d *barDisplay) write(text string) { _, _ = d.w.WriteString(text) }

// overBar is where lines are written that may come while a bar stands on the terminal: they take its place until it is
// drawn anew.
type overBar struct{ io.Writer }

func (o overBar) Write(text []byte) (int, error) {
	if !onTerminal(o.Writer) || os.Getenv("TERM") == "dumb" {
		return o.Writer.Write(text)
	}
	if _, err := io.WriteString(trusted(o.Writer), toStart+eraseAll+clean(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}
