package server

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/server/sandbox"
)

// runningOutput reads what a running attempt writes, through its executor.
type runningOutput struct {
	read func(ctx context.Context, host string, task, attempt cluster.TaskID, name string,
		offset int64) ([]byte, error)
	host          string
	task, attempt cluster.TaskID
}

// Read implements sandbox.Reader.
func (o *runningOutput) Read(ctx context.Context, name string, offset int64) ([]byte, error) {
	if _, ok := cluster.OutputFile(name); !ok {
		return nil, fmt.Errorf("read %q: it is no output: %w", name, fs.ErrNotExist)
	}
	data, err := o.read(ctx, o.host, o.task, o.attempt, name, offset)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// RunningOutput reads what a running attempt writes where this process alone leads to it, as to pods. nil: it does not
// run, or its folder is to be found by others.
func (s *Server) RunningOutput(ctx context.Context, sweep string, trial, attempt int) (sandbox.Reader, error) {
	if s.cluster.output == nil {
		return nil, nil
	}
	alive, err := s.Attempts(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range alive {
		if a.Sweep == sweep && a.Trial == trial && a.Attempt == attempt && !a.Staged {
			own := cluster.NewTaskID(sweep, trial, attempt)
			return &runningOutput{s.cluster.output, a.Host, cmp.Or(cluster.TaskID(a.Task), own), own}, nil
		}
	}
	return nil, nil
}

// ReadOutput reads a piece of what RunningOutput reads, for a command on this machine.
func (s *Server) ReadOutput(
	ctx context.Context, sweep string, trial, attempt int, name string, offset int64,
) ([]byte, error) {
	from, err := s.RunningOutput(ctx, sweep, trial, attempt)
	if err == nil && from == nil {
		err = fmt.Errorf("output of trial %d: %w", trial, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return from.Read(ctx, name, offset)
}
