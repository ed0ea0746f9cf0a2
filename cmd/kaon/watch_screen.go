package main

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server/api"
)

// watchScreen shows sweeps, one of them, and what a trial of it writes, on a whole terminal. It changes nothing of
// them. All its fields belong to the goroutine of run; what others have read comes as a function that it calls.
type watchScreen struct {
	ctx  context.Context
	tty  *fullScreen
	from *watchReader
	did  chan func()

	list  sweepList
	one   *sweepScreen // nil: the list is shown
	log   *logScreen   // nil: no trial is shown
	ask   *prompt
	notes string // of the last read
	note  string // of the last key

	stopReading, stopListing, stopLog context.CancelFunc
}

// prompt is a line that is being typed.
type prompt struct {
	what string
	text string
	done func(text string)
}

// run shows until the user leaves, or ctx ends; an id is the sweep that is shown first.
func (w *watchScreen) run(id string) {
	w.did = make(chan func())
	w.stopReading, w.stopListing, w.stopLog = func() {}, func() {}, func() {}
	defer func() { w.stopReading(); w.stopListing(); w.stopLog() }()
	w.list.chosen = id
	if id != "" {
		w.open(id)
	} else {
		w.close()
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var held []byte
	for {
		w.draw()
		var late <-chan time.Time
		if len(held) > 0 {
			late = time.After(escapeWait)
		}
		var keys []string
		select {
		case <-w.ctx.Done():
			return
		case <-w.tty.resized:
			w.tty.measure()
		case <-second.C:
		case do := <-w.did:
			do()
		case <-late:
			keys, held = keysIn(held, true)
		case sent, more := <-w.tty.sent:
			if !more {
				return
			}
			keys, held = keysIn(append(held, sent...), false)
		}
		for _, key := range keys {
			if w.press(key) {
				return
			}
		}
	}
}

// later runs a function that reads on a goroutine of its own, whose answer is called here.
func (w *watchScreen) later(ctx context.Context, read func() func()) {
	crash.Go(func() { w.tell(ctx, read()) })
}

// tell has the screen's goroutine call a function; false when nobody waits for it any more.
func (w *watchScreen) tell(ctx context.Context, do func()) bool {
	select {
	case w.did <- func() {
		if ctx.Err() == nil {
			do()
		}
	}:
		return true
	case <-ctx.Done():
		return false
	}
}

const (
	readEvery  = time.Second      // what runs
	readSlowly = 10 * time.Second // what has ended
	readShare  = 4                // a read that takes long is waited for so many times as long
)

// keepReading reads again and again, until something else is to be read. A read says how it is shown, and after how
// long to read again.
func (w *watchScreen) keepReading(read func(ctx context.Context) (show func(), pause time.Duration, err error)) {
	w.stopReading()
	ctx, cancel := context.WithCancel(w.ctx)
	w.stopReading = cancel
	crash.Go(func() {
		for {
			began := time.Now()
			show, pause, err := read(ctx)
			took := time.Since(began)
			note := oneOf(err)
			if note == "" {
				note = w.from.said.take()
			} else {
				pause = readEvery
			}
			if !w.tell(ctx, func() {
				w.notes = note
				if err == nil {
					show()
				}
			}) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(max(pause, readShare*took)):
			}
		}
	})
}

// close shows the list.
func (w *watchScreen) close() {
	w.one = nil
	w.stopListing()
	w.keepReading(func(ctx context.Context) (func(), time.Duration, error) {
		all, err := w.from.sweeps(ctx)
		return func() { w.list.take(all) }, readEvery, err
	})
}

// open shows a sweep.
func (w *watchScreen) open(id string) {
	w.one = newSweepScreen(id)
	one := w.one
	w.keepReading(func(ctx context.Context) (func(), time.Duration, error) {
		now, err := w.from.sweep(ctx, id)
		pause := readSlowly
		if err == nil && !now.ended() {
			pause = readEvery
		}
		return func() {
			one.take(now)
			w.listTrials()
		}, pause, err
	})
}

// listTrials lists the sweep's trials as they are to be shown.
func (w *watchScreen) listTrials() {
	w.stopListing()
	ctx, cancel := context.WithCancel(w.ctx)
	w.stopListing = cancel
	one, query, board := w.one, w.one.trials.query, w.one.now.Board
	w.later(ctx, func() func() {
		all, err := query.list(ctx, board)
		return func() {
			if err != nil {
				w.note = oneOf(err)
				return
			}
			one.trials.take(all)
		}
	})
}

// follow shows what a trial writes.
func (w *watchScreen) follow(trial int, stderr bool) {
	w.stopLog()
	ctx, cancel := context.WithCancel(w.ctx)
	w.stopLog = cancel
	lines, of := &logLines{}, w.one.now
	w.log = &logScreen{trial: trial, stderr: stderr, log: lines}
	crash.Go(func() {
		err := w.from.logs(ctx, of, trial, stderr, lines)
		lines.close(err, w.from.said.take())
		w.tell(ctx, func() {})
	})
}

// press does what a key says; true: the user leaves.
func (w *watchScreen) press(key string) (leave bool) {
	w.note = ""
	if w.ask != nil {
		w.enter(key)
		return false
	}
	switch key {
	case keyInterrupt, "q":
		return true
	case keyEscape, keyBackspace:
		w.back()
		return false
	case "/":
		w.typed()
		return false
	}
	rows := w.rows()
	switch {
	case w.log != nil && key == "e":
		w.follow(w.log.trial, !w.log.stderr)
	case w.log != nil:
		w.log.press(key, rows-len(w.log.head(w.one.now, w.tty.width))-1)
	case w.one != nil && key == keyEnter:
		if trial, ok := w.one.trial(); ok {
			t, _ := w.one.now.Trial(trial)
			w.follow(trial, t.State.String() == "failed")
		}
	case w.one != nil:
		if q, changed := w.one.press(key, w.one.body(w.tty.width, rows)); changed {
			w.one.trials.query, w.one.trials.at = q, scroll{}
			w.listTrials()
		}
	case key == keyEnter && w.list.chosen != "" && len(w.list.showing) > 0:
		w.open(w.list.chosen)
	default:
		w.list.press(key, rows)
	}
	return false
}

// back goes to where this screen was opened from.
func (w *watchScreen) back() {
	switch {
	case w.log != nil:
		w.stopLog()
		w.log = nil
	case w.one != nil:
		w.close()
	case w.list.text != "":
		w.list.filter("")
	}
}

// typed asks for what is to be looked for.
func (w *watchScreen) typed() {
	switch {
	case w.log != nil:
		w.ask = &prompt{what: "find: ", done: func(text string) {
			w.log.find = text
			w.log.press("n", w.rows())
		}}
	case w.one == nil:
		w.ask = &prompt{what: "sweeps with: ", text: w.list.text, done: w.list.filter}
	case w.one.now != nil && w.one.tab == tabTrials:
		w.ask = &prompt{what: "trials where, as in params.lr < 0.01 && value > 0.9: ", text: w.one.trials.query.filter,
			done: func(text string) {
				if _, err := api.Matching(text); err != nil {
					w.note = oneOf(err)
					return
				}
				w.one.trials.query.filter, w.one.trials.at = text, scroll{}
				w.listTrials()
			}}
	}
}

// longestTyped bounds what is typed; the API takes no longer filter.
const longestTyped = 4000

// enter takes a key for what is typed.
func (w *watchScreen) enter(key string) {
	p := w.ask
	switch key {
	case keyEnter:
		w.ask = nil
		p.done(strings.TrimSpace(p.text))
	case keyEscape, keyInterrupt:
		w.ask = nil
	case keyBackspace:
		_, n := utf8.DecodeLastRuneInString(p.text)
		p.text = p.text[:len(p.text)-n]
	default:
		if utf8.RuneCountInString(key) == 1 && len(p.text) < longestTyped {
			p.text += key
		}
	}
}

// rows are those of the middle: without the first line, and the two at the bottom.
func (w *watchScreen) rows() int { return max(w.tty.height-3, 1) }

// draw shows everything.
func (w *watchScreen) draw() {
	width, rows := w.tty.width, w.rows()
	top := lineOf(span{text: "kaon watch", look: strong}, span{text: "  " + w.from.place, look: faint})
	var middle []textLine
	switch {
	case w.log != nil:
		middle = w.log.screen(w.one.now, width, rows)
	case w.one != nil:
		middle = w.one.lines(width, rows)
	default:
		middle = w.list.lines(width, rows, time.Now())
	}
	lines := append([]textLine{top}, middle[:min(len(middle), rows)]...)
	for len(lines) < rows+1 {
		lines = append(lines, lineOf())
	}
	w.tty.draw(append(lines, w.lastButOne(width), w.keys(width)))
}

// lastButOne is what is typed, else what the last key or the last read has to say.
func (w *watchScreen) lastButOne(width int) textLine {
	switch {
	case w.ask != nil:
		text := w.ask.what + w.ask.text
		if more := columns(escaped(text)) - width + 1; more > 0 {
			text = screen.TruncateLeft(escaped(text), more+1, "…")
		}
		return lineOf(spanOf(text), span{text: " ", look: "7"})
	case w.note != "":
		return lineOf(span{text: w.note, code: stateCode("failed")})
	}
	return lineOf(span{text: w.notes, code: stateCode("failed")})
}

// keys are what can be pressed now, the needless first to go where there is no room.
func (w *watchScreen) keys(width int) textLine {
	var parts []part
	switch {
	case w.ask != nil:
		parts = []part{{"enter take", 0}, {"esc leave as it was", 1}}
	case w.log != nil:
		parts = []part{{"esc back", 1}, {"q quit", 0}, {"↑↓ scroll", 3}, {"G follow", 2}, {"e other stream", 1},
			{"/ find", 2}, {"n N next", 4}}
	case w.one != nil && w.one.tab == tabTrials:
		parts = []part{{"enter log", 1}, {"esc back", 1}, {"q quit", 0}, {"↑↓ move", 5}, {"tab part", 1}, {"s sort", 2},
			{"r reverse", 4}, {"f state", 3}, {"/ filter", 2}}
	case w.one != nil && w.one.tab == tabFailures:
		parts = []part{{"enter log", 1}, {"esc back", 1}, {"q quit", 0}, {"↑↓ move", 2}, {"tab part", 1}}
	case w.one != nil:
		parts = []part{{"esc back", 1}, {"q quit", 0}, {"tab part", 1}}
	default:
		parts = []part{{"enter open", 1}, {"q quit", 0}, {"↑↓ move", 2}, {"/ search", 1}}
	}
	return lineOf(span{text: join(fit(parts, width, 1)), look: faint})
}
