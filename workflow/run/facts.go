package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/steps"
)

// fact is what a function of an expression has read: the same is answered ever after.
type fact struct {
	Function string `json:"function"`
	Text     string `json:"text"`
	Items    []any  `json:"items"`
	Error    string `json:"error,omitempty"` // why it could not be read
	Round    int    `json:"round,omitempty"` // of restarts, in which it was read
}

// facts remembers what functions of expressions have read, and reads what is asked for the first time. An error is
// remembered, too: a replay of the log decides as the run did, whatever the file is by then. It holds until the run
// is restarted, which is how a missing file is mended.
type facts struct {
	folder string
	within string               // the one folder that may be read; empty: any
	had    map[[2]string][]fact // by function and text, the oldest first
	fresh  []fact               // not in the log yet
	round  int                  // of restarts
	mode   factMode
	ctx    context.Context // of what is read over a network
	left   error           // why something was not read: ctx has ended. Nothing that was decided on it counts
}

// unwanted tells whether a context has ended, other than to have a run cancelled, which is decided on.
func unwanted(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(context.Cause(ctx), steps.ErrStop)
}

// factMode is who asks.
type factMode int

const (
	deciding factMode = iota
	replaying
	filling // the keys of an attempt, whose end is in the log: a failure is that of the attempt alone
)

func newFacts(folder, within string, had []fact) *facts {
	f := &facts{folder: folder, within: within, had: map[[2]string][]fact{}, ctx: context.Background()}
	for _, one := range had {
		f.keep(one)
	}
	return f
}

func (f *facts) keep(one fact) {
	key := [2]string{one.Function, one.Text}
	f.had[key] = append(f.had[key], one)
}

// known is the fact that answers now.
func (f *facts) known(function, text string) (fact, bool) {
	all := f.had[[2]string{function, text}]
	for i := len(all) - 1; i >= 0; i-- {
		one := all[i]
		if one.Round > f.round { // it was read later
			continue
		}
		return one, one.Error == "" || one.Round == f.round && f.mode != filling
	}
	return fact{}, false
}

// read answers for what was read before, and otherwise reads it.
func (f *facts) read(function, text string) ([]any, error) {
	one, ok := f.known(function, text)
	switch {
	case ok:
	case f.mode == replaying: // of a log whose failures are not in it
		return nil, fmt.Errorf("%s(%q): it could not be read", function, text)
	default:
		decided := one.Error != "" && one.Round == f.round
		items, err := f.look(function, text)
		if err != nil && unwanted(f.ctx) {
			f.left = context.Cause(f.ctx) // whether it can be read is not known
			return nil, err
		}
		// as a fact it would answer, when the log is read, what was decided on the failure
		if err == nil && f.mode == filling && decided {
			return items, nil
		}
		one = fact{Function: function, Text: text, Items: items, Round: f.round}
		if err == nil {
			_, err = encode([]any{function, one}) // no longer than its record
		}
		if err != nil {
			if f.mode == filling {
				return nil, err
			}
			one.Items, one.Error = nil, err.Error()
		}
		f.keep(one)
		f.fresh = append(f.fresh, one)
	}
	if one.Error != "" {
		return nil, errors.New(one.Error)
	}
	return one.Items, nil
}

// look reads files.
func (f *facts) look(function, text string) ([]any, error) {
	path := text
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.folder, path)
	}
	items := []any{}
	if strings.HasPrefix(text, "s3://") {
		if f.within != "" { // the credentials would be this process's, not the submitter's
			return nil, fmt.Errorf("%s(%q): a run of a server reads no bucket in expressions: list it in a step",
				function, text)
		}
		var err error
		if items, err = readObjects(f.ctx, function, text); err != nil {
			return nil, fmt.Errorf("%s(%q): %w", function, text, err)
		}
		return bounded(function, text, items)
	}
	switch function {
	case "files":
		found, err := f.glob(text)
		if err != nil {
			return nil, fmt.Errorf("files(%q): %w", text, err)
		}
		for _, name := range found {
			if !filepath.IsAbs(text) {
				if rel, err := filepath.Rel(f.folder, name); err == nil {
					name = rel
				}
			}
			items = append(items, name)
		}
	case "lines":
		file, err := f.open(path)
		if err == nil {
			items, err = linesOf(file)
			_ = file.Close() // it was read
		}
		if err != nil {
			return nil, fmt.Errorf("lines(%q): %w", text, err)
		}
	default:
		return nil, fmt.Errorf("there is no function %s", function)
	}
	return bounded(function, text, items)
}

// bounded refuses what is too much.
func bounded(function, text string, items []any) ([]any, error) {
	if len(items) > maxLines {
		return nil, fmt.Errorf("%s(%q) has more than %d items", function, text, maxLines)
	}
	return items, nil
}

// open opens a file, of the one folder if there is one.
func (f *facts) open(path string) (*os.File, error) {
	if f.within == "" {
		return os.Open(path)
	}
	root, name, err := f.root(f.within, path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(name)
}

func (f *facts) root(within, path string) (root *os.Root, name string, err error) {
	name, err = filepath.Rel(within, path)
	if err != nil || !filepath.IsLocal(name) {
		return nil, "", errors.New("it leads out of the uploaded folder")
	}
	root, err = os.OpenRoot(f.within)
	return root, name, err
}
