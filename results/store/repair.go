package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// MoveAside moves an object of a sweep out of the way, under a name that it had not before, and answers that.
// ErrNotExist: it is not there.
func MoveAside(ctx context.Context, b bucket.Bucket, sweep, name, label string) (to string, err error) {
	to = results.DamagedName(sweep, label, name)
	data, err := bucket.ReadObject(ctx, b, name, maxManifest)
	switch {
	case err == nil:
		err = b.Put(ctx, to, bytes.NewReader(data))
	case errors.Is(err, bucket.ErrTooLarge):
		err = copyObject(ctx, b, name, to)
	}
	if err != nil {
		return "", err
	}
	return to, b.Delete(ctx, name)
}

// copyObject puts an object of any size under another name, too.
func copyObject(ctx context.Context, b bucket.Bucket, name, to string) error {
	r, err := b.Get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	return b.Put(ctx, to, r)
}

// Repair moves damaged batches aside and puts others in their places: the first of them has the records, so that
// nothing is missing among the batches any more. It answers where the damaged ones are. What the disk cannot read is
// left to people: it may be read the next time, and is whole then, so that nothing is moved beside it.
func Repair(
	ctx context.Context, b bucket.Bucket, sweep string, damage []Damage, records []results.Record, label string,
) (aside []string, err error) {
	for _, d := range damage {
		if !errors.Is(d.Err, syscall.EIO) {
			continue
		}
		if _, err := bucket.ReadObject(ctx, b, d.Object, maxManifest); err != nil {
			return nil, fmt.Errorf("read %s: %w; move it away by hand and repair again", d.Object, err)
		}
		return nil, fmt.Errorf("%s could not be read (%w), and can be now: repair again", d.Object, d.Err)
	}
	for _, d := range damage {
		if !strings.HasPrefix(d.Object, results.RecordsPrefix(sweep)) || errors.Is(d.Err, ErrMissing) {
			continue
		}
		to, err := MoveAside(ctx, b, sweep, d.Object, label)
		if err != nil {
			return aside, fmt.Errorf("move %s aside: %w; move it away by hand and repair again", d.Object, err)
		}
		aside = append(aside, to)
	}
	free, err := freeNumbers(ctx, b, sweep)
	if err != nil {
		return aside, err
	}
	p := NewPacker()
	put := func(n uint64) error {
		return b.Put(ctx, results.BatchName(sweep, n, "mended"), bytes.NewReader(p.Pack()))
	}
	next := func() (n uint64) {
		n = free[0]
		if free = free[1:]; len(free) == 0 {
			free = []uint64{n + 1}
		}
		return n
	}
	gaps := len(free) - 1 // the last is behind all
	for _, r := range records {
		err := p.Add(r)
		if errors.Is(err, ErrTooLarge) && p.Len() > 0 {
			if err := put(next()); err != nil {
				return aside, err
			}
			gaps--
			err = p.Add(r)
		}
		if err != nil {
			return aside, err
		}
	}
	for ; gaps > 0 || p.Len() > 0; gaps-- {
		if err := put(next()); err != nil {
			return aside, err
		}
	}
	return aside, nil
}

// mostGaps bounds the numbers that are filled in; a file that was given a number far off makes more.
const mostGaps = 10_000

// freeNumbers are the numbers that no batch has, in order: the gaps, and the one behind all.
func freeNumbers(ctx context.Context, b bucket.Bucket, sweep string) (free []uint64, err error) {
	names, _, err := batches(ctx, b, sweep)
	if err != nil {
		return nil, err
	}
	next := uint64(0)
	for _, name := range names {
		n, _ := results.BatchNumber(sweep, name)
		if n > next+mostGaps {
			return nil, fmt.Errorf("%s has a number far from the others: move it away by hand", name)
		}
		for ; next < n; next++ {
			free = append(free, next)
		}
		next = n + 1
	}
	return append(free, next), nil
}
