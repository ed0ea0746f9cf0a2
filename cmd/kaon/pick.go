package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// resolve finds a sweep of a server by its id, the beginning of one, or a label; an empty text or @latest is the
// newest.
func resolve(ctx context.Context, from *client.Client, text string) (string, error) {
	id, err := from.Resolve(ctx, text)
	if errors.Is(err, client.ErrAmbiguous) {
		return "", usage(err)
	}
	return id, answered(err)
}

// latest is what the newest sweep may be called.
const latest = "@latest"

// called finds a sweep of results by its id, the beginning of one, or the newest that has a label. A text that none is
// called by stays as it is: whoever reads that sweep says what there are.
func called(ctx context.Context, in bucket.Bucket, text string) (string, error) {
	if _, err := store.ReadSweep(ctx, in, text); !errors.Is(err, bucket.ErrNotExist) {
		return text, nil
	}
	ids, err := store.Sweeps(ctx, in)
	if err != nil || slices.Contains(ids, text) {
		return text, nil // the first that is read says what is wrong
	}
	var all []api.Sweep
	for _, id := range ids {
		one := api.Sweep{ID: id}
		if !strings.HasPrefix(id, text) {
			known, err := store.ReadSweep(ctx, in, id)
			if err != nil {
				continue
			}
			one.Labels, one.Created = known.Labels, known.Created
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b api.Sweep) int { return strings.Compare(b.Created, a.Created) })
	id, err := pick(all, text)
	switch begun := slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(id, text) }); {
	case err != nil && begun:
		return "", usage(err)
	case err != nil:
		return text, nil
	}
	return id, nil
}

// pick is the sweep that a text names among some, the newest first.
func pick(all []api.Sweep, text string) (string, error) { return client.Pick(all, text) }
