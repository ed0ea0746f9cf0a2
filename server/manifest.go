package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/manifest"
)

// newManifest is sweep.json of this sweep as it begins.
func (sw *Sweep) newManifest(ctx context.Context) store.Sweep {
	cfg := &sw.server.cfg
	known := manifest.Of(sw.id, sw.Spec(), time.Now(), cfg.Cluster.Address, sw.step())
	known.Kaon, known.Git = cfg.Version, gitOf(ctx, sw.Spec().Folder())
	known.Work = sw.work
	known.Owner, known.Labels = sw.origin.Owner, sw.origin.Labels
	known.Began(thisRun(cfg.Command, sw.Spec()))
	sw.noted = true
	return known
}

// change reads sweep.json, and writes it back when f says so. One that was damaged under this process, which has
// written it last, is written anew from what it was.
func (sw *Sweep) change(ctx context.Context, f func(*store.Sweep) bool) error {
	sw.manifest.Lock()
	defer sw.manifest.Unlock()
	if sw.gone { // written back it would come again
		return usage(fmt.Errorf("sweep %s: %w", sw.id, scheduler.ErrUnknown))
	}
	known, err := store.ReadSweep(ctx, sw.server.cfg.Bucket, sw.id)
	healed := false
	if written := sw.written.Load(); written != nil && errors.Is(err, store.ErrDamaged) {
		sw.server.cfg.Log.Warn("sweep.json was damaged, and is written anew", "sweep", sw.id, "err", err)
		known, err, healed = *written, nil, true
	}
	if err != nil || !f(&known) && !healed {
		return err
	}
	return sw.writeManifest(ctx, known)
}

// writeManifest writes sweep.json; with manifest held, unless the sweep is only being submitted.
func (sw *Sweep) writeManifest(ctx context.Context, known store.Sweep) error {
	if err := store.WriteSweep(ctx, sw.server.cfg.Bucket, known); err != nil {
		sw.written.Store(nil) // it may be there all the same
		return fmt.Errorf("store sweep: %w", err)
	}
	sw.written.Store(&known)
	return nil
}

// Manifest is sweep.json as this process has written it last, which must not be changed; nil: it has not yet, or
// does not know whether it has. Only the process that has the sweep writes it.
func (sw *Sweep) Manifest() *store.Sweep { return sw.written.Load() }

// SetLabels replaces the words by which people find the sweep again.
func (sw *Sweep) SetLabels(ctx context.Context, labels []string) error {
	return classify(sw.change(ctx, func(known *store.Sweep) bool {
		known.Labels = labels
		return true
	}))
}

// SetArchived has lists leave the sweep out from now on, or show it again.
func (sw *Sweep) SetArchived(ctx context.Context, archived bool) error {
	return classify(sw.change(ctx, func(known *store.Sweep) bool { return setArchived(known, archived) }))
}

// ArchiveResults is SetArchived of a sweep that lies in the results, and that no server has.
func ArchiveResults(ctx context.Context, b bucket.Bucket, id string, archived bool) error {
	known, err := store.ReadSweep(ctx, b, id)
	if err != nil || !setArchived(&known, archived) {
		return classify(err)
	}
	return classify(store.WriteSweep(ctx, b, known))
}

// setArchived reports whether it changed anything.
func setArchived(known *store.Sweep, archived bool) bool {
	if archived == (known.Archived != "") {
		return false
	}
	known.Archived = ""
	if archived {
		known.Archived = now()
	}
	return true
}

// note changes sweep.json for readers of the results; nothing depends on it.
func (sw *Sweep) note(ctx context.Context, f func(*store.Sweep) bool) {
	if sw.guessed {
		return
	}
	if err := sw.change(ctx, f); err != nil {
		sw.server.cfg.Log.Warn("sweep.json is not up to date", "err", err)
	}
}

// began notes that this process goes on with a sweep that has not ended.
func (sw *Sweep) began(ctx context.Context) {
	sw.note(ctx, func(known *store.Sweep) bool {
		known.Began(thisRun(sw.server.cfg.Command, sw.Spec()))
		if extended := sw.extended(); len(known.Extensions) < len(extended) { // it was killed before it could say
			manifest.Extend(known, sw.Spec(), extended)
		}
		known.Prunes = sw.Spec().Artifacts.Top != 0 // kaon did not always say
		sw.noted = known.Finished == ""
		return sw.noted
	})
}

// left notes that this process leaves a sweep that has not ended, and, when it was ending, why trials will
// never start, so that readers of the results count those as stopped.
func (sw *Sweep) left(ctx context.Context) {
	sw.note(ctx, func(known *store.Sweep) bool {
		known.Over(now())
		known.Closed = cmp.Or(known.Closed, sw.closed())
		return known.Finished == ""
	})
}

func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }
