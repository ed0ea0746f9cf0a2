package executor

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
	"github.com/kaon-sweep/kaon/scheduler/executor/tensorboard"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/sweep"
)

// followEvents prepares to read the event files that the trial will write; nil: they are not to be read. Those that are
// there already, in the trial's code or image, are none of it.
func (t *attempt) followEvents() *eventFiles {
	if t.order.Events == sweep.NoEvents {
		return nil
	}
	folders := tensorboard.Folders
	if t.order.Events != "" {
		folders = []string{t.order.Events}
	}
	e := &eventFiles{since: time.Now(), leader: t.leader}
	e.follow = tensorboard.Follower{
		Emit: t.takeFromFile, Damaged: t.eventsDamaged, Enough: t.eventsEnough,
		Watched: append(slices.Clone(t.order.Metrics), t.order.Objective),
	}
	if below, err := filepath.Rel(t.dir, t.folder()); err == nil && filepath.IsLocal(below) && !path.IsAbs(folders[0]) {
		e.follow.Folder, e.follow.Folders = t.files.Load(), fromRoot(below, folders)
		if t.order.Code != nil {
			e.follow.Skip()
		}
		return e
	}
	from, err := filepath.Abs(t.folder())
	if err == nil {
		e.root, err = safefile.OpenDir(string(os.PathSeparator))
	}
	if err != nil {
		t.host.conf.Log.Warn("event files of TensorBoard are not read", "task", t.id, "err", err)
		return nil
	}
	e.follow.Folder = e.root
	folders = fromRoot(strings.TrimPrefix(from, "/"), folders)
	if !t.order.Alone {
		e.shared = folders
		return e
	}
	e.follow.Folders = folders
	e.follow.Skip()
	return e
}

// fromRoot is folders as they are named from a root, in which relative ones are below another.
func fromRoot(below string, folders []string) (all []string) {
	for _, f := range folders {
		if path.IsAbs(f) {
			all = append(all, strings.TrimPrefix(path.Clean(f), "/"))
			continue
		}
		all = append(all, path.Join(filepath.ToSlash(below), f))
	}
	return all
}

// eventsEnough tells that there are more files than are looked at.
func (t *attempt) eventsEnough(why string) {
	t.host.conf.Log.Warn("not all event files of TensorBoard are read", "task", t.id, "why", why)
}

// eventsDamaged tells of a file that is read no further.
func (t *attempt) eventsDamaged(name string, where int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.unread.Add(parse.ReasonEvents, []byte(name), t.hide)
	t.host.conf.Log.Warn("an event file of TensorBoard is damaged", "task", t.id, "file", name, "byte", where)
}

// leader is the trial's first process, also when it has ended, and whether it runs; 0: it has not started.
func (t *attempt) leader() (pid int, runs bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.leader, t.mu.process != nil
}
