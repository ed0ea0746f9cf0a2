package executor

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/prometheus"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// textFile is the file that a trial writes for Prometheus. It belongs to the goroutine of readMetrics.
type textFile struct {
	follow prometheus.Follower
	root   *safefile.Dir // to be closed; nil: it is the attempt's folder
	shared string        // path that all trials of the folder would write, which is not read; empty: none
	since  time.Time

	cutShort func() bool // its last line may be a part of one
}

// poll implements metricSource.
func (f *textFile) poll(context.Context, int64) (more bool) {
	f.follow.Poll(false)
	return false
}

// finish implements metricSource.
func (f *textFile) finish(context.Context, int64) (left string) {
	f.follow.Poll(!f.cutShort())
	f.miss()
	return ""
}

// every implements metricSource.
func (f *textFile) every() time.Duration { return time.Second }

func (f *textFile) close() {
	if f != nil && f.root != nil {
		f.root.Close()
	}
}

// miss tells of a file in a folder of several trials: whose it is cannot be known.
func (f *textFile) miss() {
	var st unix.Stat_t
	if f.shared != "" && unix.Lstat(f.shared, &st) == nil &&
		!time.Unix(st.Mtim.Unix()).Before(f.since.Truncate(time.Second)) {
		f.follow.Unread(prometheus.ReasonShared, f.shared)
	}
}
