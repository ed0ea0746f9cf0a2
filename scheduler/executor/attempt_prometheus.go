package executor

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/executor/prometheus"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// textFilePath is where the attempt is to write for Prometheus: the order's path below the folder where it starts.
// Where trials share that folder or a container, one file would be that of all: there it is in the attempt's own.
func (t *attempt) textFilePath() (file string, shared bool) {
	name := t.order.Prometheus
	if name == "" || path.IsAbs(name) && t.order.Alone {
		return name, false
	}
	own, err := filepath.Rel(t.dir, t.folder())
	if !path.IsAbs(name) && (t.order.Alone || err == nil && filepath.IsLocal(own)) {
		return filepath.Join(t.folder(), name), false
	}
	return filepath.Join(t.dir, path.Base(name)), true
}

// withPrometheus tells the trial where to write for Prometheus.
func (t *attempt) withPrometheus(env []string) []string {
	file, _ := t.textFilePath()
	if file == "" {
		return env
	}
	return append(env, "KAON_PROMETHEUS="+file)
}

// followTextFile prepares to read the file that the trial will write for Prometheus; nil: there is to be none. One that
// is there already, in the trial's code or image, is none of it.
func (t *attempt) followTextFile() *textFile {
	file, shared := t.textFilePath()
	if file == "" {
		return nil
	}
	f := &textFile{since: time.Now()}
	if shared {
		if f.shared = t.order.Prometheus; !path.IsAbs(f.shared) {
			f.shared = filepath.Join(t.folder(), f.shared)
		}
	}
	f.follow = prometheus.Follower{
		Watched: append(slices.Clone(t.order.Metrics), t.order.Objective),
		Unread: func(why, what string) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.mu.unread.Add(why, []byte(what), t.hide)
		},
	}
	if below, err := filepath.Rel(t.dir, file); err == nil && filepath.IsLocal(below) {
		f.follow.Folder, f.follow.Name = t.files.Load(), below
	} else {
		if f.root, err = safefile.OpenDir(string(os.PathSeparator)); err != nil {
			t.host.conf.Log.Warn("the file for Prometheus is not read", "task", t.id, "err", err)
			return nil
		}
		absolute, err := filepath.Abs(file)
		if err != nil {
			return nil
		}
		f.follow.Folder, f.follow.Name = f.root, strings.TrimPrefix(absolute, "/")
	}
	f.follow.Skip()
	f.follow.Emit, f.cutShort = t.takeFromFile, t.wasCutShort
	return f
}

func (t *attempt) wasCutShort() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.cutShort
}
