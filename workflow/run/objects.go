package run

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/open"
)

// objectPatience bounds one listing or reading of a bucket: the run waits for it.
const objectPatience = 15 * time.Second

// maxLines bounds what a function of expressions reads.
const (
	maxLines = 100_000
	maxBytes = 64 << 20
)

// readObjects answers for what a function of expressions asks a bucket of S3: names that a pattern matches, or the
// lines of an object.
func readObjects(ctx context.Context, function, address string) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, objectPatience)
	defer cancel()
	name, key, ok := strings.Cut(strings.TrimPrefix(address, "s3://"), "/")
	if !ok || name == "" || key == "" {
		return nil, fmt.Errorf("it names no object: write s3://bucket/key")
	}
	in, err := open.Bucket(ctx, "s3://"+name, nil)
	if err != nil {
		return nil, err
	}
	if function == "lines" {
		return objectLines(ctx, in, key)
	}
	return matching(ctx, in, "s3://"+name+"/", key)
}

// matching are the addresses of objects that a pattern matches, as files of a folder are by theirs: * and ? stop at a
// slash.
func matching(ctx context.Context, in bucket.Bucket, before, pattern string) ([]any, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	items := []any{}
	for object, err := range in.List(ctx, literal(pattern)) {
		if err != nil {
			return nil, err
		}
		if matched, _ := path.Match(pattern, object.Name); matched {
			items = append(items, before+object.Name)
		}
		if len(items) > maxLines {
			break
		}
	}
	return items, nil
}

func objectLines(ctx context.Context, in bucket.Bucket, key string) ([]any, error) {
	r, err := in.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return linesOf(r)
}

// linesOf are the lines of a text that are not empty: all, or more than there may be.
func linesOf(r io.Reader) ([]any, error) {
	items := []any{}
	in := &io.LimitedReader{R: r, N: maxBytes + 1}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxBytes)
	for lines.Scan() && len(items) <= maxLines {
		if line := strings.TrimRight(lines.Text(), "\r"); line != "" {
			items = append(items, line)
		}
	}
	if in.N == 0 && len(items) <= maxLines {
		return nil, fmt.Errorf("it is larger than %d bytes", maxBytes)
	}
	return items, lines.Err()
}
