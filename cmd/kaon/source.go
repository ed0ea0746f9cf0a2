package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/control"
)

// resultsFlags say where results are read from.
type resultsFlags struct {
	Results string `default:"kaon-results" env:"KAON_RESULTS" placeholder:"PLACE" help:"Folder or s3://bucket/prefix that holds the results (${default})."`
}

// source is one sweep in a bucket, opened for reading.
type source struct {
	bucket  bucket.Bucket
	id      string
	place   string          // of the bucket, as given
	folder  string          // of journals and sandboxes, as given
	socket  string          // of the process of this machine that runs the sweep, if one does
	control *control.Client // to that process
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
	src.socket = filepath.Join(server.StateFolder(f.Results, f.State, src.id), server.ControlFile)
	src.control, src.folder = control.NewClient(src.socket), f.State
	return src, nil
}

// open finds a sweep; an empty id means the newest.
func (f resultsFlags) open(ctx context.Context, out *output, id string) (source, error) {
	if err := resultsAt(f.Results); err != nil {
		return source{}, err
	}
	bucket, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return source{}, err
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
			return source{}, unreachable(fmt.Errorf("no sweep of %s can be read: %w; mend it where it ran with `kaon repair SWEEP`", f.Results, unread[0]))
		}
		if len(unread) > 0 {
			fmt.Fprintf(out.stderr, "kaon: warning: %s is the newest sweep of those that can be read; name another to have that\n", id)
		}
		if id == "" {
			return source{}, usage(fmt.Errorf("no sweep in %s: run one with `kaon run SPEC --results %s`", f.Results, f.Results))
		}
	}
	return source{bucket: bucket, id: id, place: f.Results}, nil
}

// again is the command that goes on with the sweep.
func (s source) again(command string, known store.Sweep) string {
	return goOn(command, s.id, s.place, s.folder, known.Cluster)
}

// resultsAt refuses a folder that is not there: who opens one to write makes it.
func resultsAt(place string) error {
	if strings.Contains(place, "://") {
		return nil
	}
	if _, err := os.Stat(place); err != nil {
		return usage(fmt.Errorf("read results: %w; run a sweep first, or say with --results where they are", err))
	}
	return nil
}

// newest is the sweep created last of those that can be read, empty when there is none, and why others cannot be. The error is that of
// a bucket of which nothing can be said.
func newest(ctx context.Context, b bucket.Bucket) (id string, unread []error, err error) {
	ids, err := store.Sweeps(ctx, b)
	if errors.Is(err, fs.ErrPermission) && len(ids) > 0 {
		unread = append(unread, err)
	} else if err != nil {
		return "", nil, err
	}
	latest := ""
	for _, candidate := range ids {
		s, err := store.ReadSweep(ctx, b, candidate)
		if errors.Is(err, store.ErrDamaged) || errors.Is(err, bucket.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			unread = append(unread, fmt.Errorf("sweep %s cannot be read: %w", candidate, err))
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if s.Created >= latest {
			latest, id = s.Created, candidate
		}
	}
	return id, unread, nil
}

// has refuses a trial that the sweep does not have; a board knows none but those that began.
func (s source) has(ctx context.Context, board view, trial int) error {
	if total := board.Counts().Total; trial >= total {
		return usage(fmt.Errorf("sweep %s has trials 0 to %d, not %d", s.id, total-1, trial))
	}
	if trial != results.ThenTrial {
		return nil
	}
	known, err := store.ReadSweep(ctx, s.bucket, s.id)
	if err != nil {
		return s.explain(ctx, err)
	}
	switch {
	case known.Then == nil:
		return usage(fmt.Errorf("sweep %s has no `then` step", s.id))
	case known.Then.Sweep != "":
		return usage(fmt.Errorf("sweep %s has no `then` step: sweep %s followed it", s.id, known.Then.Sweep))
	}
	return nil
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
		return unreachable(fmt.Errorf("sweep %s has records, but %s is not there: mend it where it ran with: kaon repair %s",
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

// trialText is a trial as people are told of it.
func trialText(trial int) string { return server.TrialText(trial) }

// plural is a number of things: "1 trial", "2,000 trials".
func plural(n int, thing string) string { return server.Plural(n, thing) }

// trialLabel is a trial as tables have it, and as parseTrial reads it.
func trialLabel(trial int) string {
	if trial == results.ThenTrial {
		return "then"
	}
	return strconv.Itoa(trial)
}

// parseTrial reads SWEEP/TRIAL, or TRIAL alone for the newest sweep.
func parseTrial(arg string) (sweep string, trial int, err error) {
	sweep, number, found := strings.Cut(arg, "/")
	if !found {
		sweep, number = "", arg
	}
	if number == trialLabel(results.ThenTrial) {
		return sweep, results.ThenTrial, nil
	}
	trial, err = strconv.Atoi(number)
	if err != nil || trial < 0 {
		return "", 0, usage(fmt.Errorf("%q names no trial: write SWEEP/TRIAL, as in digits-x7k2/57, or only the number for the newest sweep", arg))
	}
	return sweep, trial, nil
}
