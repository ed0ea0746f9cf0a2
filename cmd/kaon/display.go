package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress is what a watcher sees of a running sweep.
type progress struct {
	total, done, running, failed int
	best                         string        // "accuracy 0.9721 (trial 57)"; empty when there is none yet
	elapsed                      time.Duration // since this process began to run the sweep
	doneBefore                   int           // trials that had ended when this process began
}

// display shows a sweep while it runs. All methods are called by one goroutine.
type display interface {
	say(line string)  // a line that stays
	show(p progress)  // the latest state; replaces the last one
	close(p progress) // the final state; nothing follows
}

// newDisplay chooses: a live bar on a terminal, plain lines in a pipe, nothing but said lines when quiet.
func newDisplay(w io.Writer, name string, total int, quiet bool) display {
	if quiet {
		return &quietDisplay{w}
	}
	if c, ok := w.(*checked); ok {
		w = c.file
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		return newBarDisplay(w, name, total)
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
	return perSecond, time.Duration(float64(p.total-p.done) / perSecond * float64(time.Second)).Round(time.Second)
}

// details is everything beside the bar, in one order for terminal and pipe.
func (p progress) details() string {
	parts := []string{fmt.Sprintf("%d running", p.running)}
	if p.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", p.failed))
	}
	if perSecond, left := p.rate(); perSecond > 0 {
		parts = append(parts, fmt.Sprintf("%.3g/s", perSecond))
		if p.done < p.total {
			parts = append(parts, "ETA "+left.String())
		}
	}
	if p.best != "" {
		parts = append(parts, "best "+p.best)
	}
	return strings.Join(parts, " · ")
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
	if p.elapsed-d.since >= d.every && (p.done != d.last.done || p.running != d.last.running) {
		d.print(p)
	}
}

func (d *lineDisplay) close(p progress) {
	if p.done != d.last.done {
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

// barDisplay keeps a bar at the bottom of a terminal.
type barDisplay struct {
	bars   *mpb.Progress
	bar    *mpb.Bar
	latest chan progress // capacity 1: only the newest state is drawn
}

func newBarDisplay(w io.Writer, name string, total int) *barDisplay {
	d := &barDisplay{latest: make(chan progress, 1)}
	d.bars = mpb.New(mpb.WithOutput(w), mpb.WithRefreshRate(150*time.Millisecond), mpb.WithWidth(34))
	var shown progress
	d.bar = d.bars.New(int64(total), mpb.BarStyle().Lbound("▕").Filler("█").Tip("█").Padding("░").Rbound("▏"),
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d/%d ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			select {
			case shown = <-d.latest:
			default:
			}
			return " " + shown.details()
		})),
	)
	return d
}

func (d *barDisplay) say(line string) { fmt.Fprintln(d.bars, line) }

func (d *barDisplay) show(p progress) {
	select {
	case <-d.latest:
	default:
	}
	d.latest <- p
	d.bar.SetCurrent(int64(p.done))
}

func (d *barDisplay) close(p progress) {
	d.show(p)
	if p.done < p.total {
		d.bar.Abort(false)
	}
	d.bars.Wait()
}
