package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/server/plan"
)

// memoFile, in the state folder of a sweep with `cache`, is what its work was when it began and whose results could
// stand for its trials then: a sweep that is resumed has the same.
const memoFile = "cache.json"

// memoState is what that file has. Fields may be added, not renamed.
type memoState struct {
	Work   string   `json:"work"`
	Sweeps []string `json:"sweeps"`
	Before int64    `json:"before_ms"`
}

// remember reads what other sweeps have done of the work of this one.
func (sw *Sweep) remember(ctx context.Context) error {
	if !sw.Spec().Cache {
		return nil
	}
	state, err := sw.memoState()
	if errors.Is(err, os.ErrNotExist) {
		if state.Work, err = sw.lookAtWork(ctx); err == nil {
			state, err = sw.newMemo(ctx, state.Work)
		}
	}
	if err != nil {
		return err
	}
	if sw.work = state.Work; sw.over {
		return nil
	}
	return sw.readMemo(ctx, state)
}

// rememberAnew has what is known now stand for the trials of a sweep that had ended: its own results, too.
func (sw *Sweep) rememberAnew(ctx context.Context) error {
	if sw.work == "" {
		return nil
	}
	state, err := sw.newMemo(ctx, sw.work)
	if err != nil {
		return err
	}
	return sw.readMemo(ctx, state)
}

// memoState is what the sweep went by before.
func (sw *Sweep) memoState() (state memoState, err error) {
	kept := filepath.Join(sw.staging.Folder, memoFile)
	data, err := os.ReadFile(kept)
	if errors.Is(err, os.ErrNotExist) {
		return state, err
	}
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err == nil && state.Work == "" {
		err = errors.New("it names no work")
	}
	if err != nil {
		return state, unreachable(fmt.Errorf("read %s, which says what results stand for trials: %w; remove it, and "+
			"what is known now is taken", kept, err))
	}
	return state, nil
}

// newMemo asks the results who did a work, and keeps that for a later resume.
func (sw *Sweep) newMemo(ctx context.Context, work string) (state memoState, err error) {
	ids, err := store.WorkSweeps(ctx, sw.server.cfg.Bucket, work)
	if err != nil {
		return state, unreachable(err)
	}
	state = memoState{Work: work, Sweeps: ids, Before: time.Now().UnixMilli()}
	data, err := json.Marshal(state)
	if err == nil {
		err = durable.Replace(filepath.Join(sw.staging.Folder, memoFile), data)
	}
	if err != nil {
		return state, fmt.Errorf("keep which results could stand for trials: %w", err)
	}
	return state, nil
}

func (sw *Sweep) readMemo(ctx context.Context, state memoState) error {
	memo, err := store.ReadMemo(ctx, sw.server.cfg.Bucket, state.Work, state.Sweeps, state.Before)
	if err != nil {
		return unreachable(err)
	}
	for _, d := range memo.Skipped {
		sw.server.cfg.Log.Warn("results cannot stand for trials", "object", d.Object, "err", d.Err)
	}
	sw.memo.Store(memo)
	sw.say("%s", (&plan.CachePlan{Known: memo.Known(), Sweeps: memo.Sweeps}).Sentence())
	return nil
}

// lookAtWork names what the sweep's trials do.
func (sw *Sweep) lookAtWork(ctx context.Context) (string, error) {
	spec := sw.Spec()
	at := workplace{skip: []string{sw.staging.Folder, filepath.Dir(sw.staging.Folder), sw.staging.BucketFolder}}
	if spec.Task.Container == nil {
		at.folder = sw.server.cluster.WorkDir(spec)
	}
	work, doubts, err := workOf(ctx, spec, at, sw.winner)
	if err != nil {
		return "", usage(err)
	}
	for _, doubt := range doubts {
		sw.notify(Warning, "warning: cache: "+doubt)
	}
	return work.key()
}

// cached is what did the work of a key already, in a sweep of this server. It is called by the loop.
func (s *Server) cached(id, key string) (h scheduler.Hit, ok bool) {
	memo := s.mustHave(id).memo.Load()
	if memo == nil {
		return h, false
	}
	h.From, h.Points, h.End, ok = memo.Find(key)
	return h, ok
}
