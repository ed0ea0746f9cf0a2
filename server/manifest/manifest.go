package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// Of is sweep.json of a sweep that has begun.
func Of(
	id string, spec *sweep.Spec, created time.Time, cluster string, step *board.Step,
) store.Sweep {
	return store.Sweep{
		ID: id, Name: spec.Title(), State: string(sweep.PhaseActive), Method: spec.Method, Seed: spec.Seed,
		SpecHash: SpecHash(spec.Source), Trials: spec.Trials, Objective: spec.Objective, Metrics: spec.Metrics,
		Repeat:  spec.Repeat,
		Created: created.UTC().Format(time.RFC3339Nano), Cluster: mesos.Redact(cluster), Then: step,
		File: spec.File, Overrides: Overrides(spec.Overrides).Redacted(spec), Provenance: effective(spec),
		Queue: spec.Queue, Priority: spec.Priority,
		Prunes: spec.Artifacts.Top != 0,
	}
}

// SpecHash is the SHA-256 of a spec's text.
func SpecHash(source []byte) string {
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:])
}

// Extend writes into sweep.json what a sweep has become.
func Extend(known *store.Sweep, spec *sweep.Spec, extended []journal.Extension) {
	known.Trials, known.Method, known.Prunes, known.Extensions = spec.Trials, spec.Method, spec.Artifacts.Top != 0, nil
	for _, x := range extended {
		known.Extensions = append(known.Extensions, store.Extension{
			From: x.From, Set: Overrides(x.Overrides).Redacted(spec), At: x.At.UTC().Format(time.RFC3339Nano),
		})
	}
	p := effective(spec)
	known.Effective, known.EffectiveHash = p.Effective, p.EffectiveHash
}

// mostEffective bounds the effective spec in sweep.json, which every command reads.
const mostEffective = 1 << 20

// effective is the part of a sweep's provenance that its spec alone gives.
func effective(spec *sweep.Spec) (p store.Provenance) {
	if spec.Effective == nil {
		return p
	}
	text := withoutEnv(spec.Effective)
	for _, value := range secretsOf(spec) {
		inner := quoted(value)
		text = bytes.ReplaceAll(text, inner[1:len(inner)-1], []byte(hidden))
	}
	sum := sha256.Sum256(text)
	p.EffectiveHash = hex.EncodeToString(sum[:])
	if len(text) <= mostEffective {
		p.Effective = text
	}
	return p
}
