package run

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// Brief is how a run stands. Stored of one that has ended: fields may be added, not renamed.
type Brief struct {
	Header Header               `json:"header"` // stored, and in lists, without its source
	View   engine.View          `json:"view"`   // stored, and in lists, without its steps
	Counts map[engine.State]int `json:"counts,omitempty"`
	Live   bool                 `json:"-"` // a process works on it
}

// Brief is how a run stands by its log.
func (r *Record) Brief() Brief {
	return Brief{Header: r.Header, View: r.View, Counts: countsOf(r.View), Live: r.Live}
}

// Brief is how a run stands on which this process works.
func (r *Run) Brief() Brief {
	view := r.View(false)
	return Brief{Header: r.Header(), View: view, Counts: countsOf(view), Live: !view.State.Ended()}
}

// countsOf is how many steps are in each state; a step of a for-each counts once.
func countsOf(v engine.View) map[engine.State]int {
	counts := map[engine.State]int{}
	for _, s := range v.Steps {
		if s.Type != "" && s.Type != "for-each" && s.Type != "loop" {
			counts[s.State]++
		}
	}
	return counts
}

// listed is it as lists have it.
func (b Brief) listed() Brief {
	b.Header.Source, b.View.Steps = "", nil
	return b
}

// ReadBrief is how a run stands as lists have it: of one that has ended by what was kept of it, of any other by its
// log, and then that of one which has ended is kept. A reader who may not write there reads the log each time.
func ReadBrief(all, id string) (Brief, error) {
	info, err := os.Stat(filepath.Join(Folder(all, id), LogFile))
	if err != nil {
		return Brief{}, err
	}
	if b, ok := readEnded(all, id, info); ok {
		return b, nil
	}
	r, err := Read(all, id, false)
	if err != nil {
		return Brief{}, err
	}
	b := r.Brief().listed()
	if !b.Live && b.View.State.Ended() {
		_ = KeepEnded(all, id, info, b)
	}
	return b, nil
}

// List is how all runs stand, the newest first, and what could not be read.
func List(all string) (list []Brief, unread []error) {
	entries, err := os.ReadDir(all)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, []error{err}
	}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		b, err := ReadBrief(all, e.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue // the process was killed that was to begin it
		}
		if err != nil {
			unread = append(unread, err)
			continue
		}
		list = append(list, b)
	}
	slices.SortStableFunc(list, func(a, b Brief) int { return cmp.Compare(b.Header.Created, a.Header.Created) })
	return list, unread
}
