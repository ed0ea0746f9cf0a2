package byhand

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/executor"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// Trial is a trial of a sweep that is run once more without a server, as on the machine that this is.
type Trial struct {
	Bucket  bucket.Bucket
	Sweep   string
	Spec    *sweep.Spec // as it was submitted: see manifest.SubmittedSpec
	Folder  string      // of the sweep's state, which need not be there
	Trial   int
	Attempt int
	Params  json.RawMessage // on record, for a search that learns; nil: it has not ended
}

// Order is what the executor of the trial is told, but for its files.
func (t Trial) Order(ctx context.Context) (task.Order, error) { return t.order(ctx, task.Files{}) }

func (t Trial) order(ctx context.Context, files task.Files) (task.Order, error) {
	winner, err := state.ReadWinner(t.Folder)
	if err != nil {
		return task.Order{}, err
	}
	image, err := t.image(ctx)
	if err != nil {
		return task.Order{}, err
	}
	o := task.Options{Getenv: os.LookupEnv, Winner: winner, Files: files, Image: image}
	if t.Spec.Task.Container == nil {
		o.Dir, o.Interpreter = t.Spec.Folder(), staging.LocalInterpreter()
	}
	st, err := task.NewBuilder(t.Sweep, t.Spec, o)
	if err != nil {
		return task.Order{}, err
	}
	if t.Trial == results.ThenTrial {
		return t.then(ctx, st)
	}
	point, err := t.Point()
	if err != nil {
		return task.Order{}, err
	}
	return st.Order(t.Trial, t.Attempt, point)
}

// Point is the parameters of the trial. A search that learns chose them by results that had come in until then, so
// they are those on record.
func (t Trial) Point() (sweep.Point, error) {
	method, err := search.New(t.Spec)
	if err != nil {
		return nil, err
	}
	if points := search.NewLog(method, t.Spec.Method); !points.Learns() {
		p, _, err := points.Ask(t.Trial)
		return p, err
	}
	if t.Params == nil {
		return nil, fault.Usage(fmt.Errorf("trial %d has no parameters yet on record: %s search chooses them "+
			"by the results of "+
			"others; take a trial that has ended", t.Trial, t.Spec.Method))
	}
	var point sweep.Point
	if err := json.Unmarshal(t.Params, &point); err != nil {
		return nil, fmt.Errorf("read the parameters of trial %d: %w", t.Trial, err)
	}
	return point, nil
}

// then is the order of the step that follows the trials.
func (t Trial) then(ctx context.Context, st *task.Builder) (task.Order, error) {
	w, err := store.ReadWinner(ctx, t.Bucket, t.Sweep)
	if err != nil {
		return task.Order{}, fmt.Errorf("find the winner, with which the `then` step runs: %w", err)
	}
	w.SpecHash, w.Created = "", "" // it has them since the step ended
	manifest, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return task.Order{}, err
	}
	return st.Then(t.Attempt, w.Params, manifest)
}

// Prepare makes the trial ready below a folder, as its executor would, with more in its environment: what
// the machine gives it.
func (t Trial) Prepare(ctx context.Context, folder string, given []string) (executor.Prepared, error) {
	s := staging.Stage{
		ID: t.Sweep, Spec: t.Spec, Folder: filepath.Join(folder, "state"), Bucket: t.Bucket, Resumed: true,
		Place: staging.Here(), Warn: func(string) {},
	}
	if err := s.KeepCode(t.Folder); err != nil {
		return executor.Prepared{}, err
	}
	if err := s.OpenFileServer(transfer.Config{Bind: "127.0.0.1"}); err != nil {
		return executor.Prepared{}, err
	}
	defer s.FileServer.Close()
	files, err := s.Files(ctx)
	if err != nil {
		return executor.Prepared{}, err
	}
	order, err := t.order(ctx, files)
	if err != nil {
		return executor.Prepared{}, fault.Usage(err)
	}
	order.Deliver = nil // what it leaves stays where it is
	environ := os.Environ()
	if order.Inside { // the image has its own
		environ = nil
	}
	p, err := executor.Prepare(ctx, order, folder, append(environ, given...))
	if err != nil {
		return p, fault.Usage(fmt.Errorf("make %s ready: %w", format.Trial(t.Trial), err))
	}
	return p, nil
}

// image is what the sweep's image said of itself when the sweep began, or says now.
func (t Trial) image(ctx context.Context) (image task.Image, err error) {
	if t.Spec.Task.Container == nil {
		return image, nil
	}
	if image, known, err := staging.KeptImage(t.Folder); known || err != nil {
		return image, err
	}
	engine, err := docker.Open(ctx)
	if err == nil {
		defer engine.Close()
		var found docker.Image
		found, err = engine.Image(ctx, t.Spec.Task.Container.Image)
		image = task.Image(found)
	}
	if err != nil && t.Spec.Command.OfImage() {
		return image, fmt.Errorf("what the image %s runs by itself is not known here: %w",
			t.Spec.Task.Container.Image, err)
	}
	return image, nil
}
