package run

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Said is something that was said in a run, by a step or to one. Stored: fields may be added, not renamed.
type Said struct {
	At        int64           `json:"at"` // milliseconds since 1970
	Step      string          `json:"step,omitempty"`
	Attempt   int             `json:"attempt,omitempty"`
	Text      string          `json:"text,omitempty"`
	Milestone bool            `json:"milestone,omitempty"`
	Percent   *float64        `json:"percent,omitempty"`
	Name      string          `json:"name,omitempty"` // of a value that the step names
	Value     json.RawMessage `json:"value,omitempty"`

	ID      string          `json:"id,omitempty"`  // of a message to the step
	Who     string          `json:"who,omitempty"` // has sent it; empty: the step has said it itself
	To      string          `json:"to,omitempty"`  // what within the step it was for
	Body    json.RawMessage `json:"body,omitempty"`
	Refused string          `json:"refused,omitempty"` // why the step does not hear it

	order int // in which it was taken in
}

// String is it for people.
func (s Said) String() string {
	switch {
	case s.Who != "":
		to := ""
		if s.To != "" {
			to = " to " + s.To
		}
		if s.Refused != "" {
			return fmt.Sprintf("from %s%s, not heard: %s", s.Who, to, s.Refused)
		}
		return fmt.Sprintf("from %s%s: %s", s.Who, to, s.Body)
	case s.Name != "":
		return steps.ValueNamed(s.Name, s.Value).Text
	case s.Percent != nil:
		return strings.TrimSpace(fmt.Sprintf("%.0f %% %s", *s.Percent, s.Text))
	}
	return s.Text
}

// saidFile, in a run's folder, has what was said: a JSON object a line. It is not synced: a machine that breaks down
// may take its end along, a process that is killed does not.
const saidFile = "said"

const (
	mostSaid    = 1000        // messages of a run that are kept; the last
	mostValues  = 1000        // named values of a run, and steps of which it is kept how far they are
	longestSaid = 2000        // bytes that are kept of a text or a value
	saidSlack   = 1 << 20     // what the file may be longer than twice of what is kept
	largeFile   = 8 << 20     // a file that is longer is written anew when it is opened
	longestFile = 64 << 20    // of the file's end is read
	percentRest = time.Second // between two lines of how far a step is
)

// talk is what was said in a run. Its methods may be called by any goroutine.
type talk struct {
	folder string

	mu       sync.Mutex
	file     *os.File // nil until something is said
	failed   error    // why it is not written any more
	size     int64
	kept     int64 // the size when it was written anew
	taken    int   // lines that were taken in
	messages []Said
	values   map[[2]string]Said // by step and name
	percents map[string]Said    // by step
}

// readTalk reads what was said in the run of a folder. What is no line of it is left out.
func readTalk(folder string) *talk {
	t := &talk{folder: folder, values: map[[2]string]Said{}, percents: map[string]Said{}}
	f, err := os.Open(filepath.Join(folder, saidFile))
	if err != nil {
		return t // nothing was said
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > longestFile {
		if _, err := f.Seek(-longestFile, io.SeekEnd); err != nil {
			return t
		}
	}
	in := bufio.NewScanner(io.LimitReader(f, longestFile))
	in.Buffer(nil, longestFile)
	for in.Scan() {
		var s Said
		if json.Unmarshal(in.Bytes(), &s) == nil && s.At > 0 {
			t.keep(s)
		}
	}
	return t
}

// keep takes a line in. It answers whether it says something new. t.mu is held, or nobody else knows t.
func (t *talk) keep(s Said) bool {
	t.taken++
	s.order = t.taken
	switch {
	case s.Name != "":
		key := [2]string{s.Step, s.Name}
		had, known := t.values[key]
		if known && had.Attempt == s.Attempt && bytes.Equal(had.Value, s.Value) {
			return false
		}
		if !known && len(t.values) >= mostValues {
			return false
		}
		t.values[key] = s
		return true
	case s.Percent != nil:
		had, known := t.percents[s.Step]
		if known && had.Attempt == s.Attempt {
			same := *had.Percent == *s.Percent && had.Text == s.Text
			if same || s.At-had.At < percentRest.Milliseconds() && *s.Percent < 100 {
				return false
			}
		}
		if !known && len(t.percents) >= mostValues {
			t.dropPercent()
		}
		t.percents[s.Step] = s
		return true
	}
	if s.ID != "" && slices.ContainsFunc(t.messages, func(m Said) bool { return m.ID == s.ID }) {
		return false // it was sent again
	}
	if s.Milestone && slices.ContainsFunc(t.messages, func(m Said) bool {
		return m.Milestone && m.At == s.At && m.Step == s.Step && m.Attempt == s.Attempt && m.Text == s.Text
	}) {
		return false // a process that goes on with the attempt is told again
	}
	if len(t.messages) >= mostSaid {
		t.messages = slices.Delete(t.messages, 0, 1)
	}
	t.messages = append(t.messages, s)
	return true
}

// dropPercent forgets how far the step is that has said so longest ago.
func (t *talk) dropPercent() {
	oldest := ""
	for step, s := range t.percents {
		if oldest == "" || s.At < t.percents[oldest].At {
			oldest = step
		}
	}
	delete(t.percents, oldest)
}

// add keeps what is said, and writes it down.
func (t *talk) add(s Said) {
	s.Text, s.Name, s.To, s.Refused = clipped(s.Text), clipped(s.Name), clipped(s.To), clipped(s.Refused)
	s.Value, s.Body = clippedJSON(s.Value), clippedJSON(s.Body)
	line, err := json.Marshal(s)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.keep(s) || t.failed != nil {
		return
	}
	if t.file == nil {
		if t.failed = t.open(); t.failed == nil && t.size > largeFile {
			t.failed = t.rewrite() // each process would let it grow to twice of what it was
			return
		}
	}
	if t.failed == nil {
		var n int
		n, t.failed = t.file.Write(append(line, '\n'))
		t.size += int64(n)
	}
	if t.failed == nil && t.size > 2*t.kept+saidSlack {
		t.failed = t.rewrite()
	}
}

// open opens the file behind its last whole line. t.mu is held.
func (t *talk) open() error {
	f, err := os.OpenFile(filepath.Join(t.folder, saidFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err = f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			_, err = f.WriteString("\n") // a line that was cut off is none
		}
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	t.file, t.size, t.kept = f, info.Size(), info.Size()
	return nil
}

// rewrite has the file be what is kept. t.mu is held.
func (t *talk) rewrite() error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, s := range t.all() {
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	name := filepath.Join(t.folder, saidFile)
	if err := durable.ReplaceUnsynced(name, b.Bytes()); err != nil {
		return err
	}
	_ = t.file.Close() // the file that it was is gone
	t.file = nil
	return t.open()
}

// all is what is kept, the oldest first. t.mu is held.
func (t *talk) all() []Said {
	list := slices.Clone(t.messages)
	for _, s := range t.values {
		list = append(list, s)
	}
	for _, s := range t.percents {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Said) int { return cmp.Or(cmp.Compare(a.At, b.At), a.order-b.order) })
	return list
}

// said is what was said by a step and to it, or by all and to all, the oldest first.
func (t *talk) said(step string) []Said {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.all()
	if step == "" {
		return list
	}
	return slices.DeleteFunc(list, func(s Said) bool { return s.Step != step })
}

func (t *talk) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		_ = t.file.Close() // nothing of it is in this process
		t.file = nil
	}
	t.failed = fs.ErrClosed
}

func clipped(text string) string {
	if len(text) <= longestSaid {
		return text
	}
	return strings.ToValidUTF8(text[:longestSaid], "") + "…"
}

// clippedJSON is a value, or the beginning of its text.
func clippedJSON(value json.RawMessage) json.RawMessage {
	if len(value) <= longestSaid {
		return value
	}
	text, err := json.Marshal(clipped(string(value)))
	if err != nil {
		return nil
	}
	return text
}
