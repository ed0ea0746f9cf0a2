package executor

import (
	"context"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
)

// metricSource is files in which a trial reports metrics: metricsFile, eventFiles, textFile. It gives what it reads to
// the attempt, and belongs to one goroutine, which holds no lock while it reads.
type metricSource interface {
	// poll takes in what is new, at most about limit bytes, until ctx ends; it tells whether there is more.
	poll(ctx context.Context, limit int64) (more bool)
	// finish takes in the rest once the trial's process has ended, and names what was not read to its end; empty: all
	// was.
	finish(ctx context.Context, limit int64) (left string)
	// every is how long nothing is polled after a poll; 0: for Config.Poll.
	every() time.Duration
	close()
}

// metricsFileForPeople is the metrics file, for people.
const metricsFileForPeople = "its metrics file"

// metricsFile is $KAON_METRICS.
type metricsFile struct {
	follow     parse.Follower
	emit, last func(line []byte)
}

func (f *metricsFile) poll(ctx context.Context, limit int64) (more bool) {
	return f.follow.Poll(ctx, limit, f.emit)
}

func (f *metricsFile) finish(ctx context.Context, limit int64) (left string) {
	f.follow.Finish(ctx, limit, f.emit, f.last)
	if ctx.Err() != nil {
		return metricsFileForPeople
	}
	return ""
}

func (f *metricsFile) every() time.Duration { return 0 }
func (f *metricsFile) close()               {} // it is in the attempt's folder
