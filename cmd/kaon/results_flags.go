package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
)

// resultsFlags say where results are read from.
type resultsFlags struct {
	Results string `default:"kaon-results" env:"KAON_RESULTS" placeholder:"PLACE" help:"Folder or s3://bucket/prefix that holds the results (${default})."`
	Server  string `env:"KAON_SERVER" placeholder:"URL" help:"A server to read them from instead: unix:///path, http://host:port or https://host:port; none: no server, as where --results is given. Both left out: the folder here, and your server on this machine."`

	anywhere
}

// anywhere is set by oneServer when nothing says where results are: a sweep may then as well be of this user's server
// with other results than those here, to which `kaon submit` hands sweeps in.
type anywhere struct {
	Anywhere bool `kong:"-"`
	Changes  bool `kong:"-"` // by a command that changes a sweep, and does not choose which of two newest is meant
}

func (a *anywhere) nothingSaysWhere() { a.Anywhere = true }

// elsewhere is this user's server, if nothing says where results are, it listens, and has others than those of the
// folder here.
func (f resultsFlags) elsewhere() (a announced, ok bool) {
	if !f.Anywhere || f.Server != "" {
		return a, false
	}
	a, ok = lastServer()
	return a, ok && a.Results != absolutePlace(f.Results) && a.listens()
}

// decided says where a sweep is, here or elsewhere: one that is named is here if it is in both, the newest is that of
// both, but for a command that changes something, which is then refused. Where nobody has it, it is looked for here,
// which tells what there is.
func (f resultsFlags) decided(ctx context.Context, out *output, id string) (resultsFlags, error) {
	other, ok := f.elsewhere()
	f.Anywhere = false
	if !ok {
		return f, nil
	}
	there := f
	there.Server = other.Server
	from, err := clientAt(other.Server)
	if err != nil {
		return f, err
	}
	noneHere := resultsAt(f.Results) != nil
	asking, cancel := ctx, context.CancelFunc(func() {})
	if !noneHere { // what is here is shown without a server that does not answer
		asking, cancel = context.WithTimeout(ctx, otherWait)
	}
	defer cancel()
	if id != "" && id != latest {
		if noneHere {
			return there, nil
		}
		if checkSweepName(id) != nil || f.has(ctx, id) {
			return f, nil
		}
		if _, err := from.Resolve(asking, id); err != nil {
			if ctx.Err() == nil && asking.Err() != nil {
				out.leftOut(other, asking, err)
			}
			return f, nil
		}
		return there, nil
	}
	last, err := from.Newest(asking)
	if f.Changes && last.ID != "" {
		if mine := f.newestHere(ctx); mine != "" {
			return f, usage(fmt.Errorf("which sweep is meant is not said: the newest here, in %s, is %s, that of your "+
				"server is %s; name the one, or say where it is by --server %s or --server %s", f.Results, mine,
				last.ID, noServer, ownAddress))
		}
	}
	switch {
	case err != nil && noneHere:
		return there, nil // it says what is wrong
	case err != nil && f.Changes && ctx.Err() == nil && f.newestHere(ctx) != "":
		return f, usage(fmt.Errorf("which sweep is meant is not said, and your server at %s has not said what it has "+
			"(%w): name the one, or say where it is by --server %s or --server %s", other.Server, err, noServer,
			ownAddress))
	case err != nil:
		out.leftOut(other, asking, err)
		return f, nil
	case noneHere:
		return there, nil
	case f.newerThan(ctx, last.Created):
		return f, nil
	}
	fmt.Fprintf(out.stderr, "kaon: %s is the newest, of the server at %s; --server %s looks here alone\n", last.ID,
		other.Server, noServer)
	return there, nil
}

// otherWait bounds how long a command waits for what the server elsewhere says, where there are results here.
const otherWait = 10 * time.Second

// leftOut warns of a server that did not say what it has.
func (out *output) leftOut(server announced, asking context.Context, err error) {
	if errors.Is(asking.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("it has not answered for %v", otherWait)
	}
	fmt.Fprintf(out.stderr, "kaon: warning: sweeps of the server at %s are left out: %v\n", server.Server, err)
}

// has tells whether the results here have a sweep by an id, the beginning of one, or a label. What cannot be read may.
func (f resultsFlags) has(ctx context.Context, text string) bool {
	in, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return true
	}
	id, err := called(ctx, in, text)
	if err != nil {
		return true
	}
	ids, err := store.Sweeps(ctx, in)
	return err != nil || slices.Contains(ids, id)
}

// newestHere is the newest sweep of the results here; empty: there is none that can be read.
func (f resultsFlags) newestHere(ctx context.Context) string {
	if resultsAt(f.Results) != nil {
		return ""
	}
	in, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return ""
	}
	id, _, err := newest(ctx, in)
	if err != nil {
		return ""
	}
	return id
}

// newerThan tells whether the results here have a sweep that was created later. What cannot be read may be one.
func (f resultsFlags) newerThan(ctx context.Context, created string) bool {
	in, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return true
	}
	id, unread, err := newest(ctx, in)
	if err != nil || id == "" {
		return err != nil || len(unread) > 0 || created == ""
	}
	s, err := store.ReadSweep(ctx, in, id)
	return err != nil || s.Created >= created
}

// newest is the sweep created last of those that can be read, empty when there is none, and why others cannot be. The
// error is that of a bucket of which nothing can be said.
func newest(ctx context.Context, b bucket.Bucket) (id string, unread []error, err error) {
	ids, err := store.Sweeps(ctx, b)
	if err != nil {
		return "", nil, err
	}
	latest := ""
	for _, candidate := range ids {
		s, err := store.ReadSweep(ctx, b, candidate)
		if errors.Is(err, bucket.ErrNotExist) { // it is just begun, or half deleted
			continue
		}
		if errors.Is(err, store.ErrDamaged) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EIO) {
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
