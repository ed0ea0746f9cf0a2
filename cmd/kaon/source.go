package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/byhand"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/standby"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// source is one sweep in a bucket, opened for reading.
type source struct {
	bucket  bucket.Bucket
	id      string
	place   string         // of the bucket, as given
	folder  string         // of journals and sandboxes, as given
	socket  string         // of the process that runs the sweep, if one does: a path of this machine, or an address
	control controller     // to that process; nil: it is not asked
	remote  *client.Client // the server that the results are read from; nil: none
}

// controller is the way to a process that runs sweeps.
type controller interface {
	Status(ctx context.Context) (control.Status, error)
	Records(ctx context.Context, sweep string) ([]results.Record, error)
	Stop(ctx context.Context, sweep, reason string) error
	StopTrial(ctx context.Context, sweep string, trial int, reason string) error
	Pause(ctx context.Context, sweep string) error
	Resume(ctx context.Context, sweep string) error
	Message(ctx context.Context, sweep string, trial int, body json.RawMessage) error
	Extend(ctx context.Context, sweep string, set []string) (control.Extended, error)
}

// liveFlags are for commands that also ask the process which runs a sweep, when that is on this machine.
type liveFlags struct {
	State string `aliases:"state-dir" placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run."`
	resultsFlags
}

// open finds a sweep, and the way to the process that runs it; an empty id means the newest.
func (f liveFlags) open(ctx context.Context, out *output, id string) (source, error) {
	src, err := f.resultsFlags.open(ctx, out, id)
	if err != nil {
		return source{}, err
	}
	if src.remote != nil {
		src.socket, src.control = src.place, src.remote.Control()
		return src, nil
	}
	src.folder = f.State
	return src.of(src.id), nil
}

// of is another sweep of the same place.
func (s source) of(id string) source {
	s.id = id
	if s.remote == nil {
		s.socket = filepath.Join(s.stateFolder(), state.ControlFile)
		s.control = control.NewClient(s.socket)
	}
	return s
}

// controlOf is the way to the process of this machine that runs a sweep, if one does.
func (f liveFlags) controlOf(id string) source {
	return source{place: f.Results, folder: f.State}.of(id)
}

// server is the address of the server of this machine that has a sweep.
func (f liveFlags) server(id string) (address string, ok bool) {
	folder, ok := source{id: id, place: f.Results, folder: f.State}.serverFolder()
	if !ok {
		return "", false
	}
	socket, err := filepath.Abs(filepath.Join(folder, apiSocket))
	return "unix://" + socket, err == nil
}

// now is how a sweep stands by the process that runs it; not ok when none does.
func (s source) now(ctx context.Context, id string) (control.Sweep, bool) {
	ctx, cancel := context.WithTimeout(ctx, liveWait)
	defer cancel()
	status, err := s.control.Status(ctx)
	if err != nil {
		return control.Sweep{}, false
	}
	for _, one := range status.Sweeps {
		if one.Sweep == id {
			return one, true
		}
	}
	return control.Sweep{}, false
}

// open finds a sweep; an empty id means the newest.
func (f resultsFlags) open(ctx context.Context, out *output, id string) (source, error) {
	f, err := f.decided(ctx, out, id)
	if err != nil {
		return source{}, err
	}
	if f.Server != "" {
		return f.openRemote(ctx, id)
	}
	if err := resultsAt(f.Results); err != nil {
		return source{}, err
	}
	bucket, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return source{}, err
	}
	if id == latest {
		id = ""
	}
	if id != "" {
		if err := checkSweepName(id); err != nil {
			return source{}, err
		}
		if id, err = called(ctx, bucket, id); err != nil {
			return source{}, err
		}
	}
	if id == "" {
		var unread []error
		if id, unread, err = newest(ctx, bucket); err != nil {
			return source{}, unreachable(err)
		}
		for _, err := range unread {
			if id != "" {
				fmt.Fprintf(out.stderr, "kaon: warning: passed over: %v\n", err)
			}
		}
		if len(unread) > 0 && id == "" {
			return source{}, unreachable(fmt.Errorf("no sweep of %s can be read: %w; mend it where it ran with "+
				"`kaon repair SWEEP`", f.Results, unread[0]))
		}
		if len(unread) > 0 {
			fmt.Fprintf(out.stderr, "kaon: warning: %s is the newest sweep of those that can be read; name another "+
				"to have that\n", id)
		}
		if id == "" {
			return source{}, usage(fmt.Errorf("no sweep in %s: run one with `kaon run SPEC --results %s`", f.Results,
				f.Results))
		}
	}
	return source{bucket: bucket, id: id, place: f.Results}, nil
}

// openRemote finds a sweep of a server.
func (f resultsFlags) openRemote(ctx context.Context, id string) (source, error) {
	from, err := (serverFlags{f.Server}).client(ctx)
	if err != nil {
		return source{}, err
	}
	if id, err = resolve(ctx, from, id); err != nil {
		return source{}, err
	}
	return source{bucket: from.Bucket(), id: id, place: from.Address(), remote: from}, nil
}

// again is the command that goes on with the sweep.
func (s source) again(command string, known store.Sweep) string {
	if s.remote != nil {
		return goOnAt(command, s.id, s.place)
	}
	return goOn(command, s.id, s.place, s.folder, known.Cluster)
}

// explain turns "no such object" into the sweeps there are.
func (s source) explain(ctx context.Context, err error) error {
	if errors.Is(err, store.ErrDamaged) {
		return unreachable(fmt.Errorf("read sweep %s: %w; mend it where it ran with: kaon repair %s", s.id, err, s.id))
	}
	if !errors.Is(err, bucket.ErrNotExist) {
		return unreachable(fmt.Errorf("read sweep %s: %w", s.id, err))
	}
	if had, err := server.HasRecords(ctx, s.bucket, s.id); had && err == nil {
		return unreachable(fmt.Errorf("sweep %s has records, but %s is not there: mend it where it ran with: "+
			"kaon repair %s",
			s.id, results.ObjectName(s.id, results.SweepFile), s.id))
	}
	ids, _ := store.Sweeps(ctx, s.bucket) // the first error tells
	if len(ids) == 0 {
		return usage(fmt.Errorf("no sweep %q, nor any other, in these results; --results says where to look", s.id))
	}
	const shown = 10
	more := ""
	if len(ids) > shown {
		ids, more = ids[len(ids)-shown:], " …"
	}
	return usage(fmt.Errorf("no sweep %q in these results; there are: %s%s", s.id, strings.Join(ids, ", "), more))
}

// trialHelp is how commands ask for a trial.
const trialHelp = "SWEEP/TRIAL, or a number for the newest sweep; \"then\" for the step that follows the trials."

// parseTrial reads SWEEP/TRIAL, or TRIAL alone for the newest sweep.
func parseTrial(arg string) (sweep string, trial int, err error) {
	sweep, number, found := strings.Cut(arg, "/")
	if found && sweep == "" {
		return "", 0, usage(fmt.Errorf("%q names a trial of no sweep: is a variable not set? A number alone is "+
			"one of the newest sweep", arg))
	}
	if !found {
		sweep, number = "", arg
	}
	if number == trialLabel(results.ThenTrial) {
		return sweep, results.ThenTrial, nil
	}
	trial, err = strconv.Atoi(number)
	if err != nil || trial < 0 {
		return "", 0, usage(fmt.Errorf("%q names no trial: write SWEEP/TRIAL, as in digits-x7k2/57, or only the "+
			"number for the newest sweep", arg))
	}
	return sweep, trial, nil
}

// explainControl says what to do when a command did not arrive.
func (s source) explainControl(ctx context.Context, err error) error {
	var refused *control.Error
	switch {
	case errors.As(err, &refused) && refused.Code != http.StatusServiceUnavailable:
		return usage(refused)
	case !errors.Is(err, control.ErrNobody):
		return unreachable(err)
	}
	known, readErr := store.ReadSweep(ctx, s.bucket, s.id)
	if readErr != nil {
		return s.explain(ctx, readErr)
	}
	if known.Finished != "" {
		return usage(fmt.Errorf("sweep %s has ended: %s", s.id, known.State))
	}
	if s.remote != nil {
		return unreachable(err)
	}
	return unreachable(fmt.Errorf("no process on this machine runs sweep %s (nobody listens on %s): "+
		"was it started with another --results or --state, or interrupted? Then go on with: %s", s.id, s.socket,
		s.again("run --resume", known)))
}

// spec reads the spec of a sweep as it was submitted. Strict: with all secrets that were set.
func (s source) spec(ctx context.Context, known store.Sweep, strict bool) (*sweep.Spec, error) {
	text, err := bucket.ReadObject(ctx, s.bucket, results.ObjectName(s.id, results.SpecFile), maxSpec)
	if errors.Is(err, bucket.ErrNotExist) {
		return nil, unreachable(fmt.Errorf("%s of %s is not there; `kaon repair %s` brings it back where the "+
			"journal has it", results.SpecFile, s.id, s.id))
	}
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	return manifest.SubmittedSpec(known, text, s.stateFolder(), strict)
}

// byHand is a trial that is run once more.
func (s source) byHand(spec *sweep.Spec, trial board.Trial) byhand.Trial {
	return byhand.Trial{
		Bucket: s.bucket, Sweep: s.id, Spec: spec, Folder: s.stateFolder(), Trial: trial.Trial,
		Attempt: max(trial.Attempt, 1),
		Params:  trial.Params,
	}
}

// stateFolder is where the state of the sweep lies, if it is on this machine: with that of the server that has it, or
// by itself.
func (s source) stateFolder() string {
	if folder, served := s.serverFolder(); served {
		return folder
	}
	return state.Folder(s.place, s.folder, s.id)
}

// serverFolder is where the state of the server of this machine lies that has or had the sweep; not ok when none has.
// It is the folder that --state says, or, if the sweep is not there, that of a server of this user's with the same
// results.
func (s source) serverFolder() (folder string, ok bool) {
	if s.remote != nil || s.id == "" {
		return "", false
	}
	has := func(folder string) bool {
		_, err := os.Stat(filepath.Join(folder, state.SweepsFolder, s.id))
		return err == nil
	}
	if folder = standby.Current(state.Folder(s.place, s.folder, serveFolder)); has(folder) {
		return folder, true
	}
	place := absolutePlace(s.place)
	for _, a := range ownServers() {
		if folder = filepath.Dir(strings.TrimPrefix(a.Server, "unix://")); a.Results == place && has(folder) {
			return folder, true
		}
	}
	return "", false
}
