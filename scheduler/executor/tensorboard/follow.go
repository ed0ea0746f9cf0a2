package tensorboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results/tfevents"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// Folders are where programs write event files unless they are told otherwise, below where they start: PyTorch, Keras's
// examples, Lightning, and what people name them.
var Folders = []string{"runs", "logs", "lightning_logs", "tb_logs", "tensorboard"}

// Bounds of what is looked at.
const (
	maxFiles   = 256
	maxEntries = 4096 // below a folder, at one poll
	chunk      = 512 << 10
	maxRecord  = 256 << 10 // scalars are far shorter; images, audio and graphs are passed over
)

// Follower reads, poll by poll, what a program appends to its event files.
type Follower struct {
	Folder  *safefile.Dir
	Folders []string // below it; those that are not there are passed over
	// names that the sweep is about: tags that are so named keep them, but those of training see split
	Watched []string
	Emit    func(line []byte)              // a point, as a line of a metrics file has it: {"step": 3, "loss": 0.5}
	Damaged func(name string, where int64) // a file is read no further
	Enough  func(why string)               // of what there is not all is read; told once

	files   map[string]*file
	order   []string // their names, as they were found
	next    int      // of order, the one that the next poll begins with
	buf     []byte
	told    bool // Enough was called
	splits  map[string]*split
	waiting []point // of training, whose names are not known yet
}

// file is an event file that was found.
type file struct {
	offset int64
	folder string
	split  *split // what it is a part of; nil: of none
	came   bool   // with the program's code, and nothing was appended since
	closed bool   // it is damaged
	passed bool   // the last record was passed over
	begun  int64  // the size at which the record at the offset was not whole yet; 0: none was
}

var errEnough = errors.New("more entries than are looked at")

// Poll reads at most about limit bytes of what is new, until ctx ends, and tells whether there is more. What it passes
// over costs nothing of the limit. Files come in turn: the next poll begins behind the one that this poll had to leave.
func (f *Follower) Poll(ctx context.Context, limit int64) (more bool) {
	for _, folder := range f.Folders {
		if _, err := f.Folder.Stat(folder); err == nil {
			f.Find(folder, func(string, *unix.Stat_t) bool { return true })
		}
	}
	for _, name := range f.order { // before any is read: what is read depends on it
		if one := f.files[name]; one.came && f.unread(name) {
			one.came = false
			one.join()
		}
	}
	begin := f.next
	for i := range f.order {
		at := (begin + i) % len(f.order)
		name := f.order[at]
		if limit > 0 && ctx.Err() == nil {
			if limit -= f.read(ctx, name, limit); limit <= 0 {
				f.next = (at + 1) % len(f.order)
			}
		}
		if (limit <= 0 || ctx.Err() != nil) && f.unread(name) {
			return true
		}
	}
	return false
}

// unread tells whether there is more of a file to be read.
func (f *Follower) unread(name string) bool {
	one := f.files[name]
	st, err := f.Folder.Stat(name)
	return err == nil && !one.closed && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Size > one.offset &&
		st.Size != one.begun
}

// enough tells once that not all is read.
func (f *Follower) enough(why string) {
	if !f.told && f.Enough != nil {
		f.told = true
		f.Enough(why)
	}
}

// IsEventFile tells by its name whether a file is one.
func IsEventFile(base string) bool { return strings.Contains(base, "tfevents") }

// Find adds the files of a folder below Folder that are wanted.
func (f *Follower) Find(folder string, wanted func(name string, st *unix.Stat_t) bool) {
	looked := 0
	var found []string
	err := f.Folder.Walk(folder, func(name string, st *unix.Stat_t) error {
		if looked++; looked > maxEntries {
			return errEnough
		}
		if st.Mode&unix.S_IFMT == unix.S_IFREG && IsEventFile(path.Base(name)) && wanted(name, st) &&
			f.files[name] == nil && len(found) <= maxFiles {
			found = append(found, name)
		}
		return nil
	})
	slices.Sort(found) // the names begin with the time
	for _, name := range found {
		f.Add(name)
	}
	if errors.Is(err, errEnough) {
		f.enough(fmt.Sprintf("below %s are more than %d files and folders", folder, maxEntries))
	}
}

// Add has a file below Folder read.
func (f *Follower) Add(name string) {
	if one := f.add(name); one != nil {
		one.join()
	}
}

// add keeps a file that is not known yet; nil: it is, or there are too many.
func (f *Follower) add(name string) *file {
	switch {
	case f.files[name] != nil:
		return nil
	case len(f.files) == maxFiles:
		f.enough(fmt.Sprintf("there are more than %d", maxFiles))
		return nil
	case f.files == nil:
		f.files, f.splits, f.buf = map[string]*file{}, map[string]*split{}, make([]byte, chunk)
	}
	one := &file{folder: path.Dir(name)}
	one.split = f.splitOf(one.folder)
	f.files[name] = one
	f.order = append(f.order, name)
	return one
}

// Skip has what the files have now not read: they came with the program's code.
func (f *Follower) Skip() {
	for _, folder := range f.Folders {
		f.Find(folder, func(name string, st *unix.Stat_t) bool {
			if one := f.add(name); one != nil {
				one.offset, one.came = st.Size, true
			}
			return false
		})
	}
}

// read reads whole records of a file up to the size it has, and answers how many bytes, without those that it passed
// over.
func (f *Follower) read(ctx context.Context, name string, limit int64) int64 {
	one := f.files[name]
	st, err := f.Folder.Stat(name)
	if err != nil || one.closed || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size <= one.offset {
		return 0
	}
	size := st.Size
	in, err := f.Folder.Open(name)
	if err != nil {
		return 0 // it is gone, or none that is read
	}
	defer in.Close()
	var cost int64
	for one.offset < size && cost < limit && ctx.Err() == nil {
		n, passed, err := f.records(in, one, size)
		one.offset += n
		cost += n - passed
		if err != nil {
			one.closed = true
			f.Damaged(name, one.offset)
			break
		}
		if n == 0 {
			one.begun = size // the last record is not whole yet
			break
		}
	}
	return cost
}

// records takes in whole records from the offset on, as many as fit a chunk, and answers how many bytes they are, and
// how many of them it passed over. Behind a record that was passed over there is often another, of which only the head
// is read then.
func (f *Follower) records(in io.ReaderAt, one *file, size int64) (taken, passed int64, err error) {
	most := int64(chunk)
	if one.passed {
		most = tfevents.HeadSize
	}
	n, _ := in.ReadAt(f.buf[:min(most, size-one.offset)], one.offset)
	data := f.buf[:n]
	for len(data) >= tfevents.HeadSize {
		length, err := tfevents.Length(data)
		if err != nil {
			return taken, 0, err
		}
		if length > maxRecord {
			whole := tfevents.HeadSize + int64(length) + tfevents.TailSize
			if length > math.MaxInt32 || one.offset+taken+whole > size {
				return taken, 0, nil // it may come to be
			}
			one.passed = true
			return taken + whole, int64(length), nil
		}
		if one.passed {
			one.passed = false
			return f.records(in, one, size)
		}
		end := tfevents.HeadSize + int(length) + tfevents.TailSize
		if end > len(data) {
			break
		}
		message, err := tfevents.Data(data[tfevents.HeadSize:end])
		if err != nil {
			return taken, 0, err
		}
		if e, ok := tfevents.Parse(message); ok && len(e.Scalars) > 0 {
			f.take(one, e)
		}
		data, taken = data[end:], taken+int64(end)
	}
	return taken, 0, nil
}
