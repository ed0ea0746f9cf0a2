package prometheus

import (
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// Bounds of what is read.
const (
	MostBytes  = 1 << 20
	MostSeries = 1000 // of a file with more, those that the sweep is about
)

// Why a state of the file was not read, as results.Unread says it.
const (
	ReasonFormat = "were of a state of task.prometheus' file that is not in Prometheus' text format, and not read"
	ReasonLarge  = "were of a state of task.prometheus' file of more than 1 MiB, and not read"
	ReasonSeries = "were of more than 1000 series in task.prometheus' file, of which those were read that the " +
		"sweep names"
	ReasonLabels = "were of a metric with several series in task.prometheus' file, and not taken for it: name " +
		"one with its labels"
	ReasonNoFile = "were of a task.prometheus that is no regular file, and not read"
	ReasonShared = "were of a task.prometheus in a folder that trials share, and not read: write to " +
		"$KAON_PROMETHEUS, or set task.code"
	ReasonNoLines = "were of a state of task.prometheus' file without the end of its last line, and not read"
)

// Follower reads a file each time that it is another.
type Follower struct {
	Folder  *safefile.Dir
	Name    string                 // of the file below it
	Watched []string               // names that the sweep is about
	Emit    func(line []byte)      // a point, as a line of a metrics file has it: {"step": 3, "loss": 0.5}
	Unread  func(why, what string) // of a state that was not read, or not all of it

	state  state
	before map[string]Sample // of the last state that was read, by series
	step   float64           // of it
}

// state is what a file that is another differs in.
type state struct {
	device, inode uint64
	size          int64
	changed       unix.Timespec
}

// Skip has the file not read as it is now: it came with the program's code.
func (f *Follower) Skip() {
	if st, err := f.Folder.Stat(f.Name); err == nil {
		f.state = stateOf(st)
	}
}

func stateOf(st *unix.Stat_t) state { return state{uint64(st.Dev), st.Ino, st.Size, st.Mtim} }

// Poll reads the file if it is another than it was. It may be one that is being written; last: it is so no more, and
// what was waited for does not come.
func (f *Follower) Poll(last bool) {
	st, err := f.Folder.Stat(f.Name)
	if err != nil {
		return
	}
	now := stateOf(st)
	if now == f.state {
		return
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		f.state = now
		f.Unread(ReasonNoFile, f.Name)
		return
	}
	text, again := f.read(now)
	if again && !last {
		return // it has changed since
	}
	f.state = now
	switch {
	case now.size > MostBytes:
		f.Unread(ReasonLarge, f.Name)
	case text == "":
	case !strings.HasSuffix(text, "\n"):
		if !last { // its writer may have stopped in the middle of it
			f.state = state{}
			return
		}
		f.Unread(ReasonNoLines, text[strings.LastIndexByte(text, '\n')+1:])
	default:
		samples, err := Parse(text, f.Watched)
		if err != nil {
			f.Unread(ReasonFormat, text[:strings.IndexByte(text, '\n')])
			return
		}
		f.take(samples)
	}
}

// read reads the file; again: it was written to meanwhile.
func (f *Follower) read(expected state) (text string, again bool) {
	if expected.size > MostBytes {
		return "", false
	}
	file, err := f.Folder.Open(f.Name)
	if err != nil {
		return "", true
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MostBytes+1))
	if err != nil {
		return "", true
	}
	var st unix.Stat_t
	if unix.Fstat(int(file.Fd()), &st) != nil || stateOf(&st) != expected || int64(len(data)) != expected.size {
		return "", true
	}
	return string(data), false
}

// take makes a point of a state: of all series when a gauge called step has moved, else of those that changed. So what
// is written again with the next of several values does not count twice.
func (f *Follower) take(samples []Sample) {
	if len(samples) > MostSeries {
		f.Unread(ReasonSeries, f.Name)
		samples = slices.DeleteFunc(samples, func(s Sample) bool {
			return s.Series != "step" && !slices.Contains(f.Watched, s.Series) && !slices.Contains(f.Watched, s.Name)
		})
		samples = samples[:min(len(samples), MostSeries)]
	}
	now := make(map[string]Sample, len(samples))
	of := map[string]int{} // series by name
	for _, s := range samples {
		now[s.Series] = s
		of[s.Name]++
	}
	step, counted := now["step"]
	counted = counted && step.Value == math.Trunc(step.Value) && math.Abs(step.Value) < 1<<53
	moved := counted && (f.before == nil || step.Value != f.step)
	line := []byte{'{'}
	points := 0
	for _, s := range samples {
		old, known := f.before[s.Series]
		same := old.Value == s.Value || math.IsNaN(old.Value) && math.IsNaN(s.Value)
		if s.Series == "step" && counted || known && same && old.Time == s.Time && !moved {
			continue
		}
		name := s.Series
		if s.Series != s.Name && slices.Contains(f.Watched, s.Name) && !slices.Contains(f.Watched, s.Series) {
			if of[s.Name] > 1 || now[s.Name].Series != "" {
				f.Unread(ReasonLabels, s.Series)
			} else {
				name = s.Name
			}
		}
		key, _ := json.Marshal(name) // a text
		line = results.Number(s.Value).Append(append(append(line, key...), ": "...))
		line = append(line, ", "...)
		points++
	}
	f.before, f.step = now, step.Value
	if points == 0 {
		return
	}
	if counted {
		line = strconv.AppendInt(append(line, `"step": `...), int64(step.Value), 10)
	} else {
		line = line[:len(line)-len(", ")]
	}
	f.Emit(append(line, '}'))
}
