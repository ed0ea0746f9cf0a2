package disk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// Use is an attempt's use of the disk. A nil Use is of none.
type Use struct {
	watch *Watch

	// Guarded by the watch's lock.
	lacked  string // while it ran
	reserve bool   // it may use what is kept for the administrator
}

// RunsAs notes the user of the attempt's process: what a file system keeps for the administrator is no room for
// another.
func (u *Use) RunsAs(uid int) {
	if u == nil {
		return
	}
	u.watch.mu.Lock()
	defer u.watch.mu.Unlock()
	u.reserve = uid == 0
}

// End ends the attempt's use.
func (u *Use) End() {
	if u == nil {
		return
	}
	u.watch.mu.Lock()
	defer u.watch.mu.Unlock()
	delete(u.watch.mu.uses, u)
}

// Saw takes in how a write to the attempt's folder ended that was not the trial's own.
func (u *Use) Saw(err error) {
	lacked := Fault(err)
	if u == nil || lacked == "" {
		return
	}
	u.watch.mu.Lock()
	defer u.watch.mu.Unlock()
	u.lacked = lacked
}

// Lacked names what the file system lacked at some moment of the attempt; empty: nothing that was seen.
func (u *Use) Lacked() string {
	if u == nil {
		return ""
	}
	u.watch.mu.Lock()
	defer u.watch.mu.Unlock()
	return u.lacked
}

// Verdict says what the disk has to do with the failure of an attempt.
type Verdict struct {
	Lacked string // what the file system had none left of while it ran; empty: the disk is not to blame
	Filled string // how much of it the attempt itself held, and may hold, for people; empty: others took it
}

// Judge judges an attempt that has not succeeded, by its folder and the bytes of disk that it asked for (0: none). What
// the file system lacked is taken from what was seen while it ran, and from a look, and where probe is set a write,
// now.
//
// The attempt itself is to blame when it holds more than it asked for, or has asked for nothing and holds more than
// half of the whole file system; where inodes lack, also when it holds more than half of them, or as many as are
// counted. And so it is when it holds many folders that lie too deep in each other to be counted, for any amount may
// lie there. Else others are, or the machine. What it writes elsewhere than to its folder, and what it has removed, is
// not seen: who relies on this must bound how often others are to blame.
func (u *Use) Judge(folder *safefile.Dir, asked int64, probe bool) (v Verdict) {
	if u == nil {
		return v
	}
	size, inodes := u.watch.sample()
	if probe && u.Lacked() == "" {
		u.watch.Probe(folder)
	}
	if v.Lacked = u.Lacked(); v.Lacked == "" {
		return v
	}
	v.Filled = filled(v.Lacked, asked, total{bytes: size, inodes: inodes}, usage(folder))
	return v
}

// total is what there is of a file system, or what is held of it.
type total struct {
	bytes, inodes int64
	deep          bool // there is more, so deep that it was not counted
}

// filled says how an attempt that asked for bytes of disk filled the disk by what it held; empty: it did not. More than
// mostCounted inodes are not counted, so that who holds as many has used them up, however many there are.
// Nor is all counted that lies very deep: who holds that may hold any amount there.
func filled(lacked string, asked int64, disk, held total) string {
	switch {
	case lacked == Writable || lacked == Working: // however much it wrote
	case asked > 0 && held.bytes > asked:
		has, most := archive.Sizes(held.bytes, asked)
		return fmt.Sprintf("it held %s of disk and asked for %s (task.resources.disk)", has, most)
	case asked == 0 && disk.bytes > 0 && held.bytes > disk.bytes/2:
		return fmt.Sprintf("it held %s of the %s of the disk and asked for none (task.resources.disk)",
			archive.Size(held.bytes), archive.Size(disk.bytes))
	case lacked == Inodes && disk.inodes > 0 && held.inodes >= mostCounted:
		return fmt.Sprintf("it made %d files or more of the %d that the disk has room for", held.inodes, disk.inodes)
	case lacked == Inodes && disk.inodes > 0 && held.inodes > disk.inodes/2:
		return fmt.Sprintf("it made %d of the %d files that the disk has room for", held.inodes, disk.inodes)
	case held.deep:
		return fmt.Sprintf("it held %s of disk and more, in many folders that lie too deep in each other to be counted",
			archive.Size(held.bytes))
	}
	return ""
}

// The longest that an attempt's files are counted, in inodes and time.
const (
	mostCounted = 1_000_000
	mostCount   = 10 * time.Second
)

var errEnough = errors.New("enough")

// usage is what a folder takes of its file system, or a part of it if it has very many files. Of a file with several
// names each takes its share.
func usage(folder *safefile.Dir) total {
	ctx, cancel := context.WithTimeout(context.Background(), mostCount)
	defer cancel()
	var bytes int64
	var inodes float64
	// An error ends it with what was counted.
	err := folder.Visit(func(st *unix.Stat_t) error {
		names := int64(1)
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			names = max(int64(st.Nlink), 1)
		}
		bytes += st.Blocks * 512 / names
		if inodes += 1 / float64(names); inodes >= mostCounted || ctx.Err() != nil {
			return errEnough
		}
		return nil
	})
	return total{bytes, int64(inodes), errors.Is(err, safefile.ErrDeep)}
}
