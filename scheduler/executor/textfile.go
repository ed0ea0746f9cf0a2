package executor

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/prometheus"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// textFileInterval is how often it is looked at.
const textFileInterval = time.Second

// textFile is the file that a trial writes for Prometheus. It belongs to the goroutine of readMetrics.
type textFile struct {
	follow prometheus.Follower
	root   *safefile.Dir // to be closed; nil: it is the attempt's folder
	shared string        // path that all trials of the folder would write, which is not read; empty: none
	since  time.Time
	looked time.Time
}

func (f *textFile) close() {
	if f != nil && f.root != nil {
		f.root.Close()
	}
}

// miss tells of a file in a folder of several trials: whose it is cannot be known.
func (f *textFile) miss() {
	var st unix.Stat_t
	if f.shared != "" && unix.Lstat(f.shared, &st) == nil && !time.Unix(st.Mtim.Unix()).Before(f.since.Truncate(time.Second)) {
		f.follow.Unread(prometheus.ReasonShared, f.shared)
	}
}
