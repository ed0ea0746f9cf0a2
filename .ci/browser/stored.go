package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

const storedID = "stored-000000"

// store writes a sweep of very many trials into the results, as if it had run: 500 at once, each for some minutes.
func (p place) store(ctx context.Context, trials int) error {
	to, err := dir.Open(filepath.Join(p.folder, "kaon-results"))
	if err != nil {
		return err
	}
	spec := strings.ReplaceAll(manyFile, "TRIALS", fmt.Sprint(trials))
	if err := to.Put(ctx, results.ObjectName(storedID, results.SpecFile), strings.NewReader(spec)); err != nil {
		return err
	}
	dice, packer, batch := rand.New(rand.NewPCG(1, 1)), store.NewPacker(), uint64(0)
	begin := time.Now().Add(-100 * time.Hour).UTC()
	known := store.Sweep{
		Version: 1, ID: storedID, Name: "many", State: string(sweep.PhaseSucceeded), Method: "random", Seed: 1,
		Trials: trials, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize},
		Created: begin.Format(time.RFC3339), Sentence: "all trials ended",
	}
	reduced := board.New(known.Config())
	flush := func() error {
		err := to.Put(ctx, results.BatchName(storedID, batch, ""), bytes.NewReader(packer.Pack()))
		batch++
		packer = store.NewPacker()
		return err
	}
	var last time.Time
	for i := range trials {
		a, b, c, d := dice.Float64(), math.Pow(10, -5*dice.Float64()), []string{"x", "y", "z"}[dice.IntN(3)],
			1+dice.IntN(100)
		params, err := json.Marshal(map[string]any{"a": a, "b": b, "c": c, "d": d})
		if err != nil {
			return err
		}
		from := begin.Add(time.Duration(i/500)*2*time.Minute + time.Duration(dice.Int64N(int64(time.Minute))))
		over := from.Add(time.Minute + time.Duration(dice.Int64N(int64(time.Minute))))
		if over.After(last) {
			last = over
		}
		end := results.End{
			State: sweep.AttemptSucceeded, Final: true, Points: 3,
			Agent: fmt.Sprintf("node-%03d.cluster.example", i%250), Seed: dice.Uint64(), Params: params,
			Sandbox: fmt.Sprintf("/var/lib/mesos/slaves/20261130-%04d/executors/kaon-%d/runs/latest", i%250, i),
			StartMs: from.UnixMilli(), EndMs: over.UnixMilli(),
		}
		if dice.IntN(50) == 0 {
			end.State, end.Exit, end.Reason, end.Stderr = sweep.AttemptFailed, 1, "exit code 1",
				[]string{"RuntimeError: loss is not finite"}
		}
		r := results.Record{Sweep: storedID, Trial: i, End: &end}
		loss := (a-0.3)*(a-0.3) + b/float64(d) + 0.01*dice.NormFloat64()
		for step := range 3 {
			r.Points = append(r.Points, results.Point{Step: int64(step),
				Metrics: map[string]float64{"loss": loss + 1/float64(step+1) - 1.0/3}})
		}
		if err := errors.Join(reduced.Fold(r), packer.Add(r)); err != nil {
			return err
		}
		if packer.Len() > 4<<20 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	known.Finished = last.Format(time.RFC3339)
	return errors.Join(store.WriteBoard(ctx, to, reduced.Summary()), store.WriteSweep(ctx, to, known))
}

// answers measures what the pages of the stored sweep ask for: the first time its records are read, the others they are
// there.
func (w *walk) answers(context.Context) error {
	if w.stored == 0 {
		return nil
	}
	s := "/v1/sweeps/" + storedID
	for _, path := range []string{
		s, s + "/columns?most=2000&digits=7", s + "/columns?most=2000&digits=7", s + "/columns?digits=7", s + "/curves",
		s + "/failures", s + "/series", s + "/board", s + "/importance",
		s + "/trials?limit=100", s + "/trials?limit=100&sort=value", s + "/trials?limit=100&sort=loss&desc=true",
		s + "/trials?limit=100&sort=params.a", s + "/trials?limit=100&sort=params.a",
	} {
		var took struct {
			Ms    float64
			Bytes int
			OK    bool
		}
		err := w.eval(fmt.Sprintf(`(async () => { const begun = performance.now(), r = await fetch(%q, { cache: "no-store" }), text = await r.text(); return { Ms: performance.now() - begun, Bytes: text.length, OK: r.ok }; })()`, path), &took)
		if err != nil {
			return err
		}
		if !took.OK {
			w.wrongly("%s is refused", path)
		}
		fmt.Printf("%d trials %-52s %6.0f ms, %d kB\n", w.stored, strings.TrimPrefix(path, s), took.Ms, took.Bytes/1000)
	}
	for _, path := range []string{"", "/parameters", "/trials", "/trials?sort=value"} {
		begun := time.Now()
		took, err := w.visit("/sweeps/" + storedID + path)
		if err != nil {
			return err
		}
		fmt.Printf("%d trials%-20s first seen after %4d ms, all after %4d ms\n", w.stored, path, took.Milliseconds(),
			time.Since(begun).Milliseconds())
		if err := w.keep("stored" + strings.NewReplacer("/", "-", "?", "-").Replace(path)); err != nil {
			return err
		}
	}
	return nil
}
