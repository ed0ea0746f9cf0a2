package workflows

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// SweepEnd is a sweep that has ended.
type SweepEnd struct {
	Sweep         string
	Ended         int64 // milliseconds since 1970
	State, Reason string
	Labels        []any
	Winner        map[string]any // as expressions see it; nil: there is none
}

// storing is how long a look waits for the results of a sweep that has just ended; it is found again by the next.
var storing = 5 * time.Second // a test's is shorter

// EndedSweeps are the sweeps of somebody that have ended, the first first, but those that are known, and those that are
// steps of runs.
func (m *Manager) EndedSweeps(
	ctx context.Context, owner string, want workflow.Sweeps, known func(sweep string, ended int64) bool,
) (all []SweepEnd, err error) {
	snap, err := m.cfg.Server.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range snap.Sweeps {
		ended := s.Ended.UnixMilli()
		if want.Name != "" && want.Name != s.Spec.Title() {
			continue
		}
		if !s.Phase.Ended() || !slices.Contains(want.States, string(s.Phase)) || known(s.ID, ended) {
			continue
		}
		sw, here := m.cfg.Server.Sweep(s.ID)
		if !here {
			continue
		}
		manifest, err := m.manifestOf(ctx, sw)
		if errors.Is(err, bucket.ErrUnavailable) || ctx.Err() != nil {
			return all, err
		}
		if err != nil { // nobody knows any more whose it is
			continue
		}
		if manifest.Submitter() != owner || !labelled(manifest.Labels, want.Labels) {
			continue
		}
		wait, cancel := context.WithTimeout(ctx, storing)
		out, err := sw.Wait(wait) // another error with a phase is of what cannot be stored
		late := err != nil && wait.Err() != nil
		cancel()
		if late || !out.Phase.Ended() {
			continue
		}
		one := SweepEnd{Sweep: s.ID, Ended: ended, State: string(out.Phase), Reason: out.Reason, Labels: []any{}}
		for _, label := range manifest.Labels {
			one.Labels = append(one.Labels, label)
		}
		if out.Winner != nil {
			if one.Winner, err = steps.WinnerValues(*out.Winner); err != nil {
				return all, err
			}
		}
		all = append(all, one)
	}
	m.mu.Lock()
	maps.DeleteFunc(m.mu.manifests, func(sw *server.Sweep, _ *store.Sweep) bool {
		here, _ := m.cfg.Server.Sweep(sw.ID())
		return here != sw
	})
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b SweepEnd) int {
		return cmp.Or(cmp.Compare(a.Ended, b.Ended), strings.Compare(a.Sweep, b.Sweep))
	})
	return all, nil
}

// labelled tells whether a sweep with labels is wanted. Those of steps are behind successes of their runs' workflows,
// and a trigger behind all sweeps would begin runs behind its own.
func labelled(labels, want []string) bool {
	if slices.ContainsFunc(labels, func(one string) bool { return strings.HasPrefix(one, ofRun) }) {
		return false
	}
	return !slices.ContainsFunc(want, func(one string) bool { return !slices.Contains(labels, one) })
}

// manifestOf is what a sweep's submitter has said of it. What another process has written is read once.
func (m *Manager) manifestOf(ctx context.Context, sw *server.Sweep) (*store.Sweep, error) {
	if written := sw.Manifest(); written != nil {
		return written, nil
	}
	m.mu.Lock()
	had := m.mu.manifests[sw]
	m.mu.Unlock()
	if had != nil {
		return had, nil
	}
	read, err := store.ReadSweep(ctx, m.cfg.Bucket, sw.ID())
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.manifests[sw] = &read
	return &read, nil
}
