package export

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/tfevents"
	"github.com/kaon-sweep/kaon/sweep"
)

// EventFile is the name of a trial's event file, in the folder that has the trial's index.
const EventFile = "events.out.tfevents.kaon"

// unwritten is how many bytes of event files are kept before they are written: the trials of a sweep are told of by
// turns, and a file cannot be kept open for each.
const unwritten = 32 << 20

// TensorBoard writes an event file for each trial of a board that has begun, DIR/<trial>/EventFile: its parameters and
// how it ended for the HPARAMS page, and of the attempt that counts every point that the bucket or fresh holds
// (EachPoint). It answers how many files it wrote. It makes the folders anew; what it has made it removes when it
// fails.
func TensorBoard(ctx context.Context, dir *os.Root, b bucket.Bucket, sweep string, from *board.Board,
	fresh []results.Record) (int, error) {
	w := eventWriter{dir: dir, files: map[int]*eventFile{}}
	err := w.write(ctx, b, sweep, from, fresh)
	if err != nil {
		for trial := range w.files {
			_ = dir.RemoveAll(strconv.Itoa(trial))
		}
		return 0, fmt.Errorf("export to TensorBoard: %w", err)
	}
	return len(w.files), nil
}

type eventFile struct {
	attempt int // that counts
	rest    []byte
}

type eventWriter struct {
	dir   *os.Root
	files map[int]*eventFile // by trial: those whose folder is made
	kept  int                // bytes of them
}

func (w *eventWriter) write(ctx context.Context, b bucket.Bucket, sweep string, from *board.Board,
	fresh []results.Record) error {
	for t := range from.Trials(board.Query{}) {
		if err := w.begin(t); err != nil {
			return err
		}
	}
	_, err := EachPoint(ctx, b, sweep, fresh, func(p Reported) error {
		if f := w.files[p.Trial]; f == nil || f.attempt != p.Attempt {
			return nil
		}
		e := tfevents.Event{Wall: seconds(p.Millis), Step: p.Step}
		for _, name := range slices.Sorted(maps.Keys(p.Metrics)) {
			e.Scalars = append(e.Scalars, tfevents.Scalar{Tag: name, Value: p.Metrics[name]})
		}
		return w.add(p.Trial, tfevents.Append(nil, e))
	})
	if err != nil {
		return err
	}
	for t := range from.Trials(board.Query{}) {
		if a := t.Decisive(); a != nil && a.End != nil && t.State.Terminal() {
			if err := w.add(t.Trial, tfevents.SessionEnd(seconds(a.End.EndMs), sessionStatus(t.State))); err != nil {
				return err
			}
		}
	}
	return w.flush()
}

// begin makes the folder of a trial and begins its file.
func (w *eventWriter) begin(t board.Trial) error {
	if err := w.dir.Mkdir(strconv.Itoa(t.Trial), 0o777); err != nil {
		return err
	}
	w.files[t.Trial] = &eventFile{attempt: t.Attempt}
	start := 0.0
	if a := t.Decisive(); a != nil && a.End != nil {
		start = seconds(a.End.StartMs)
	}
	group := strconv.Itoa(t.Trial)
	if t.Point != nil {
		group = "point " + strconv.Itoa(*t.Point)
	}
	var params []tfevents.Param
	for _, p := range Params(t) {
		params = append(params, tfevents.Param{Name: p.Name, Value: sessionValue(p.Value)})
	}
	if err := w.add(t.Trial, tfevents.Version(start)); err != nil || len(params) == 0 {
		return err
	}
	return w.add(t.Trial, tfevents.SessionStart(start, group, params))
}

// sessionValue is a parameter as the HPARAMS page has them: numbers, booleans, and texts for all else.
func sessionValue(v sweep.Value) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		if sweep.IsFinite(v) {
			return v
		}
	case bool:
		return v
	}
	return sweep.Format(v)
}

func sessionStatus(s sweep.State) tfevents.Status {
	switch {
	case s.CanWin():
		return tfevents.Success
	case s == sweep.Failed:
		return tfevents.Failure
	}
	return tfevents.Unknown // stopped: neither
}

func seconds(millis int64) float64 { return float64(millis) / 1000 }

func (w *eventWriter) add(trial int, event []byte) error {
	f := w.files[trial]
	before := len(f.rest)
	f.rest = tfevents.AppendRecord(f.rest, event)
	if w.kept += len(f.rest) - before; w.kept < unwritten {
		return nil
	}
	return w.flush()
}

// flush writes what is kept of all files.
func (w *eventWriter) flush() error {
	for _, trial := range slices.Sorted(maps.Keys(w.files)) {
		f := w.files[trial]
		if len(f.rest) == 0 {
			continue
		}
		file, err := w.dir.OpenFile(strconv.Itoa(trial)+"/"+EventFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
		if err != nil {
			return err
		}
		_, err = file.Write(f.rest)
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
		f.rest = nil
	}
	w.kept = 0
	return nil
}
