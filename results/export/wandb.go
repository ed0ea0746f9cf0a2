package export

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/sweep"
)

// Fields of W&B's Record, of which each of a file's has one.
const (
	wandbHistory = 2
	wandbSummary = 3
	wandbRun     = 17
	wandbExit    = 18
)

// Wandb writes an offline run of W&B for each trial of a board that has begun, DIR/offline-run-TIME-ID/run-ID.wandb, as
// `wandb sync` takes it: parameters, of the attempt that counts every point that the bucket or fresh holds (EachPoint),
// last values, and how it ended. project may be empty. It answers how many it wrote; what it has made it removes when
// it fails.
func Wandb(ctx context.Context, dir *os.Root, b bucket.Bucket, name, project string, from *board.Board,
	fresh []results.Record) (int, error) {
	w := &wandbWriter{dir: dir, runs: map[int]*wandbTrial{}, sweep: name, project: project}
	if err := w.write(ctx, b, from, fresh); err != nil {
		for _, r := range w.runs {
			_ = dir.RemoveAll(r.folder)
		}
		return 0, fmt.Errorf("export to W&B: %w", err)
	}
	return len(w.runs), nil
}

type wandbTrial struct {
	*wandbLog
	folder, id string
	attempt    int
	start      int64 // ms
	step       int64 // of the next row
	last       map[string]float64
}

type wandbWriter struct {
	dir            *os.Root
	runs           map[int]*wandbTrial
	sweep, project string
	kept           int
}

func (w *wandbWriter) write(ctx context.Context, b bucket.Bucket, from *board.Board, fresh []results.Record) error {
	for t := range from.Trials(board.Query{}) {
		if err := w.begin(t); err != nil {
			return err
		}
	}
	_, err := EachPoint(ctx, b, w.sweep, fresh, func(p Reported) error {
		r := w.runs[p.Trial]
		if r == nil || r.attempt != p.Attempt || len(p.Metrics) == 0 {
			return nil
		}
		before := len(r.rest)
		r.row(p)
		if w.kept += len(r.rest) - before; w.kept < unwritten {
			return nil
		}
		return w.flush()
	})
	if err != nil {
		return err
	}
	for t := range from.Trials(board.Query{}) {
		if r := w.runs[t.Trial]; r != nil {
			r.end(t)
		}
	}
	return w.flush()
}

// begin makes the folder of a trial, and begins its file.
func (w *wandbWriter) begin(t board.Trial) error {
	r := &wandbTrial{wandbLog: newWandbLog(), attempt: t.Attempt, last: map[string]float64{}}
	if a := t.Decisive(); a != nil && a.End != nil {
		r.start = a.End.StartMs
	}
	r.id = w.sweep + "-" + strconv.Itoa(t.Trial)
	const stamp = "20060102_150405"
	r.folder = "offline-run-" + time.UnixMilli(r.start).UTC().Format(stamp) + "-" + r.id
	if err := w.dir.Mkdir(r.folder, 0o777); err != nil {
		return err
	}
	w.runs[t.Trial] = r
	if err := w.dir.Mkdir(r.folder+"/files", 0o777); err != nil {
		return err
	}
	const id, project, config, group, shown, sweepField, started = 1, 3, 4, 6, 8, 12, 17
	run := appendText(nil, id, r.id)
	run = appendText(run, project, w.project)
	var settings []byte
	for _, p := range Params(t) {
		value, err := json.Marshal(p.Value)
		if err != nil {
			value, _ = json.Marshal(sweep.Format(p.Value)) // a text has JSON
		}
		settings = appendMessage(settings, 1, wandbItem(p.Name, value))
	}
	run = appendMessage(run, config, settings)
	run = appendText(run, group, w.sweep)
	run = appendText(run, shown, w.sweep+"/"+strconv.Itoa(t.Trial))
	at := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(max(r.start, 0)/1000))
	run = appendMessage(run, started, at)
	r.add(wandbRun, run)
	return nil
}

// row adds a point.
func (r *wandbTrial) row(p Reported) {
	const item, stepField = 1, 2
	step := r.step
	r.step++
	var row []byte
	put := func(name, value string) { row = appendMessage(row, item, wandbItem(name, []byte(value))) }
	for _, name := range slices.Sorted(maps.Keys(p.Metrics)) {
		put(name, results.Number(p.Metrics[name]).String())
		r.last[name] = p.Metrics[name]
	}
	put("step", strconv.FormatInt(p.Step, 10))
	put("_step", strconv.FormatInt(step, 10))
	put("_timestamp", results.Number(seconds(p.Millis)).String())
	put("_runtime", results.Number(seconds(max(p.Millis-r.start, 0))).String())
	number := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(step))
	r.add(wandbHistory, appendMessage(row, stepField, number))
}

// end adds last values, and how the trial ended.
func (r *wandbTrial) end(t board.Trial) {
	var last []byte
	for _, name := range slices.Sorted(maps.Keys(r.last)) {
		last = appendMessage(last, 1, wandbItem(name, results.Number(r.last[name]).Append(nil)))
	}
	r.add(wandbSummary, last)
	code, runtime := uint64(0), int64(0)
	if !t.State.CanWin() {
		code = 1
	}
	if a := t.Decisive(); a != nil && a.End != nil {
		runtime = max(a.End.EndMs-a.End.StartMs, 0) / 1000
	}
	exit := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), code)
	exit = protowire.AppendVarint(protowire.AppendTag(exit, 2, protowire.VarintType), uint64(runtime))
	r.add(wandbExit, exit)
}

// flush writes what is kept of all files.
func (w *wandbWriter) flush() error {
	for _, trial := range slices.Sorted(maps.Keys(w.runs)) {
		r := w.runs[trial]
		if len(r.rest) == 0 {
			continue
		}
		file, err := w.dir.OpenFile(path.Join(r.folder, "run-"+r.id+".wandb"),
			os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
		if err != nil {
			return err
		}
		_, err = file.Write(r.flushed())
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
	}
	w.kept = 0
	return nil
}
