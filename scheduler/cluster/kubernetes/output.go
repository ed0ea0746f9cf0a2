package kubernetes

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// outputWait is how long an executor may take to answer; one of a kaon before this never does.
const outputWait = 10 * time.Second

// Output reads what follows an offset of a file that an attempt writes its output to, while its task runs on a node:
// nothing at its end, and an error that wraps fs.ErrNotExist where there is no such file, or no such attempt (any
// more).
func (c *Cluster) Output(
	ctx context.Context, node string, task, attempt cluster.TaskID, name string, offset int64,
) ([]byte, error) {
	x := c.runs(node, task)
	if x == nil || !x.listened.Load() { // or its pod is yet to run
		return nil, fmt.Errorf("output of %s: %w", attempt, fs.ErrNotExist)
	}
	ctx, cancel := context.WithTimeout(ctx, outputWait)
	defer cancel()
	data, err := x.output.read(ctx, cluster.OutputWanted{Attempt: attempt, Name: name, Offset: offset})
	if ctx.Err() != nil && c.runs(node, task) == nil {
		return nil, fmt.Errorf("output of %s: %w", attempt, fs.ErrNotExist)
	}
	return data, err
}

// runs is the container that runs a task; nil: none does.
func (c *Cluster) runs(node string, task cluster.TaskID) *container {
	c.mu.Lock()
	var all []*container
	for _, x := range c.mu.containers {
		if x.node.name == node {
			all = append(all, x)
		}
	}
	c.mu.Unlock()
	for _, x := range all {
		if slices.Contains(x.node.remote.Unfinished(x.id), protocol.TaskID(task)) {
			return x
		}
	}
	return nil
}
