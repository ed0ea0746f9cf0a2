package parse

import (
	"context"
	"hash/maphash"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// Follower reads, poll by poll, what a trial appends to its metrics file, and reads the file again when it
// was written anew: in place, or by another that took its name. Of a file that was written anew, the lines at
// its beginning that are those of before count once. The file may come late, or be no regular file at all,
// which is then never read. It belongs to one goroutine, which holds no lock while it reads.
type Follower struct {
	Folder *safefile.Dir
	Name   string // of the file in it
	Lines  Lines
	offset int64

	file    fileID
	changed syscall.Timespec // when the file was, at the last poll
	bytes   maphash.Hash     // of all before offset
	tail    []byte           // the last of these

	sum      uint64   // of the lines read
	seen     []uint64 // sum after each of the first maxSeen
	before   []uint64 // the same of the file as it was before it was written anew
	matching bool     // all lines so far are those of before
}

// fileID is what two files of one name differ in.
type fileID struct{ device, inode uint64 }

const (
	MaxPoll  = 4 << 20 // bytes that one poll should read
	maxSeen  = 1 << 14 // lines that are known again; more cost memory
	tailSize = 256     // bytes that are compared when a file has grown
)

var lineSeed = maphash.MakeSeed()

// Poll reads at most limit bytes of what is new and gives each whole line to emit, until ctx ends; it tells
// whether there is more.
func (f *Follower) Poll(ctx context.Context, limit int64, emit func([]byte)) (more bool) {
	info, err := f.Folder.Stat(f.Name)
	if err != nil || info.Mode&unix.S_IFMT != unix.S_IFREG || info.Size == f.offset &&
		f.file == (fileID{uint64(info.Dev), info.Ino}) && f.changed == syscall.Timespec(info.Mtim) {
		return false
	}
	more, _ = f.read(ctx, limit, emit)
	return more
}

// read does it; its error is that of opening the file.
func (f *Follower) read(ctx context.Context, limit int64, emit func([]byte)) (more bool, err error) {
	file, err := f.Folder.Open(f.Name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	emit = f.once(emit)
	f.compare(file, emit)
	buf := Buffers.Get().(*[ChunkBytes]byte)
	defer Buffers.Put(buf)
	for limit > 0 && ctx.Err() == nil {
		n, err := file.ReadAt(buf[:min(limit, ChunkBytes)], f.offset)
		_, _ = f.bytes.Write(buf[:n])
		f.Lines.Feed(buf[:n], emit)
		f.offset += int64(n)
		limit -= int64(n)
		f.tail = append(f.tail, buf[max(0, n-tailSize):n]...)
		f.tail = append(f.tail[:0], f.tail[max(0, len(f.tail)-tailSize):]...)
		if err != nil || n == 0 {
			return false, nil
		}
	}
	return true, nil
}

// Finish reads the rest, up to limit bytes, and gives the last line to last if it was not ended.
func (f *Follower) Finish(ctx context.Context, limit int64, emit, last func([]byte)) {
	// The time of a file may stand still between two writes.
	if info, err := f.Folder.Stat(f.Name); err == nil && info.Mode&unix.S_IFMT == unix.S_IFREG {
		more := false
		_ = shortage.Retry(ctx, time.Hour, func() (err error) { // ctx ends sooner
			more, err = f.read(ctx, limit, emit)
			return err
		})
		if more {
			f.Lines.drop() // it goes on
		}
	}
	f.Lines.Flush(f.once(last))
}

// compare begins anew when the file is not the one that was read so far, or not the same.
func (f *Follower) compare(file *os.File, emit func([]byte)) {
	info, err := file.Stat()
	if err != nil {
		return
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	was := f.file
	f.file, f.changed = fileID{uint64(st.Dev), st.Ino}, st.Mtim
	if f.offset == 0 || f.same(file, was == f.file, info.Size()) {
		return
	}
	// A last line without an end was whole if it is JSON, as of programs that write one object and no more.
	f.Lines.Flush(func(line []byte) {
		if Whole(line) {
			emit(line)
		}
	})
	if !f.matching || len(f.seen) > len(f.before) {
		f.before = f.seen
	}
	f.offset, f.sum, f.seen, f.tail, f.matching = 0, 0, nil, nil, true
	f.bytes.Reset()
}

// same tells whether a file begins with what was read. A file that has only grown is believed by its tail;
// else all of it is compared, if it is not very large.
func (f *Follower) same(file *os.File, same bool, size int64) bool {
	if size < f.offset {
		return false
	}
	tail := make([]byte, len(f.tail))
	if _, err := file.ReadAt(tail, f.offset-int64(len(tail))); err != nil || string(tail) != string(f.tail) {
		return false
	}
	if same && (size > f.offset || f.offset > MaxPoll) {
		return true
	}
	var all maphash.Hash
	all.SetSeed(f.bytes.Seed())
	_, err := io.Copy(&all, io.NewSectionReader(file, 0, f.offset))
	return err == nil && all.Sum64() == f.bytes.Sum64()
}

// once passes lines on but those that a file had before it was written anew.
func (f *Follower) once(emit func([]byte)) func([]byte) {
	return func(line []byte) {
		const odd = 0x9e3779b97f4a7c15 // any odd number mixes
		f.sum = (f.sum+maphash.Bytes(lineSeed, line))*odd + 1
		at := len(f.seen)
		if at < maxSeen {
			f.seen = append(f.seen, f.sum)
		}
		if f.matching = f.matching && at < len(f.before) && f.before[at] == f.sum; !f.matching {
			emit(line)
		}
	}
}
